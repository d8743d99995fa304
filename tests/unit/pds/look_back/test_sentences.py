"""The log in sentences: who, what, whether refused; by day in Japan; said once for what happened several times."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from consent.verdict import DenialCode
from consent.vocabulary import ActorKind, Category, Relation, Text
from pds.access_log.entries import Act, Purpose
from pds.access_log.reading import SeenEntry
from pds.look_back.deeds import TOLD, Telling
from pds.look_back.sentences import Line, Reader, tell_days
from pds.look_back.words import Listing, Part, Sentence

CHILD, MOTHER, TEACHER = UUID(int=1), UUID(int=2), UUID(int=3)
AS_CHILD = Reader(CHILD, ActorKind.LEARNER)
AS_MOTHER = Reader(MOTHER, ActorKind.CARER)
NOON = datetime(2026, 6, 3, 3, 0, tzinfo=UTC)
FOUR = (Category.ENROLMENT, Category.GUIDANCE, Category.HEALTH_CHECK, Category.ATTENDANCE_DAILY)


def seen(
    *,
    person: UUID | None = TEACHER,
    kind: ActorKind = ActorKind.STAFF,
    relation: Relation | None = Relation.CLASS_TEACHER,
    school: str | None = "みらい市立西小学校",
    category: Category | None = Category.HEALTH_CHECK,
    act: str = Act.RECORD_READ.value,
    purpose: Purpose = Purpose.SCHOOL_WORK,
    reason: DenialCode | None = None,
    reference: str = "AAA-BBB-CCC",
    at: datetime = NOON,
    position: int | None = 1,
) -> SeenEntry:
    entry: dict[str, Any] = {
        "who": {"kind": kind.value, "person": str(person) if person else None,
                "relation": relation.value if relation and not reason else None,
                "organisation": None, "organisation_name": school},
        "act": act, "purpose": purpose.value, "category": category.value if category else None,
        "outcome": "refused" if reason else "allowed", "reason": reason.value if reason else None,
        "citation": "" if reason else "学校教育法37条", "reference": reference, "at": at.isoformat(),
    }  # fmt: skip
    return SeenEntry(position, at, entry)


def english(part: Part | None) -> str:
    match part:
        case Sentence():
            return part.msgid % {name: english(value) for name, value in part.params.items()}
        case Text():
            return part.en
        case Listing():
            return ", ".join(english(inner) for inner in part.parts)
        case _:
            return str(part)


def lines(entries: list[SeenEntry], reader: Reader = AS_CHILD) -> list[Line]:
    return [line for day in tell_days(entries, reader) for line in day.lines]


def told(entry: SeenEntry, reader: Reader = AS_CHILD) -> str:
    return english(lines([entry], reader)[0].sentence)


def test_staff_are_named_by_office_and_school_never_by_name() -> None:
    assert told(seen()) == (
        "Class teacher of the present class of みらい市立西小学校 looked at “Health check sheet”, "
        "for the work of the school."
    )


@pytest.mark.parametrize(
    ("reader", "expected"), [(AS_CHILD, "You looked at"), (AS_MOTHER, "Your child looked at")], ids=["child", "mother"]
)
def test_the_childs_own_look_is_told_to_each_reader_in_their_words(reader: Reader, expected: str) -> None:
    own = seen(person=CHILD, kind=ActorKind.LEARNER, relation=Relation.SELF, school=None, purpose=Purpose.LOOK_BACK)
    assert told(own, reader).startswith(expected)


@pytest.mark.parametrize(
    ("reader", "expected"),
    [(AS_CHILD, "Your parent or carer"), (AS_MOTHER, "You"), (Reader(UUID(int=9), ActorKind.CARER), "Another carer")],
    ids=["child", "herself", "father"],
)
def test_a_carers_look_is_told_to_each_reader_in_their_words(reader: Reader, expected: str) -> None:
    look = seen(person=MOTHER, kind=ActorKind.CARER, relation=Relation.CARER, school=None, purpose=Purpose.LOOK_BACK)
    assert told(look, reader).startswith(expected)


def test_a_refused_attempt_is_marked_with_its_reason() -> None:
    stranger = seen(person=UUID(int=8), kind=ActorKind.CARER, school=None, reason=DenialCode.NOT_YOUR_CHILD)
    line = lines([stranger])[0]
    assert line.refused
    assert english(line.sentence) == "Someone signed in as a carer tried to look at “Health check sheet”."
    assert line.reason is not None
    assert line.reason.en == "The person is not entered as a carer of this child."


def test_a_refused_pupil_is_another_pupil() -> None:
    assert told(
        seen(person=UUID(int=7), kind=ActorKind.LEARNER, school=None, reason=DenialCode.NOT_YOUR_RECORD, category=None)
    ) == ("Another pupil tried to look at the record.")  # fmt: skip


def test_a_refused_look_at_the_log_says_so() -> None:
    attempt = seen(act=Act.LOG_READ.value, category=None, reason=DenialCode.ROLE_NOT_FOR_CATEGORY)
    assert "tried to see who had looked" in told(attempt)


def test_one_look_at_several_categories_is_one_sentence() -> None:
    entries = [seen(category=category, act=Act.OVERVIEW_READ.value) for category in reversed(FOUR)]
    found = lines(entries)
    assert len(found) == 1
    assert english(found[0].sentence).count("“") == len(FOUR)
    assert found[0].times == (NOON,)


def test_the_same_look_several_times_a_day_is_one_line_with_the_times() -> None:
    later = [seen(reference=f"R{hour}", at=NOON + timedelta(hours=hour)) for hour in (2, 1, 0)]
    found = lines(later)
    assert len(found) == 1
    assert found[0].times == (NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    assert set(found[0].references) == {"R0", "R1", "R2"}


def test_looks_of_others_at_other_records_stay_lines_of_their_own() -> None:
    found = lines([seen(reference="A"), seen(reference="B", category=Category.GUIDANCE)])
    assert len(found) == 2


def test_the_readers_own_looks_are_one_line_a_day_whatever_was_opened() -> None:
    own = [
        seen(person=CHILD, kind=ActorKind.LEARNER, relation=Relation.SELF, category=category, reference=category.value,
             purpose=Purpose.LOOK_BACK)
        for category in FOUR
    ]  # fmt: skip
    found = lines(own)
    assert len(found) == 1
    assert found[0].own
    assert len(found[0].references) == 4


def test_an_allowed_and_a_refused_look_are_never_one_line() -> None:
    found = lines([seen(reference="A"), seen(reference="B", reason=DenialCode.ROLE_NOT_FOR_CATEGORY)])
    assert [line.refused for line in found] == [False, True]


def test_days_are_days_in_japan() -> None:
    late = datetime(2026, 6, 3, 15, 30, tzinfo=UTC)  # half past midnight on the fourth
    days = tell_days([seen(at=late, reference="B"), seen()], AS_CHILD)
    assert [day.day for day in days] == [date(2026, 6, 4), date(2026, 6, 3)]


def test_what_is_not_yet_signed_says_so() -> None:
    assert lines([seen()])[0].signed
    assert not lines([seen(position=None)])[0].signed


@pytest.mark.parametrize("act", [*(act.value for act in Act), "learner:something:new"])
@pytest.mark.parametrize("reason", [None, *DenialCode])
def test_whatever_the_log_holds_becomes_a_sentence(act: str, reason: DenialCode | None) -> None:
    assert told(seen(act=act, reason=reason)).endswith(".")


@pytest.mark.parametrize("kind", list(ActorKind))
@pytest.mark.parametrize("relation", [None, *Relation])
def test_whoever_acted_is_named(kind: ActorKind, relation: Relation | None) -> None:
    assert told(seen(kind=kind, relation=relation, school=None, person=None))


@pytest.mark.parametrize(("act", "telling"), list(TOLD.items()), ids=lambda value: str(value)[:24])
def test_every_act_around_sharing_is_told_as_done_and_as_refused(act: Act, telling: Telling) -> None:
    assert lines([seen(act=act.value)])[0].sentence.msgid == telling.done
    assert lines([seen(act=act.value, reason=DenialCode.NOT_A_DECIDER)])[0].sentence.msgid == telling.tried


def test_another_organisation_is_named_as_the_registry_has_it_and_on_what_it_rested() -> None:
    def pulled(purpose: Purpose) -> str:
        return told(
            seen(person=None, kind=ActorKind.ORGANISATION, relation=Relation.RECIPIENT, school="となり市立北中学校",
                 act=Act.DOCUMENT_PULLED.value, purpose=purpose)
        )  # fmt: skip

    assert pulled(Purpose.SHARING) == "となり市立北中学校 received “Health check sheet”, as the family shared it."
    assert pulled(Purpose.TRANSFER).endswith("which goes to the next school by law.")
