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
    script = ScriptDirectory.from_config(configure(url, packages))
    needed = set(script.get_heads())
    engine = create_engine(url)
    with engine.connect() as connection:
        found = set(MigrationContext.configure(connection).get_current_heads())
    engine.dispose()
    known = {revision.revision for revision in script.walk_revisions()}
    if not found <= known or not needed <= _reached(script, found):
        raise SchemaOutdated(found=", ".join(sorted(found)) or "-", needed=", ".join(sorted(needed)))


def _reached(script: ScriptDirectory, heads: set[str]) -> set[str]:
    """Return revisions and everything they build on; a revision that another depends on is not stored as a head."""
    reached: set[str] = set()
    waiting = list(heads)
    while waiting:
        revision = script.get_revision(waiting.pop())
        reached.add(revision.revision)
        for below in (revision.down_revision, revision.dependencies):
            waiting.extend([below] if isinstance(below, str) else below or ())
    return reached
