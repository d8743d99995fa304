"""Every read is decided, logged and only then opened; refusals tell nobody what exists."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from consent.offices import may_do, may_help_family
from consent.verdict import DenialCode
from consent.vocabulary import CarerState, Category, Duty, Relation, StaffRole
from pds.access_log.entries import Purpose
from pds.access_log.reading import SeenEntry, entries_for
from pds.node import Node
from pds.people import service as people
from pds.sharing.enforcement import (
    Asking,
    Disclosed,
    Overview,
    Refused,
    approach,
    approach_log,
    note_code,
    note_roster,
    read_overview,
    read_record,
)
from tests.factories.node import EAST, World
from tests.integration.conftest import NOW, Address
from trust.sealing import SealBroken
from trust.signing import SignatureRefused
from web.database import Database, bind_context

GUIDANCE = {"overall_remarks": "内緒の所見", "moral": "よく考えた。"}


@dataclass(frozen=True)
class Family:
    """A child with two records, the people around, and a stranger's child."""

    school: UUID
    child: UUID
    guidance: UUID
    health: UUID
    mother: UUID
    blocked: UUID
    suspended: UUID
    teacher: UUID
    principal: UUID
    nurse: UUID
    stranger: UUID
    strange_record: UUID


@pytest.fixture
def family(jobs_node: Node, database: Database) -> Iterator[Family]:
    with jobs_node.database.session() as session, database.session() as accounts:
        world = World(jobs_node, session, accounts)
        school = world.school()
        room = world.school_class(school)
        child, stranger = world.learner(), world.learner()
        mother, blocked, suspended = world.carer(), world.carer(), world.carer()
        world.care(child, mother)
        world.care(child, blocked, blocked=True)
        world.care(child, suspended, state=CarerState.SUSPENDED)
        world.enrol(child, school, room)
        world.enrol(stranger, school, world.school_class(school, name="5年2組"))
        made = Family(
            school,
            child,
            world.record(child, school, Category.GUIDANCE, [GUIDANCE], school_year=2025),
            world.record(child, school, Category.HEALTH_CHECK, [{"height": 150}]),
            mother,
            blocked,
            suspended,
            world.staff(StaffRole.TEACHER, school, room),
            world.staff(StaffRole.PRINCIPAL, school),
            world.staff(StaffRole.NURSE_TEACHER, school),
            stranger,
            world.record(stranger, school, Category.GUIDANCE, [GUIDANCE], school_year=2025),
        )
        world.commit()
        yield made


@pytest.fixture
def owner_database(address: Address) -> Iterator[Database]:
    """The owner, who may change what nobody else may."""
    database = Database(address.url("manabi_owner"))
    yield database
    database.close()


def asking_as(node: Node, person: UUID) -> Asking:
    with node.database.session() as session:
        viewer = people.viewer_for(session, person)
    assert viewer is not None
    return Asking(viewer, Purpose.LOOK_BACK, NOW, "ref-1")


def read(node: Node, person: UUID, learner: UUID, record: UUID) -> Disclosed | Refused:
    with node.database.session() as session:
        answer = read_record(session, node, asking_as(node, person), learner, record)
        session.commit()
    return answer


def overview(node: Node, person: UUID, learner: UUID) -> Overview | Refused:
    with node.database.session() as session:
        answer = read_overview(session, node, asking_as(node, person), learner, list(Category))
        session.commit()
    return answer


def log_of(node: Node, learner: UUID, chain: str = "child") -> tuple[SeenEntry, ...]:
    with node.database.session() as session:
        bind_context(session, learners=[learner])
        return entries_for(session, node, learner, chain, before=None, limit=50).entries


def test_a_child_reads_the_own_record_without_the_closed_remarks(node: Node, family: Family) -> None:
    answer = read(node, family.child, family.child, family.guidance)
    assert isinstance(answer, Disclosed)
    assert answer.relation is Relation.SELF
    assert answer.body == {"moral": "よく考えた。"}
    assert answer.withheld == ("overall_remarks",)


def test_a_class_teacher_reads_the_remarks_too(node: Node, family: Family) -> None:
    answer = read(node, family.teacher, family.child, family.guidance)
    assert isinstance(answer, Disclosed)
    assert answer.body == GUIDANCE
    assert answer.withheld == ()


def test_every_read_is_one_entry_in_the_chains_of_child_and_carer(node: Node, family: Family) -> None:
    read(node, family.teacher, family.child, family.guidance)
    for chain in ("child", f"carer:{family.mother}"):
        (seen,) = log_of(node, family.child, chain)
        assert seen.entry["outcome"] == "allowed"
        assert seen.entry["who"]["relation"] == "class_teacher"
        assert seen.entry["who"]["organisation_name"] == EAST[1]
        assert seen.entry["records"] == [[str(family.guidance), 1]]
    assert log_of(node, family.child, f"carer:{family.blocked}") == ()


def test_a_refused_read_is_an_entry_of_the_child_it_was_about(node: Node, family: Family) -> None:
    answer = read(node, family.child, family.stranger, family.strange_record)
    assert answer == Refused(DenialCode.NOT_YOUR_RECORD, DenialCode.NOTHING_HERE)
    (seen,) = log_of(node, family.stranger)
    assert seen.entry["outcome"] == "refused"
    assert seen.entry["reason"] == "not_your_record"


@pytest.mark.parametrize("asker", ["child", "mother", "blocked", "teacher"])
def test_unknown_children_unknown_records_and_strangers_are_answered_alike(
    node: Node, family: Family, asker: str
) -> None:
    person: UUID = getattr(family, asker)
    answers = {
        read(node, person, uuid4(), uuid4()),
        read(node, person, family.child, uuid4()),
    }
    assert {answer.shown for answer in answers if isinstance(answer, Refused)} == {DenialCode.NOTHING_HERE}
    assert not any(isinstance(answer, Disclosed) for answer in answers)


def test_a_blocked_carer_is_answered_like_one_without_children(node: Node, family: Family) -> None:
    answer = read(node, family.blocked, family.child, family.guidance)
    assert answer == Refused(DenialCode.CONTACT_BLOCKED, DenialCode.NOTHING_HERE)


def test_a_read_about_no_known_child_is_logged_in_the_chain_of_the_node(
    node: Node, jobs_node: Node, family: Family
) -> None:
    read(node, family.mother, uuid4(), uuid4())
    overview(node, family.mother, uuid4())
    with jobs_node.database.session() as session:
        found = session.execute(text("SELECT classes FROM log_entry WHERE learner_id = CAST(:nobody AS uuid)"),
                                {"nobody": str(UUID(int=0))}).scalars().all()  # fmt: skip
    assert found == [["node"], ["node"]]


def test_an_overview_opens_each_category_by_its_own_rule(node: Node, family: Family) -> None:
    answer = overview(node, family.nurse, family.child)
    assert isinstance(answer, Overview)
    assert Category.GUIDANCE in answer.refused
    assert [one.record.place.category for one in answer.records] == [Category.HEALTH_CHECK]
    acts = {(seen.entry["act"], seen.entry["category"]) for seen in log_of(node, family.child)}
    assert ("learner:overview:read", "health_check") in acts
    assert ("learner:overview:read", "guidance") not in acts


def test_an_overview_of_a_strangers_child_is_refused(node: Node, family: Family) -> None:
    assert isinstance(overview(node, family.mother, family.stranger), Refused)


def test_a_category_that_is_closed_to_the_role_is_refused_and_logged(node: Node, family: Family) -> None:
    answer = read(node, family.nurse, family.child, family.guidance)
    assert answer == Refused(DenialCode.ROLE_NOT_FOR_CATEGORY, DenialCode.ROLE_NOT_FOR_CATEGORY)


def test_child_and_carer_each_reach_their_own_chain_of_the_log(node: Node, family: Family) -> None:
    with node.database.session() as session:
        for person, chain in ((family.child, "child"), (family.mother, f"carer:{family.mother}")):
            answer = approach_log(session, node, asking_as(node, person), family.child)
            assert not isinstance(answer, Refused)
            assert answer[1] == chain


@pytest.mark.parametrize("asker", ["principal", "blocked", "stranger"])
def test_nobody_else_reads_who_looked_and_the_attempt_is_logged(node: Node, family: Family, asker: str) -> None:
    with node.database.session() as session:
        answer = approach_log(session, node, asking_as(node, getattr(family, asker)), family.child)
        session.commit()
    assert isinstance(answer, Refused)
    (seen,) = log_of(node, family.child)
    assert seen.entry["act"] == "learner:access_log:read"


def test_the_log_of_an_unknown_child_is_refused(node: Node, family: Family) -> None:
    with node.database.session() as session:
        assert isinstance(approach_log(session, node, asking_as(node, family.mother), uuid4()), Refused)


def test_a_class_list_is_noted_for_the_node_without_naming_a_child(node: Node, jobs_node: Node, family: Family) -> None:
    with node.database.session() as session:
        asking = asking_as(node, family.teacher)
        verdict = may_do(asking.viewer.actor, Duty.SEE_CLASS_LIST, NOW, node.policy)
        assert note_roster(session, node, asking, verdict, family.school, EAST[1]) is None
        session.commit()
    with jobs_node.database.session() as session:
        (seen,) = entries_for(session, node, UUID(int=0), "node", before=None, limit=5).entries
    assert seen.entry["act"] == "school:roster:read"
    assert seen.entry["who"]["organisation_name"] == EAST[1]
    assert seen.entry["rule"] == "class_list.teacher"
    assert seen.entry["learner"] is None


def test_a_class_list_that_is_refused_is_noted_with_the_reason(node: Node, jobs_node: Node, family: Family) -> None:
    with node.database.session() as session:
        asking = asking_as(node, family.mother)
        verdict = may_do(asking.viewer.actor, Duty.SEE_CLASS_LIST, NOW, node.policy)
        assert isinstance(note_roster(session, node, asking, verdict, family.school, EAST[1]), Refused)
        session.commit()
    with jobs_node.database.session() as session:
        (seen,) = entries_for(session, node, UUID(int=0), "node", before=None, limit=5).entries
    assert seen.entry["outcome"] == "refused"
    assert seen.entry["who"]["organisation_name"] is None


def test_a_code_for_a_carer_stands_in_the_childs_log_issued_or_refused(node: Node, family: Family) -> None:
    for asker in (family.principal, family.stranger):
        with node.database.session() as session:
            asking = asking_as(node, asker)
            child = approach(session, node, asking, family.child)
            assert child is not None
            verdict = may_help_family(asking.viewer.actor, child.facts, NOW, node.policy)
            answer = note_code(session, node, asking, verdict, child, family.mother)
            session.commit()
        assert isinstance(answer, Refused) is (asker == family.stranger)
    seen = [entry.entry for entry in log_of(node, family.child)]
    assert [(entry["act"], entry["outcome"]) for entry in seen] == [
        ("staff:code:issue", "refused"), ("staff:code:issue", "allowed"),
    ]  # fmt: skip
    assert {entry["concerns"] for entry in seen} == {str(family.mother)}


def test_a_body_moved_from_another_child_does_not_open(node: Node, owner_database: Database, family: Family) -> None:
    with owner_database.session() as session:
        session.execute(
            text("UPDATE record_version SET sealed = (SELECT sealed FROM record_version WHERE record_id = :other) "
                 "WHERE record_id = :own"),
            {"other": family.strange_record, "own": family.guidance},
        )  # fmt: skip
        session.commit()
    with pytest.raises(SealBroken):
        read(node, family.child, family.child, family.guidance)
    assert log_of(node, family.child) == ()


def test_a_record_signed_by_another_key_is_not_shown(node: Node, owner_database: Database, family: Family) -> None:
    with owner_database.session() as session:
        session.execute(text("UPDATE organisation SET code = 'C120299000017' WHERE kind = 'school'"))
        session.commit()
    with pytest.raises(SignatureRefused):
        read(node, family.child, family.child, family.guidance)


def test_a_suspended_carer_sees_nothing_and_is_told_why(node: Node, family: Family) -> None:
    assert read(node, family.suspended, family.child, family.guidance) == Refused(
        DenialCode.CARER_SUSPENDED, DenialCode.CARER_SUSPENDED
    )
