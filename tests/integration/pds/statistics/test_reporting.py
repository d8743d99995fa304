"""From sealed records to both servers: who is counted, where, and that nothing is sent twice in two ways."""

from collections.abc import Callable

from pds.node import Node
from tests.factories.count import Count
from tests.integration.pds.statistics.records import Records

EAST = "B120299000018"
JUNIOR = "C120299000017"


def test_a_node_finds_the_round_and_both_servers_hold_its_halves(
    records: Records, count: Count, look: Callable[[], None], jobs_node: Node
) -> None:
    east = records.school(EAST)
    for absent, sex in ((30, "female"), (29, "female"), (45, "male"), (200, "male"), (0, "male")):
        records.counted(east, absent, "P5", sex)
    records.commit()
    round_id = count.announce()
    look()
    vector = count.vector(round_id, jobs_node.node_id)
    header = count.leader.held[round_id, jobs_node.node_id][1][0]
    assert (header.areas, header.prefectures, header.cells) == (("209201",), ("20",), 2 + 27)
    exact = vector[2:]
    assert sum(exact) == 3
    assert exact[4 * 3 : 4 * 3 + 3] == [2, 1, 0]
