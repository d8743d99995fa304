"""The rules of reading as tables a lawyer can check, compared with `decide` over every combination of their columns.

A table is read from the top: the first row that fits a case gives the answer; `*` fits everything. Nothing here calls
the rules to find the expected answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import product

import pytest

from consent.decision import Actor, Allowed, Child, Read, decide
from consent.vocabulary import ActorKind, Basis, CarerState, Category, StaffRole
from tests.unit.consent.people import (
    BOARD,
    CLASS_6_1,
    CLASS_6_2,
    EAST,
    HANAKO,
    MOTHER,
    POLICY,
    STRANGER,
    WEST,
    care,
    child,
    placement,
    role,
    staff,
)

# Last second of 2 June 2026 and first instant of 3 June 2026 in Japan, written in UTC.
INSTANTS = {"eve": datetime(2026, 6, 2, 14, 59, 59, tzinfo=UTC), "day": datetime(2026, 6, 2, 15, 0, tzinfo=UTC)}

CARERS = """
clock  entry      block  state      basis    birth  category         | answer
*      future     *      *          *        *      *                | not_your_child
eve    from_day   *      *          *        *      *                | not_your_child
*      *          yes    *          *        *      *                | contact_blocked
*      past       *      *          *        *      *                | care_ended
day    until_eve  *      *          *        *      *                | care_ended
*      *          *      lost       *        *      *                | authority_lost
*      *          *      suspended  *        *      *                | carer_suspended
*      *          *      *          contact  *      *                | contact_only
*      *          *      *          *        adult  *                | of_age
day    *          *      *          *        18_day *                | of_age
*      *          *      *          *        *      health_room      | no_rule
*      *          *      *          *        *      wellbeing        | no_rule
*      *          *      *          *        *      selection_report | no_rule
*      *          *      *          *        *      fitness          | no_rule
*      *          *      *          *        *      learning_log     | no_rule
*      *          *      *          *        *      early_years      | no_rule
*      *          *      *          *        *      next_step        | no_rule
*      *          *      *          *        *      credential       | no_rule
*      *          *      *          *        *      welfare          | no_rule
*      *          *      active     *        *      *                | allowed
*      *          *      unable     *        *      *                | allowed
"""

ENTRIES = {
    "future": (date(2026, 6, 4), None),
    "from_day": (date(2026, 6, 3), None),
    "open": (date(2015, 1, 1), None),
    "until_day": (date(2015, 1, 1), date(2026, 6, 3)),
    "until_eve": (date(2015, 1, 1), date(2026, 6, 2)),
    "past": (date(2015, 1, 1), date(2026, 6, 1)),
}
BIRTHS = {
    "child": date(2014, 7, 10),
    "18_next": date(2008, 6, 4),
    "18_day": date(2008, 6, 3),
    "adult": date(2008, 6, 2),
}

STAFF = """
clock  held       office         place     category          | answer
*      future     *              *         *                 | role_ended
eve    from_day   *              *         *                 | role_ended
*      past       *              *         *                 | role_ended
day    until_eve  *              *         *                 | role_ended
*      *          operator       *         *                 | role_not_for_category
*      *          board_officer  *         *                 | role_not_for_category
*      *          *              unknown   *                 | unknown_child
*      *          *              never     *                 | not_in_your_care
*      *          *              elsewhere *                 | not_in_your_care
*      *          *              future    *                 | not_in_your_care
eve    *          *              from_day  *                 | not_in_your_care
*      *          teacher        class_2   *                 | not_in_your_care
*      *          teacher        no_class  *                 | not_in_your_care
*      *          teacher        last_year *                 | not_in_your_care
*      *          teacher        2019      *                 | not_in_your_care
*      *          teacher        2003      *                 | not_in_your_care
day    *          teacher        until_eve *                 | not_in_your_care
*      *          teacher        *         health_room       | role_not_for_category
*      *          teacher        *         selection_report  | role_not_for_category
*      *          teacher        *         fitness           | role_not_for_category
*      *          teacher        *         learning_log      | role_not_for_category
*      *          teacher        *         early_years       | role_not_for_category
*      *          teacher        *         next_step         | role_not_for_category
*      *          teacher        *         credential        | role_not_for_category
*      *          teacher        *         welfare           | role_not_for_category
*      *          teacher        *         *                 | allowed
*      *          nurse_teacher  last_year *                 | not_in_your_care
*      *          nurse_teacher  2019      *                 | not_in_your_care
*      *          nurse_teacher  2003      *                 | not_in_your_care
day    *          nurse_teacher  until_eve *                 | not_in_your_care
*      *          nurse_teacher  *         health_check      | allowed
*      *          nurse_teacher  *         attendance_daily  | allowed
*      *          nurse_teacher  *         support_plan      | allowed
*      *          nurse_teacher  *         care_plan         | allowed
*      *          nurse_teacher  *         health_room       | allowed
*      *          nurse_teacher  *         wellbeing         | allowed
*      *          nurse_teacher  *         *                 | role_not_for_category
*      *          *              2003      *                 | not_in_your_care
*      *          *              2019      enrolment         | allowed
*      *          *              2019      guidance          | left_school
*      *          *              2019      health_check      | left_school
*      *          *              last_year health_check      | left_school
day    *          *              until_eve health_check      | left_school
*      *          *              *         enrolment         | allowed
*      *          *              *         guidance          | allowed
*      *          *              *         health_check      | allowed
*      *          clerk          *         *                 | role_not_for_category
*      *          principal      2019      attendance_daily  | left_school
*      *          principal      *         attendance_daily  | allowed
*      *          principal      2019      report            | left_school
*      *          principal      2019      assessment        | left_school
*      *          principal      2019      support_plan      | left_school
*      *          principal      2019      care_plan         | left_school
*      *          principal      last_year report            | left_school
*      *          principal      last_year assessment        | left_school
*      *          principal      last_year support_plan      | left_school
*      *          principal      last_year care_plan         | left_school
day    *          principal      until_eve report            | left_school
day    *          principal      until_eve assessment        | left_school
day    *          principal      until_eve support_plan      | left_school
day    *          principal      until_eve care_plan         | left_school
*      *          principal      *         report            | allowed
*      *          principal      *         assessment        | allowed
*      *          principal      *         support_plan      | allowed
*      *          principal      *         care_plan         | allowed
*      *          principal      *         *                 | role_not_for_category
"""

PLACES = {
    "never": (),
    "elsewhere": (placement(WEST),),
    "future": (placement(begin=date(2026, 6, 4)),),
    "from_day": (placement(begin=date(2026, 6, 3)),),
    "class_1": (placement(),),
    "class_2": (placement(class_id=CLASS_6_2),),
    "no_class": (placement(class_id=None),),
    "until_day": (placement(end=date(2026, 6, 3)),),
    "until_eve": (placement(end=date(2026, 6, 2)),),
    "last_year": (placement(school_year=2025), placement(WEST)),
    "2019": (placement(school_year=2019), placement(WEST)),
    "2003": (placement(school_year=2003),),
}
HELD = ENTRIES

Asked = Callable[[], Iterator[tuple[dict[str, str], Read]]]

FAMILY_AND_OTHERS = """
kind         person   child    category         | answer
job          *        *        *                | no_rule
organisation *        *        *                | no_rule
unknown      *        *        *                | sign_in_needed
*            nobody   *        *                | sign_in_needed
staff        *        *        *                | role_ended
*            *        unknown  *                | unknown_child
learner      stranger *        *                | not_your_record
learner      mother   *        *                | not_your_record
carer        child    *        *                | not_your_child
carer        stranger *        *                | not_your_child
*            *        *        selection_report | no_rule
*            *        *        fitness          | no_rule
*            *        *        learning_log     | no_rule
*            *        *        early_years      | no_rule
*            *        *        next_step        | no_rule
*            *        *        credential       | no_rule
*            *        *        welfare          | no_rule
carer        *        *        health_room      | no_rule
carer        *        *        wellbeing        | no_rule
*            *        *        *                | allowed
"""


@dataclass(frozen=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], str], ...]

    def row_for(self, case: dict[str, str]) -> int:
        values = [case[column] for column in self.columns]
        fits = (all(c in ("*", v) for c, v in zip(cells, values, strict=True)) for cells, _ in self.rows)
        return next(index for index, fit in enumerate(fits) if fit)


def table(text: str) -> Table:
    head, *lines = [line.split("|") for line in text.strip().splitlines()]
    return Table(tuple(head[0].split()), tuple((tuple(cells.split()), answer.strip()) for cells, answer in lines))


def cases(**columns: list[str]) -> Iterator[dict[str, str]]:
    for values in product(*columns.values()):
        yield dict(zip(columns, values, strict=True))


def answered(read: Read) -> str:
    verdict = decide(read, POLICY)
    return "allowed" if isinstance(verdict, Allowed) else verdict.code.value


def differences(rules: Table, asked: Iterator[tuple[dict[str, str], Read]]) -> tuple[int, list[str]]:
    """How many cases were compared, and those where the answer is not the table's."""
    count, wrong = 0, []
    for case, read in asked:
        count += 1
        expected, given = rules.rows[rules.row_for(case)][1], answered(read)
        if expected != given:
            wrong.append(f"{case}: table says {expected}, decide says {given}")
    return count, wrong


def carer_cases() -> Iterator[tuple[dict[str, str], Read]]:
    columns = cases(
        clock=list(INSTANTS),
        entry=list(ENTRIES),
        block=["yes", "no"],
        state=list(CarerState),
        basis=list(Basis),
        birth=list(BIRTHS),
        category=list(Category),
    )
    for case in columns:
        begin, end = ENTRIES[case["entry"]]
        entry = care(
            MOTHER, Basis(case["basis"]), CarerState(case["state"]), begin, end, contact_block=case["block"] == "yes"
        )
        whom = child(entry, born=BIRTHS[case["birth"]])
        asker = Actor(ActorKind.CARER, MOTHER)
        yield case, Read(asker, whom, Category(case["category"]), INSTANTS[case["clock"]])


def staff_cases() -> Iterator[tuple[dict[str, str], Read]]:
    columns = cases(
        clock=list(INSTANTS),
        held=list(HELD),
        office=list(StaffRole),
        place=[*PLACES, "unknown"],
        category=list(Category),
    )
    for case in columns:
        begin, end = HELD[case["held"]]
        office = StaffRole(case["office"])
        organisation = BOARD if office in (StaffRole.BOARD_OFFICER, StaffRole.OPERATOR) else EAST
        classes = frozenset({CLASS_6_1}) if office is StaffRole.TEACHER else frozenset()
        whom = None if case["place"] == "unknown" else child(placements=PLACES[case["place"]])
        asker = staff(role(office, organisation, classes, begin, end))
        yield case, Read(asker, whom, Category(case["category"]), INSTANTS[case["clock"]])


def other_cases() -> Iterator[tuple[dict[str, str], Read]]:
    people = {"child": HANAKO, "mother": MOTHER, "stranger": STRANGER, "nobody": None}
    known: dict[str, Child | None] = {"known": child(care(), placements=(placement(),)), "unknown": None}
    for case in cases(kind=list(ActorKind), person=list(people), child=list(known), category=list(Category)):
        asker = Actor(ActorKind(case["kind"]), people[case["person"]])
        yield case, Read(asker, known[case["child"]], Category(case["category"]), INSTANTS["day"])


@pytest.mark.parametrize(
    ("text", "asked", "at_least"),
    [(CARERS, carer_cases, 55_000), (STAFF, staff_cases, 16_800), (FAMILY_AND_OTHERS, other_cases, 860)],
    ids=["carers", "staff", "others"],
)
def test_every_combination_is_decided_as_the_table_says(text: str, asked: Asked, at_least: int) -> None:
    count, wrong = differences(table(text), asked())
    assert not wrong, f"{len(wrong)} of {count}, first: {wrong[:5]}"
    assert count >= at_least


@pytest.mark.parametrize(
    ("text", "asked"),
    [(CARERS, carer_cases), (STAFF, staff_cases), (FAMILY_AND_OTHERS, other_cases)],
    ids=["carers", "staff", "others"],
)
def test_every_row_of_a_table_answers_some_case(text: str, asked: Asked) -> None:
    rules = table(text)
    assert {rules.row_for(case) for case, _ in asked()} == set(range(len(rules.rows)))
