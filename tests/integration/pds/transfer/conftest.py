"""Two towns for each test that asks, stopped and removed afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Cluster
from tests.integration.pds.transfer.family_move import FamilyMove, settle_family
from tests.integration.pds.transfer.towns import Towns, two_towns


@pytest.fixture
def towns(cluster: Cluster, tmp_path: Path) -> Iterator[Towns]:
    with two_towns(cluster, tmp_path) as found:
        yield found


@pytest.fixture
def move(towns: Towns) -> FamilyMove:
    return settle_family(towns)
