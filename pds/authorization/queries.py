"""What tokens rest on, read in sharing's tables: whether a grant or a dossier still stands, and whose it is.

Only good for issuing and describing tokens. Whether anything may be read is judged again, under its lock, with every
page that is pulled.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from consent.vocabulary import GrantState
from pds.node import Node
from pds.sharing.parties import DossierState
from web.database import bind_context

_GRANT: Final = text(
    "SELECT state, until, terms FROM share_grant "
    "WHERE learner_id = :learner AND grant_id = :grant AND client_id = :client"
)
_LEARNER_OF_DOSSIER: Final = text("SELECT learner_of_dossier(:dossier, :client)")
_DOSSIER: Final = text(
    "SELECT state FROM share_dossier WHERE learner_id = :learner AND dossier_id = :dossier AND client_id = :client"
)
_OVER: Final = frozenset({GrantState.REVOKED, GrantState.EXPIRED, GrantState.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class StandingGrant:
    """A grant that is not over, though it may be paused, and its terms as they are now, in their wire form."""

    terms: dict[str, Any]
    until: datetime


def standing_grant(
    session: Session, node: Node, learner: UUID, grant_id: UUID, client_id: str, *, now: datetime, bound: bool = False
) -> StandingGrant | None:
    """Return a client's grant unless it is over. A pause ends no token: it comes back, and meanwhile opens nothing.

    What the journal says was withdrawn is over, whatever the row says. `bound`: the transaction is already bound to
    the learner.
    """
    if node.keyring.journal.is_revoked(grant_id):
        return None
    if not bound:
        bind_context(session, learners=[learner])
    row = session.connection().execute(_GRANT, {"learner": learner, "grant": grant_id, "client": client_id}).first()
    if row is None or row.state in _OVER or row.until <= now:
        return None
    return StandingGrant(row.terms, row.until)


def learner_of_dossier(session: Session, dossier: UUID, client_id: str) -> UUID | None:
    """Return whose dossier it is, if it was made for this client and may be fetched."""
    learner: UUID | None = session.execute(_LEARNER_OF_DOSSIER, {"dossier": dossier, "client": client_id}).scalar()
    if learner is None or not dossier_stands(session, learner, dossier, client_id):
        return None
    return learner


def dossier_stands(session: Session, learner: UUID, dossier: UUID, client_id: str) -> bool:
    """Whether a dossier was announced to this client and not called back."""
    bind_context(session, learners=[learner])
    state = session.execute(_DOSSIER, {"learner": learner, "dossier": dossier, "client": client_id}).scalar()
    return state == DossierState.READY
