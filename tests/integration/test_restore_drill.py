"""The restore drill in miniature: erase one child, rotate the epoch, bring the older backup back."""

import subprocess
from pathlib import Path
from uuid import UUID

import pytest

from manabi import embedded
from manabi.bench.children import SignedInChild, stock_children
from pds.access_log.download import download, prepare
from pds.access_log.entries import Purpose
from pds.access_log.sequencer import Sequencer
from pds.node import Node
from pds.people import service as people
from pds.records import retention
from pds.records.service import find_current, open_record
from pds.sharing.enforcement import Asking, Disclosed, Refused, read_record
from tests.integration.conftest import NOW, Address, Cluster
from trust.keyring import FileKeyring, KeyErased
from trust.transparency.bundle import verify_bundle
from trust.transparency.checkpoint import open_checkpoint
from trust.transparency.tree import consistency_proof, verify_consistency
from web.database import Database, bind_context


def back_up(address: Address, path: Path) -> None:
    run_program("pg_dump", "--format=custom", f"--file={path}", address)


def bring_back(cluster: Cluster, address: Address, path: Path) -> None:
    cluster.drop(address.name)
    cluster.create(address.name, "template0")
    run_program("pg_restore", "--exit-on-error", address, path)


def run_program(name: str, *words: str | Path | Address) -> None:
    command: list[str | Path] = [embedded.binaries() / name, "-h", socket_of(words), "-U", "postgres"]
    for word in words:
        command += ["-d", word.name] if isinstance(word, Address) else [word]
    subprocess.run(command, check=True, capture_output=True)


def socket_of(words: tuple[str | Path | Address, ...]) -> Path:
    return next(word.server.sockets for word in words if isinstance(word, Address))


def look(node: Node, viewer: UUID, child: SignedInChild) -> Disclosed | Refused:
    with node.database.session() as session:
        seen = people.viewer_for(session, viewer)
        assert seen is not None
        answer = read_record(session, node, Asking(seen, Purpose.LOOK_BACK, NOW, "drill"), child.learner, child.record)
        session.commit()
    return answer


def take_home(node: Node, child: SignedInChild) -> dict[str, object]:
    with node.database.session() as session:
        prepare(session, child.learner)
        document = download(session, node, child.learner, "child", NOW)
        session.commit()
    return document


@pytest.fixture
def stocked(address: Address, node: Node) -> list[SignedInChild]:
    owner = Database(address.url("manabi_owner"))
    children = stock_children(
        Node(node.settings, owner, node.keyring, node.policy, node.clock), 3, body_bytes=500, now=NOW
    )
    owner.close()
    return children


def test_an_older_backup_brings_back_neither_the_erased_child_nor_an_older_log(
    cluster: Cluster, address: Address, node: Node, jobs_node: Node, stocked: list[SignedInChild], tmp_path: Path
) -> None:
    erased, living, viewer = stocked[0], stocked[1], stocked[1].learner
    assert isinstance(look(node, erased.learner, erased), Disclosed)
    back_up(address, tmp_path / "backup")

    assert isinstance(look(node, viewer, living), Disclosed)
    Sequencer(jobs_node).run_once(NOW)
    before = take_home(node, living)
    with jobs_node.database.session() as session:
        retention.erase_learner(session, jobs_node, erased.learner, by="officer", now=NOW, reference="drill")
        session.commit()
    node.keyring.rotate_epoch(now=NOW)
    Sequencer(jobs_node).run_once(NOW)
    signed = open_checkpoint(str(take_home(node, living)["checkpoint"]), node.keyring.signing_key("node").public())

    node.database.close()
    jobs_node.database.close()
    bring_back(cluster, address, tmp_path / "backup")
    keyring = FileKeyring.open(node.settings.keyring, node.node_id)
    after = Node(node.settings, node.database, keyring, node.policy, node.clock)
    jobs_after = Node(node.settings, jobs_node.database, keyring, node.policy, node.clock)

    # The rows of the erased child are back, and even somebody who goes around the rules cannot open them.
    with jobs_after.database.session() as session:
        bind_context(session, learners=[erased.learner])
        stored = find_current(session, erased.learner, erased.record)
        assert stored is not None
        with pytest.raises(KeyErased):
            open_record(jobs_after, stored)
    assert isinstance(look(after, viewer, erased), Refused)

    # The worker's start empties the rows again.
    with jobs_after.database.session() as session:
        assert retention.replay_journal(session, jobs_after) == 1
        session.commit()
        assert people.viewer_for(session, erased.learner) is None

    # Living children are readable, and the log goes on from what was signed, not from what the backup knew.
    assert isinstance(look(after, viewer, living), Disclosed)
    Sequencer(jobs_after).run_once(NOW)
    document = take_home(after, living)
    newest = open_checkpoint(str(document["checkpoint"]), keyring.signing_key("node").public())
    assert newest.size > signed.size
    proof = consistency_proof(keyring.leaves, signed.size, newest.size)
    assert verify_consistency(signed.size, newest.size, signed.root, newest.root, proof)
    assert newest.gaps
    assert verify_bundle(document, keyring.signing_key("node").public()).ok
    assert before["node_key"] == document["node_key"]
    keyring.close()


def test_an_erasure_cut_short_is_finished_at_the_next_start(
    node: Node, jobs_node: Node, stocked: list[SignedInChild]
) -> None:
    gone = stocked[0]
    node.keyring.erase_subject(gone.learner, by="officer", now=NOW)  # and the process dies before its commit
    assert isinstance(look(node, stocked[1].learner, gone), Refused)
    with jobs_node.database.session() as session:
        assert retention.replay_journal(session, jobs_node) == 1
        session.commit()
        assert retention.replay_journal(session, jobs_node) == 0
