"""A small country for each test that asks, stopped and removed afterwards."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.plans.document import Plan
from tests.integration.aggregator.rounds.country import Country, a_country, make_plan, small_country
from tests.integration.conftest import Cluster


@pytest.fixture
def plan() -> Plan:
    return make_plan()


@pytest.fixture
def country(cluster: Cluster, count_template: str, tmp_path: Path, plan: Plan) -> Iterator[Country]:
    with a_country(cluster, count_template, tmp_path, small_country(plan, random.Random(11))) as found:
        yield found


@pytest.fixture
def ready_country(country: Country, plan: Plan) -> Country:
    """A country whose plan is approved and known to both servers."""
    country.approve(plan)
    country.work()
    return country
