"""What a server's processes check before they serve: schema, keyring, journal, clock, and that the data are allowed."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from aggregator.server import Aggregator
from aggregator.settings import AggregatorSettings
from trust.errors import N_, ManabiError
from trust.keyring import FileKeyring
from web.clock import system_clock
from web.database import Database
from web.migrate import check_schema

PACKAGES = ("web", "aggregator")
_CLOCK_TOLERANCE = timedelta(seconds=30)


class CountClockOff(ManabiError):
    """The machine's clock and the database's disagree; the ledger and the schedule would be wrong."""

    code = "startup.count_clock_off"
    status = 503
    title = N_("This machine's clock and the database's are %(seconds)s seconds apart.")
    remedy = N_("Set both by the same time service, then start again.")


class CountEmbeddedRefused(ManabiError):
    """The embedded PostgreSQL is for made-up data only."""

    code = "startup.count_embedded_refused"
    status = 503
    title = N_("The embedded database is for the demo and must not hold the national count.")
    remedy = N_("Give MANABI_DATABASE_URL of a PostgreSQL server that is run and backed up for this purpose.")


def open_aggregator(settings: AggregatorSettings, url: str) -> Aggregator:
    """Check the surroundings and return a server that acts in the role of `url`.

    Raises `SchemaOutdated`, `CountClockOff`, `CountEmbeddedRefused`, `KeyringRefused` or `JournalBroken`.
    """
    check_schema(url, PACKAGES)
    database = Database(url, pool_size=settings.pool)
    with database.session() as session:
        there: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        embedded = session.execute(text("SELECT current_setting('manabi.embedded', true)")).scalar()
    apart = abs(there - datetime.now(UTC))
    if apart > _CLOCK_TOLERANCE:
        raise CountClockOff(seconds=int(apart.total_seconds()))
    if embedded == "on" and not settings.synthetic:
        raise CountEmbeddedRefused
    keyring = FileKeyring.open(settings.keyring, settings.aggregator_id)
    keyring.journal.verify()
    return Aggregator(settings, database, keyring, system_clock, settings.role)
