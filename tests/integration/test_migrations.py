"""The schema that migrations make is the schema that the models mean, on the way up and on the way down."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData, create_engine, inspect

from consent.vocabulary import Category
from manabi import embedded
from pds.node import Node
from tests.factories.node import World
from tests.integration.conftest import PACKAGES, Address
from web.database import Base, Database
from web.migrate import downgrade, upgrade

NATIONAL = ("web", "aggregator")


def meant(packages: tuple[str, ...]) -> MetaData:
    """The tables of some packages' models, whatever else this process has imported."""
    for models in sorted(path for package in packages for path in Path(package).rglob("models.py")):
        import_module(".".join(models.with_suffix("").parts))  # for their tables
    wanted = MetaData(naming_convention=Base.metadata.naming_convention)
    for mapper in Base.registry.mappers:
        if mapper.class_.__module__.split(".")[0] in packages:
            for table in mapper.tables:
                table.to_metadata(wanted)  # type: ignore[attr-defined]
    return wanted


def differences(engine: Engine, packages: tuple[str, ...]) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, meant(packages)))


def test_the_migrated_schema_is_the_one_the_models_mean(address: Address) -> None:
    engine = create_engine(address.url("manabi_owner"))
    assert differences(engine, PACKAGES) == []
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
    assert set(inspect(engine).get_table_names()) == {*meant(PACKAGES).tables, "alembic_version"}
    engine.dispose()


@pytest.fixture
def national(address: Address) -> Iterator[str]:
    """An empty database of the national side."""
    embedded.run_sql(address.server, f'CREATE DATABASE "{address.name}_n" OWNER manabi_owner')
    yield address.server.url("manabi_owner", f"{address.name}_n")
    embedded.run_sql(address.server, f'DROP DATABASE "{address.name}_n" WITH (FORCE)')


def test_the_national_schema_is_the_one_its_models_mean_and_goes_down_again(national: str) -> None:
    upgrade(national, NATIONAL)
    engine = create_engine(national)
    assert differences(engine, NATIONAL) == []
    downgrade(national, NATIONAL, "aggregator@base")
    downgrade(national, NATIONAL, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
