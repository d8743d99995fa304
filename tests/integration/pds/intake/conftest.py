"""A clerk's desk on a fresh node."""

import pytest

from pds.node import Node
from tests.integration.pds.intake.desk import Desk


@pytest.fixture
def desk(node: Node, jobs_node: Node) -> Desk:
    return Desk(node, jobs_node)
