"""Two towns with all their pages, and a family that moves from one to the other."""

from collections.abc import Iterator

import pytest

from tests.integration.conftest import Cluster
from tests.integration.pds.transfer.family_move import settle_family
from tests.integration.pds.transfer.towns import two_towns
from tests.integration.pds.transfer_pages.offices import Offices, open_offices


@pytest.fixture(scope="module")
def both_offices(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with two_towns(cluster, tmp_path_factory.mktemp("towns")) as towns:
        yield open_offices(settle_family(towns))


@pytest.fixture
def offices(both_offices: Offices) -> Offices:
    """Both offices before a family that nobody has a case of."""
    both_offices.another_family()
    return both_offices
