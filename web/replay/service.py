"""Remembering what was presented once, across processes: the answer is the database's, and only one asker gets yes."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from web.database import Database

_REMEMBER = text(
    "INSERT INTO replay (issuer, jti, expires_at) VALUES (:issuer, :jti, :expires_at) ON CONFLICT DO NOTHING"
)
_SWEEP = text("DELETE FROM replay WHERE expires_at <= :now")


def remember(database: Database, issuer: str, jti: str, expires_at: datetime) -> bool:
    """Note that a token was presented; False if it was before. Durable when this returns, whatever happens next.

    `issuer` is who the `jti` is unique for: a client, or the thumbprint of a key. From `expires_at` on the token must
    be refused by its age, because then its row may be swept. It works in a transaction of its own, on a connection of
    its own: ask before opening the session of the request, or two requests may wait for each other's connection.
    """
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        values = {"issuer": issuer, "jti": jti, "expires_at": expires_at}
        return connection.execute(_REMEMBER, values).rowcount == 1


def sweep(session: Session, now: datetime) -> int:
    """Remove what has expired and return how much it was; for the role of background work."""
    return session.connection().execute(_SWEEP, {"now": now}).rowcount
