"""Access and refresh tokens: opaque, kept as SHA-256 alone, bound to client, key and one grant or dossier.

A token says nothing and decides nothing. It leads to a basis, and whoever is shown it judges that basis as it stands.
The tokens of one redemption are a family; ending the refresh token ends all of them.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, delete, text, update
from sqlalchemy.orm import Session

from pds.authorization.models import OauthToken
from pds.sharing.parties import Basis, BasisKind

ACCESS_LIFETIME: Final = timedelta(minutes=5)
LONGEST: Final = 256
"""Characters of a token that is looked up at all."""

_RANDOM_BYTES: Final = 32
_KEEP: Final = text(
    "INSERT INTO oauth_token (token_hash, kind, client_id, jkt, learner_id, basis, basis_id, family, details, "
    "issued_at, expires_at) VALUES (:token_hash, :kind, :client_id, :jkt, :learner_id, :basis, :basis_id, :family, "
    "CAST(:details AS jsonb), :issued_at, :expires_at)"
)
_COLUMNS: Final = (
    "token_hash, kind, client_id, jkt, learner_id, basis, basis_id, family, details, issued_at, expires_at, revoked_at"
)
_FIND: Final = text(f"SELECT {_COLUMNS} FROM oauth_token WHERE token_hash = :token_hash")  # noqa: S608 — constants
_FIND_AND_BIND: Final = text(
    f"SELECT {_COLUMNS}, set_config('app.learners', learner_id::text, true), "  # noqa: S608 — constants
    "set_config('app.person', '', true), set_config('synchronous_commit', 'off', true) "
    "FROM oauth_token WHERE token_hash = :token_hash"
)


class TokenKind(StrEnum):
    """What a token is for."""

    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Binding:
    """What a token is bound to: its client, the thumbprint of its key, and whose grant or dossier it rests on."""

    client_id: str
    jkt: str
    basis: Basis
    family: UUID
    details: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept."""

    hash: bytes
    kind: TokenKind
    binding: Binding
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def stands(self, now: datetime) -> bool:
        """Whether it is neither over nor revoked. Its basis is judged apart."""
        return self.revoked_at is None and now < self.expires_at


def make_token() -> str:
    """Return a token of 256 random bits."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def keep(
    session: Session, token: str, kind: TokenKind, binding: Binding, *, now: datetime, expires_at: datetime
) -> None:
    """Remember a token that is about to be handed out, by its hash."""
    basis = binding.basis
    session.connection().execute(
        _KEEP,
        {
            "token_hash": _hash(token), "kind": kind.value, "client_id": binding.client_id, "jkt": binding.jkt,
            "learner_id": basis.learner, "basis": basis.kind.value, "basis_id": basis.id, "family": binding.family,
            "details": json.dumps({"list": list(binding.details)}), "issued_at": now, "expires_at": expires_at,
        },
    )  # fmt: skip


def find(session: Session, token: str) -> Token | None:
    """Return a token as it is kept, standing or not; None for one that never was."""
    return _find(session, _FIND, token)


def find_to_refresh(session: Session, token: str) -> Token | None:
    """Return a token as `find` does, and in the same statement bind the transaction to its learner.

    The commit of this transaction does not wait for the disk. It may write an access token and nothing else: a client
    whose access token is lost in a power failure asks for another.
    """
    return _find(session, _FIND_AND_BIND, token)


def _find(session: Session, statement: TextClause, token: str) -> Token | None:
    if not 0 < len(token) <= LONGEST:
        return None
    row = session.connection().execute(statement, {"token_hash": _hash(token)}).first()
    if row is None:
        return None
    basis = Basis(BasisKind(row.basis), row.learner_id, row.basis_id)
    binding = Binding(row.client_id, row.jkt, basis, row.family, row.details["list"])
    return Token(bytes(row.token_hash), TokenKind(row.kind), binding, row.issued_at, row.expires_at, row.revoked_at)


def revoke(session: Session, token: Token, *, now: datetime) -> None:
    """End a token; with a refresh token its whole family. The grant stays."""
    which = (
        OauthToken.family == token.binding.family
        if token.kind is TokenKind.REFRESH
        else OauthToken.token_hash == token.hash
    )
    session.execute(update(OauthToken).where(which, OauthToken.revoked_at.is_(None)).values(revoked_at=now))


def replace_family(session: Session, family: UUID, *, jkt: str, now: datetime) -> bool:
    """End the standing tokens of a family for a new delivery; False if none stands under this key."""
    ended = session.execute(
        update(OauthToken)
        .where(
            OauthToken.family == family,
            OauthToken.kind == TokenKind.REFRESH.value,
            OauthToken.jkt == jkt,
            OauthToken.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(OauthToken.token_hash)
    ).all()
    if not ended:
        return False
    session.execute(
        update(OauthToken).where(OauthToken.family == family, OauthToken.revoked_at.is_(None)).values(revoked_at=now)
    )
    return True


def sweep(session: Session, *, now: datetime, keep_for: timedelta = timedelta(days=1)) -> int:
    """Remove tokens that have been over for a while; needs the role of background work. Return how many went."""
    gone = session.execute(
        delete(OauthToken).where(OauthToken.expires_at < now - keep_for).returning(OauthToken.token_hash)
    )
    return len(gone.all())


def _hash(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
