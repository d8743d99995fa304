"""The files of authority and staff roles: who decides for a child, and who acts for a school."""

from datetime import date

import pytest

from pds.people.service import find_child
from tests.factories.oneroster import package
from tests.integration.pds.intake.desk import Desk, authority_row, codes, outcomes, sheet
from web.database import bind_context


def load_base(desk: Desk) -> None:
    desk.load(package().packed())


def load_authority(desk: Desk, **more: object) -> None:
    desk.load(sheet("carer_authority", authority_row() | more), "carers.csv")


def standing(desk: Desk) -> list[tuple[object, ...]]:
    return [
        tuple(row)
        for row in desk.ask(
            "SELECT basis, state, valid_from, valid_to FROM care WHERE NOT withdrawn ORDER BY valid_from"
        )
    ]


def test_authority_takes_the_place_of_the_rosters_contact(desk: Desk) -> None:
    load_base(desk)
    assert standing(desk) == [("contact", "active", date(2026, 4, 1), None)]
    load_authority(desk)
    assert standing(desk) == [("sole", "active", date(2019, 5, 3), None)]


def test_a_later_roster_leaves_authority_alone(desk: Desk) -> None:
    load_base(desk)
    load_authority(desk)
    desk.load(package().packed())
    assert standing(desk) == [("sole", "active", date(2019, 5, 3), None)]


def test_entries_follow_one_another_without_overlap(desk: Desk) -> None:
    load_base(desk)
    load_authority(desk)
    load_authority(
        desk, state="suspended", valid_from="2026-06-01", court_order="家裁令和8年(家)12号", evidence="court_document"
    )
    assert standing(desk) == [
        ("sole", "active", date(2019, 5, 3), date(2026, 5, 31)), ("sole", "suspended", date(2026, 6, 1), None),
    ]  # fmt: skip


def test_an_older_file_does_not_bring_a_suspended_authority_back(desk: Desk) -> None:
    load_base(desk)
    load_authority(desk, state="suspended", valid_from="2026-06-01")
    load_authority(desk)
    assert standing(desk)[-1] == ("sole", "suspended", date(2026, 6, 1), None)
    assert standing(desk)[0][3] == date(2026, 5, 31)


def test_a_contact_block_is_not_lifted_by_a_later_entry(desk: Desk) -> None:
    load_base(desk)
    load_authority(desk, contact_block=True)
    seen = desk.load(sheet("carer_authority", authority_row(valid_from="2026-06-01")), "carers.csv")
    assert codes(seen) == {"intake.block_stays": 1}
    load_authority(desk, contact_block=False)
    assert desk.scalar("SELECT count(*) FROM care WHERE contact_block AND NOT withdrawn") == 0


def test_the_rules_read_what_was_imported(desk: Desk) -> None:
    load_base(desk)
    load_authority(desk, court_order="家裁令和8年(家)12号", evidence="court_document")
    learner = desk.learner("s-1")
    with desk.web.database.session() as session:
        bind_context(session, learners=[learner])
        child = find_child(session, desk.web, learner)
    assert child is not None
    (care,) = child.facts.care
    assert (care.basis.value, care.court_order is not None) == ("sole", True)
    (place,) = child.facts.placements
    assert place.board == desk.scalar("SELECT organisation_id FROM organisation WHERE code = '209201'")


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"learner": "s-9"}, "learner_unknown", "learner"),
        ({"carer": "c-9"}, "carer_unknown", "carer"),
        ({"valid_to": "2019-05-02"}, "dates_reversed", "valid_to"),
        ({"valid_from": "2019/5/3"}, "mangled_date", "valid_from"),
        ({"state": "paused"}, "not_a_code", "state"),
        ({"evidence": ""}, "required", "evidence"),
    ],
)
def test_a_row_of_authority_is_refused_at_its_column(
    desk: Desk, change: dict[str, object], code: str, column: str
) -> None:
    load_base(desk)
    seen = desk.hand_in(sheet("carer_authority", authority_row() | change), "carers.csv")
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.row, finding.column) == (f"intake.{code}", 2, column)


def role_row(**more: object) -> dict[str, object]:
    return {
        "staff": "t-1", "role": "nurse_teacher", "organisation": "B120299000018", "valid_from": "2026-04-01",
        "valid_to": "2027-03-31",
    } | more  # fmt: skip


def test_roles_that_a_roster_has_no_word_for_come_from_their_own_file(desk: Desk) -> None:
    load_base(desk)
    rows = [role_row(), role_row(role="board_officer", organisation="209201"), role_row(**{"class": "cl-5-1"})]
    seen = desk.load(sheet("staff_roles", *rows), "roles.csv")
    assert outcomes(seen, "staff_role") == {"new": 3}
    found = desk.ask(
        "SELECT r.role, o.code FROM staff_role r JOIN organisation o USING (organisation_id) "
        "WHERE r.role <> 'teacher' ORDER BY 1, 2"
    )
    assert [tuple(row) for row in found] == [
        ("board_officer", "209201"), ("nurse_teacher", "B120299000018"), ("nurse_teacher", "B120299000018"),
    ]  # fmt: skip


def test_a_role_that_ends_earlier_is_the_same_role(desk: Desk) -> None:
    load_base(desk)
    desk.load(sheet("staff_roles", role_row()), "roles.csv")
    seen = desk.load(sheet("staff_roles", role_row(valid_to="2026-12-31")), "roles.csv")
    assert outcomes(seen, "staff_role") == {"changed": 1}


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"staff": "t-9"}, "staff_unknown", "staff"),
        ({"organisation": "11000"}, "lost_zero", "organisation"),
        ({"organisation": "B120299000027"}, "school_unknown", "organisation"),
        ({"class": "cl-9"}, "class_unknown", "class"),
        ({"role": "teacher"}, "not_a_code", "role"),
    ],
)
def test_a_row_of_roles_is_refused_at_its_column(desk: Desk, change: dict[str, object], code: str, column: str) -> None:
    load_base(desk)
    seen = desk.hand_in(sheet("staff_roles", role_row(**change)), "roles.csv")
    (finding,) = desk.findings(seen.run_id)
    assert (finding.code, finding.row, finding.column) == (f"intake.{code}", 2, column)
