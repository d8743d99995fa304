"""A node with records to be counted, and the two servers it reports to."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import isqrt
from secrets import randbelow

import pytest

from aggregator.reporter.client import Identity, connect
from aggregator.reporter.run import report_once
from pds.node import Node
from pds.statistics.keeping import NodeStore
from pds.statistics.reading import NodeRecords
from tests.factories.count import NOW, Count, node_participant
from tests.integration.pds.statistics.records import Records
from trust.registry import KeyUse
from trust.signing import SigningKey

Look = Callable[[], None]


def draw_quickly(sigma_squared: Fraction, n: int) -> list[int]:
    """Stand in for the sampler, whose import takes seconds and which has its own tests: fresh numbers of its size."""
    scale = isqrt(int(sigma_squared))
    return [randbelow(8 * scale) - 4 * scale for _ in range(n)]


@pytest.fixture
def records(jobs_node: Node) -> Iterator[Records]:
    with jobs_node.database.session() as session:
        yield Records(jobs_node, session)


@pytest.fixture
def count(jobs_node: Node) -> Count:
    signing = jobs_node.keyring.signing_key(KeyUse.NODE.value)
    others = (node_participant(f"other{n}.node", SigningKey.generate(), (f"0{n}1000",), n) for n in (2, 3, 4))
    return Count((node_participant(jobs_node.node_id, signing, ("209201", "132012", "202011")), *others))


@pytest.fixture
def look(jobs_node: Node, count: Count) -> Look:
    """One look of the node at the rounds."""

    def look_once() -> None:
        identity = Identity(jobs_node.node_id, jobs_node.keyring.signing_key(KeyUse.NODE.value))
        with connect(count.registry, identity, count.transport()) as servers:
            report_once(NodeStore(jobs_node), NodeRecords(jobs_node), servers, NOW, draw=draw_quickly)

    return look_once
