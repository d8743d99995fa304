"""Schema migrations: run by the owner role alone, from the folders of the packages that a service is made of."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from trust.errors import N_, ManabiError


class SchemaOutdated(ManabiError):
    """The database's schema is not the one this release was built for."""

    code = "schema.outdated"
    status = 503
    title = N_("The database schema is at %(found)s, but this release needs %(needed)s.")
    remedy = N_("Run `manabi node migrate` with the owner role, then start again.")


def configure(url: str, packages: Sequence[str]) -> Config:
    """Return the Alembic configuration for the migrations of some packages."""
    config = Config()
    config.set_main_option("script_location", str(Path(str(files("web"))) / "migrations"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option(
        "version_locations", "\n".join(str(Path(str(files(name))) / "migrations" / "versions") for name in packages)
    )
    config.attributes["url"] = url
    return config


def upgrade(url: str, packages: Sequence[str]) -> None:
    """Bring the schema to the newest version of every package."""
    command.upgrade(configure(url, packages), "heads")


def downgrade(url: str, packages: Sequence[str], target: str) -> None:
    """Take the schema back to a version, for tests of the way back."""
    command.downgrade(configure(url, packages), target)


def check_schema(url: str, packages: Sequence[str]) -> None:
    """Raise `SchemaOutdated` unless the database stands at the heads of every package."""
    needed = set(ScriptDirectory.from_config(configure(url, packages)).get_heads())
    engine = create_engine(url)
    with engine.connect() as connection:
        found = set(MigrationContext.configure(connection).get_current_heads())
    engine.dispose()
    if found != needed:
        raise SchemaOutdated(found=", ".join(sorted(found)) or "-", needed=", ".join(sorted(needed)))
