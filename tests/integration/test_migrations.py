"""The schema that migrations make is the schema that the models mean, on the way up and on the way down."""

from importlib import import_module
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from consent.vocabulary import Category
from pds.node import Node
from tests.factories.node import World
from tests.integration.conftest import PACKAGES, Address
from web.database import Base, Database
from web.migrate import downgrade, upgrade

for models in sorted(path for package in PACKAGES for path in Path(package).rglob("models.py")):
    import_module(".".join(models.with_suffix("").parts))  # for their tables


def test_the_migrated_schema_is_the_one_the_models_mean(address: Address) -> None:
    engine = create_engine(address.url("manabi_owner"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_migrations_go_down_to_nothing_and_up_again(address: Address, jobs_node: Node, database: Database) -> None:
    with jobs_node.database.session() as session, database.session() as accounts:
        world = World(jobs_node, session, accounts)
        school, learner = world.school(), world.learner()
        world.enrol(learner, school, world.school_class(school))
        world.record(learner, school, Category.GUIDANCE, [{"moral": "よく考えた。"}])
        world.account(learner, login="child")
        world.commit()
    owner = address.url("manabi_owner")
    downgrade(owner, PACKAGES, "pds@base")
    downgrade(owner, PACKAGES, "base")
    engine = create_engine(owner)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade(owner, PACKAGES)
    assert set(inspect(engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    engine.dispose()
