"""Entries find their places, proofs hold, and nothing that was signed is ever taken back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from pds.access_log import entries
from pds.access_log.download import NothingSignedYet, download, prepare
from pds.access_log.entries import Act, Entry, Purpose, Who
from pds.access_log.reading import entries_for
from pds.access_log.sequencer import Sequencer
from pds.node import Node
from trust.transparency.bundle import FindingCode, verify_bundle
from trust.transparency.checkpoint import open_checkpoint
from web.database import bind_context

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
CHILD = "child"


def write_entries(node: Node, learner: UUID, classes: Sequence[str], count: int = 1) -> None:
    with node.database.session() as session:
        bind_context(session, learners=[learner])
        entry = Entry(
            Who("staff", uuid4(), "class_teacher", uuid4(), "みらい市立東小学校"), Act.RECORD_READ, Purpose.SCHOOL_WORK,
            learner, "guidance", ((uuid4(), 1),), True, "rule", "条", None, NOW, "ref", tuple(classes),
        )  # fmt: skip
        entries.write(session, node, [entry] * count)
        session.commit()


def take_home(node: Node, learner: UUID, chain: str) -> dict[str, object]:
    with node.database.session() as session:
        prepare(session, learner)
        document = download(session, node, learner, chain, NOW)
        session.commit()
    return document


@pytest.fixture
def learner(node: Node) -> UUID:
    learner = uuid4()
    node.keyring.create_subject_key(learner)
    return learner


def test_a_download_proves_every_entry_of_the_chain(node: Node, jobs_node: Node, learner: UUID) -> None:
    mother = f"carer:{uuid4()}"
    write_entries(node, learner, [CHILD, mother], 3)
    write_entries(node, learner, [CHILD], 2)
    assert Sequencer(jobs_node).run_once(NOW) == 5
    key = node.keyring.signing_key("node").public()
    for chain, length in ((CHILD, 5), (mother, 3)):
        document = take_home(node, learner, chain)
        report = verify_bundle(document, key)
        assert report.ok, report.findings
        assert len(document["entries"]) == length  # type: ignore[arg-type]


def test_a_later_download_proves_that_the_log_was_only_extended(node: Node, jobs_node: Node, learner: UUID) -> None:
    sequencer = Sequencer(jobs_node)
    write_entries(node, learner, [CHILD], 3)
    sequencer.run_once(NOW)
    earlier = take_home(node, learner, CHILD)
    write_entries(node, learner, [CHILD], 4)
    sequencer.run_once(NOW)
    later = take_home(node, learner, CHILD)
    assert verify_bundle(later, node.keyring.signing_key("node").public(), earlier=earlier).ok


def test_a_restarted_sequencer_goes_on_where_the_last_one_stopped(node: Node, jobs_node: Node, learner: UUID) -> None:
    for _ in range(3):
        write_entries(node, learner, [CHILD], 2)
        Sequencer(jobs_node).run_once(NOW)
    report = verify_bundle(take_home(node, learner, CHILD), node.keyring.signing_key("node").public())
    assert report.ok, report.findings


def test_leaves_of_a_pass_that_died_are_signed_as_a_gap(node: Node, jobs_node: Node, learner: UUID) -> None:
    write_entries(node, learner, [CHILD])
    Sequencer(jobs_node).run_once(NOW)
    node.keyring.leaves.append([bytes(32), bytes(32)])
    write_entries(node, learner, [CHILD])
    Sequencer(jobs_node).run_once(NOW)
    document = take_home(node, learner, CHILD)
    key = node.keyring.signing_key("node").public()
    assert open_checkpoint(str(document["checkpoint"]), key).gaps == ((1, 3),)
    report = verify_bundle(document, key)
    assert report.ok
    assert FindingCode.GAPS_DECLARED in {finding.code for finding in report.findings}


def test_an_entry_of_an_erased_child_keeps_its_leaf_and_opens_for_nobody(
    node: Node, jobs_node: Node, learner: UUID
) -> None:
    write_entries(node, learner, [CHILD])
    node.keyring.erase_subject(learner, by="officer", now=NOW)
    assert Sequencer(jobs_node).run_once(NOW) == 1
    assert node.keyring.leaves.size == 1


def test_one_child_cannot_reach_the_entries_of_another(node: Node, learner: UUID) -> None:
    write_entries(node, learner, [CHILD])
    with node.database.session() as session:
        bind_context(session, learners=[uuid4()])
        assert session.execute(text("SELECT count(*) FROM log_entry")).scalar() == 0


def test_without_a_context_the_application_role_sees_no_entry(node: Node, learner: UUID) -> None:
    write_entries(node, learner, [CHILD])
    with node.database.session() as session:
        assert session.execute(text("SELECT count(*) FROM log_entry")).scalar() == 0


def test_two_sequencers_never_place_the_same_entry(node: Node, jobs_node: Node, learner: UUID) -> None:
    write_entries(node, learner, [CHILD], 4)
    with jobs_node.database.session() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(7270101)"))
        assert Sequencer(jobs_node).run_once(NOW) == 0
    assert Sequencer(jobs_node).run_once(NOW) == 4


def test_a_download_before_the_first_checkpoint_says_so(node: Node, learner: UUID) -> None:
    write_entries(node, learner, [CHILD])
    with pytest.raises(NothingSignedYet):
        take_home(node, learner, CHILD)


def test_pages_go_from_the_newest_entry_to_the_oldest(node: Node, learner: UUID) -> None:
    write_entries(node, learner, [CHILD], 5)
    seen: list[int] = []
    before: int | None = None
    with node.database.session() as session:
        bind_context(session, learners=[learner])
        for expected in (2, 2, 1):
            page = entries_for(session, node, learner, CHILD, before=before, limit=2)
            assert len(page.entries) == expected
            seen += [id(one) for one in page.entries]
            before = page.next_before
    assert before is None
    assert len(seen) == 5


def test_a_proof_holds_beside_other_childrens_chains_in_the_same_part_of_the_map(
    node: Node, jobs_node: Node, learner: UUID
) -> None:
    write_entries(node, learner, [CHILD])
    Sequencer(jobs_node).run_once(NOW)
    with jobs_node.database.session() as session:
        (own,) = session.execute(text("SELECT map_key, bucket FROM log_map_leaf")).all()
        beside = [bytes(own.map_key[:2]) + bytes([number]) * 30 for number in range(3)]
        for key in beside:
            session.execute(
                text("INSERT INTO log_map_leaf (map_key, bucket, value) VALUES (:key, :bucket, :key)"),
                {"key": key, "bucket": own.bucket},
            )
        session.commit()
    write_entries(node, learner, [CHILD])
    Sequencer(jobs_node).run_once(NOW)
    report = verify_bundle(take_home(node, learner, CHILD), node.keyring.signing_key("node").public())
    assert report.ok, report.findings
