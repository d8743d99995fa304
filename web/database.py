"""PostgreSQL for every service: declarative base, sessions, and the context that row-level security reads."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData, Text, Uuid, create_engine, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

_BIND_CONTEXT = text("SELECT set_config('app.learners', :learners, true), set_config('app.person', :person, true)")


class Base(DeclarativeBase):
    """Declarative base of all tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 — the ORM reads this class attribute
        str: Text(),
        int: BigInteger(),
        bytes: LargeBinary(),
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
    }


class Database:
    """One role's way into one database. The caller owns the transaction: leaving without commit rolls back."""

    def __init__(self, url: str, *, pool_size: int = 4) -> None:
        # Errors name the statement, never its values: a log must not hold what a record or a name says.
        self.engine = create_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=10, hide_parameters=True)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session; whatever was not committed is rolled back."""
        with self._sessions() as session:
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def bind_context(session: Session, *, learners: Sequence[UUID] = (), person: UUID | None = None) -> None:
    """Tell row-level security which learners this transaction is about, and who asks.

    It guards against a forgotten filter: rows of learners not named here do not exist for the application role.
    It does not decide anything; that is `consent.decision`. The setting ends with the transaction.
    """
    session.execute(
        _BIND_CONTEXT,
        {"learners": ",".join(str(learner) for learner in learners), "person": str(person) if person else ""},
    )
