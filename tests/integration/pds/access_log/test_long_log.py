"""A long log of many children, sequenced in random bites with passes that die: every chain still proves itself."""

import random
from uuid import UUID, uuid4

import pytest

from pds.access_log.sequencer import Sequencer
from pds.node import Node
from tests.integration.conftest import NOW
from tests.integration.pds.access_log.test_sequencer import take_home, write_entries
from trust.transparency.bundle import verify_bundle
from trust.transparency.checkpoint import open_checkpoint

CHILDREN = 120
ROUNDS = 60


@pytest.mark.long
def test_every_chain_of_a_long_log_proves_itself(node: Node, jobs_node: Node) -> None:
    dice = random.Random(2026)
    carers: dict[UUID, list[str]] = {
        uuid4(): [f"carer:{uuid4()}" for _ in range(dice.randint(0, 4))] for _ in range(CHILDREN)
    }
    node.keyring.create_subject_keys(carers)
    written = dict.fromkeys(carers, 0)
    sequencer = Sequencer(jobs_node)
    for _ in range(ROUNDS):
        for learner in dice.sample(sorted(carers), 25):
            count = dice.randint(1, 12)
            write_entries(node, learner, ["child", *carers[learner]], count)
            written[learner] += count
        if dice.random() < 0.1:
            node.keyring.leaves.append([bytes(32)] * dice.randint(1, 5))  # a pass died before its commit
        if dice.random() < 0.2:
            sequencer = Sequencer(jobs_node)  # another worker takes over
        while sequencer.run_once(NOW, most=dice.choice([1, 7, 50, 2000])) and dice.random() < 0.9:
            pass
    while sequencer.run_once(NOW):
        pass
    key = node.keyring.signing_key("node").public()
    for learner, chains in carers.items():
        if not written[learner]:
            continue
        for chain in ("child", *chains):
            document = take_home(node, learner, chain)
            report = verify_bundle(document, key)
            assert report.ok, (chain, report.findings)
            assert len(document["entries"]) == written[learner]  # type: ignore[arg-type]
    newest = open_checkpoint(str(document["checkpoint"]), key)
    assert newest.size == node.keyring.leaves.size
    assert newest.size == sum(written.values()) + sum(stop - start for start, stop in newest.gaps)
