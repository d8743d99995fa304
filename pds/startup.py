"""What a node's processes check before they serve: schema, keyring, journal, clock, and that the data are allowed."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from consent.policy.loader import shipped_policy
from pds.node import Node
from pds.settings import NodeSettings
from trust.errors import N_, ManabiError
from trust.keyring import FileKeyring
from web.clock import system_clock
from web.database import Database
from web.migrate import check_schema

PACKAGES = ("web", "pds")
_CLOCK_TOLERANCE = timedelta(seconds=30)


class ClockOff(ManabiError):
    """The machine's clock and the database's disagree; ages, expiries and the log would be wrong."""

    code = "startup.clock_off"
    status = 503
    title = N_("This machine's clock and the database's are %(seconds)s seconds apart.")
    remedy = N_("Set both by the same time service, then start again.")


class EmbeddedRefused(ManabiError):
    """The embedded PostgreSQL is for made-up data only."""

    code = "startup.embedded_refused"
    status = 503
    title = N_("The embedded database is for the demo and must not hold real children's records.")
    remedy = N_("Give MANABI_DATABASE_URL of a PostgreSQL server that is run and backed up for this purpose.")


def open_node(settings: NodeSettings, url: str) -> Node:
    """Check the surroundings and return a node that acts in the role of `url`.

    Raises `SchemaOutdated`, `ClockOff`, `EmbeddedRefused`, `KeyringRefused`, `KeyringRolledBack` or `JournalBroken`.
    """
    check_schema(url, PACKAGES)
    database = Database(url, pool_size=settings.pool)
    with database.session() as session:
        there: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        embedded = session.execute(text("SELECT current_setting('manabi.embedded', true)")).scalar()
    apart = abs(there - datetime.now(UTC))
    if apart > _CLOCK_TOLERANCE:
        raise ClockOff(seconds=int(apart.total_seconds()))
    if embedded == "on" and not settings.synthetic:
        raise EmbeddedRefused
    keyring = FileKeyring.open(settings.keyring, settings.node_id)
    keyring.journal.verify()
    return Node(settings, database, keyring, shipped_policy(), system_clock)
