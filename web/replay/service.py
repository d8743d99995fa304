"""Remembering what was presented once, across processes: the answer is the database's, and only one asker gets yes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from web.database import Database

_REMEMBER = text(
    "INSERT INTO replay (issuer, jti, expires_at) "
    "SELECT * FROM unnest(CAST(:issuers AS text[]), CAST(:jtis AS text[]), CAST(:instants AS timestamptz[])) "
    "ON CONFLICT DO NOTHING RETURNING issuer, jti"
)
_SWEEP = text("DELETE FROM replay WHERE expires_at <= :now")


@dataclass(frozen=True, slots=True)
class Used:
    """A token that was presented: who its `jti` is unique for, the `jti`, and until when it must be remembered."""

    issuer: str
    jti: str
    expires_at: datetime


def remember(database: Database, issuer: str, jti: str, expires_at: datetime) -> bool:
    """Note that a token was presented; False if it was before. Durable when this returns, whatever happens next.

    `issuer` is who the `jti` is unique for: a client, or the thumbprint of a key. From `expires_at` on the token must
    be refused by its age, because then its row may be swept. It works in a transaction of its own, on a connection of
    its own: ask before opening the session of the request, or two requests may wait for each other's connection.
    """
    return not remember_all(database, [Used(issuer, jti, expires_at)])


def remember_all(database: Database, used: Sequence[Used]) -> tuple[Used, ...]:
    """Note several tokens of one request in one round trip, and return those that were presented before.

    All of them count as presented from now on, whichever was refused. They are written in one order by everybody, so
    that two requests never wait for each other. See `remember`.
    """
    in_order = sorted(set(used), key=lambda one: (one.issuer, one.jti))
    values = {
        "issuers": [one.issuer for one in in_order],
        "jtis": [one.jti for one in in_order],
        "instants": [one.expires_at for one in in_order],
    }
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        new = {(row.issuer, row.jti) for row in connection.execute(_REMEMBER, values)}
    return tuple(one for one in in_order if (one.issuer, one.jti) not in new)


def sweep(session: Session, now: datetime) -> int:
    """Remove what has expired and return how much it was; for the role of background work."""
    return session.connection().execute(_SWEEP, {"now": now}).rowcount
