"""An officer imports for their own school or board and for nobody else's; the operator's command line for all."""

from uuid import UUID, uuid4

import pytest

from pds.intake import service
from pds.organisations.codes import check_digit
from pds.people import staffing
from tests.factories.oneroster import Package, delta_package, package
from tests.integration.pds.intake.desk import Desk, authority_row, codes, guidance_row, school_row, sheet
from tests.integration.pds.intake.test_oneroster import other_establisher, taking_off

WEST = "C12029900001" + check_digit("C12029900001")


def two_schools() -> Package:
    """The base set with a second school of the same board, a clerk for each, and an officer of the board."""
    bent = package()
    bent.rows["orgs"].append(
        {"sourcedId": "west", "name": "みらい市立西中学校", "type": "school", "identifier": WEST,
         "parentSourcedId": "board"}
    )  # fmt: skip
    for number, (user, school) in enumerate((("k-east", "east"), ("k-west", "west"), ("b-1", "board"))):
        bent.rows["users"].append(
            bent.rows["users"][3]
            | {"sourcedId": user, "userMasterIdentifier": f"a{number}000000-0000-4000-8000-000000000000",
               "primaryOrgSourcedId": school}
        )  # fmt: skip
        bent.rows["roles"].append(
            bent.rows["roles"][3]
            | {"sourcedId": f"r-{user}", "userSourcedId": user, "role": "siteAdministrator", "orgSourcedId": school}
        )
    return bent


def role(staff: str, name: str, organisation: str) -> dict[str, object]:
    return {"staff": staff, "role": name, "organisation": organisation, "valid_from": "2026-04-01"}


@pytest.fixture
def offices(desk: Desk) -> dict[str, UUID]:
    desk.load(two_schools().packed())
    roles = [
        role("k-east", "clerk", "B120299000018"), role("k-west", "clerk", WEST), role("b-1", "board_officer", "209201"),
    ]  # fmt: skip
    desk.load(sheet("staff_roles", *roles), "roles.csv")
    with desk.worker.database.session() as session:
        return staffing.find_staff(session, desk.worker, ["k-east", "k-west", "b-1", "t-1"])


def errors(desk: Desk, content: bytes, name: str, by: UUID) -> dict[str, int]:
    return codes(desk.hand_in(content, name, by=by))


def test_a_clerk_imports_the_registers_of_the_own_school_alone(desk: Desk, offices: dict[str, UUID]) -> None:
    register = sheet("register_guidance", guidance_row())
    assert errors(desk, register, "g.csv", offices["k-east"]) == {}
    assert errors(desk, register, "g.csv", offices["b-1"]) == {}
    assert errors(desk, register, "g.csv", offices["k-west"]) == {"intake.out_of_reach": 1}


def test_who_has_no_such_duty_imports_nothing(desk: Desk, offices: dict[str, UUID]) -> None:
    register = sheet("register_guidance", guidance_row())
    assert errors(desk, register, "g.csv", offices["t-1"]) == {"intake.out_of_reach": 1}
    assert errors(desk, register, "g.csv", uuid4()) == {"intake.out_of_reach": 1}


def test_authority_over_a_child_is_entered_where_the_child_is_enrolled(desk: Desk, offices: dict[str, UUID]) -> None:
    content = sheet("carer_authority", authority_row())
    assert errors(desk, content, "c.csv", offices["k-east"]) == {}
    assert errors(desk, content, "c.csv", offices["k-west"]) == {"intake.out_of_reach": 1}


def test_roles_are_given_in_reach_and_high_ones_never_at_a_school(desk: Desk, offices: dict[str, UUID]) -> None:
    own = sheet("staff_roles", role("t-1", "nurse_teacher", "B120299000018"))
    board = sheet("staff_roles", role("k-east", "board_officer", "209201"))
    here = sheet("staff_roles", role("k-east", "operator", "B120299000018"))
    assert errors(desk, own, "r.csv", offices["k-east"]) == {}
    assert errors(desk, board, "r.csv", offices["k-east"]) == {"intake.out_of_reach": 1}
    assert errors(desk, here, "r.csv", offices["k-east"]) == {"intake.role_not_here": 1}
    assert errors(desk, board, "r.csv", offices["b-1"]) == {}


def test_a_list_of_schools_changes_own_schools_alone(desk: Desk, offices: dict[str, UUID]) -> None:
    content = sheet("school_list", school_row(WEST, "別の名前"))
    assert errors(desk, content, "s.csv", offices["k-east"]) == {"intake.out_of_reach": 1}
    assert errors(desk, content, "s.csv", offices["b-1"]) == {}


def test_a_roster_of_another_establisher_is_out_of_reach(desk: Desk, offices: dict[str, UUID]) -> None:
    found = errors(desk, other_establisher(), "k.zip", offices["b-1"])
    assert set(found) == {"intake.out_of_reach"}


def test_people_of_another_school_are_neither_renamed_nor_taken_off(desk: Desk, offices: dict[str, UUID]) -> None:
    only_user = delta_package()
    del only_user.rows["enrollments"]
    only_user.set_manifest("file.enrollments", "absent")
    for content in (
        only_user.packed(),
        taking_off("s-1").packed(),
        taking_off("t-1").packed(),
        taking_off("c-1").packed(),
    ):
        assert errors(desk, content, "d.zip", offices["k-west"]) == {"intake.out_of_reach": 1}
        assert errors(desk, content, "d.zip", offices["k-east"]) == {}


def test_whoever_orders_the_apply_must_have_the_reach_too(desk: Desk, offices: dict[str, UUID]) -> None:
    seen = desk.hand_in(sheet("register_guidance", guidance_row()), "g.csv", by=offices["k-east"])
    with desk.web.database.session() as session:
        service.request_apply(session, seen.run_id, by=offices["k-west"], now=desk.now)
        session.commit()
    desk.run_jobs()
    assert desk.view(seen.run_id).state == "refused"
    assert desk.scalar("SELECT count(*) FROM record") == 0


def test_a_run_is_handled_by_its_officer_and_by_those_who_reach_all_of_it(desk: Desk, offices: dict[str, UUID]) -> None:
    seen = desk.hand_in(sheet("register_guidance", guidance_row()), "g.csv", by=offices["k-east"])
    roster = desk.hand_in(two_schools().packed(), by=None)
    with desk.web.database.session() as session:

        def may(run: service.RunView, officer: str) -> bool:
            return service.may_handle(session, desk.web, run, offices[officer], now=desk.now)

        assert [may(seen, officer) for officer in ("k-east", "b-1", "k-west", "t-1")] == [True, True, False, False]
        assert [may(roster, officer) for officer in ("b-1", "k-east", "t-1")] == [True, False, False]


def test_the_officers_are_kept_with_the_run(desk: Desk, offices: dict[str, UUID]) -> None:
    seen = desk.hand_in(sheet("register_guidance", guidance_row()), "g.csv", by=offices["k-east"])
    with desk.web.database.session() as session:
        service.request_apply(session, seen.run_id, by=offices["b-1"], now=desk.now)
        session.commit()
    desk.run_jobs()
    seen = desk.view(seen.run_id)
    assert (seen.state, seen.received_by, seen.applied_by) == ("applied", offices["k-east"], offices["b-1"])
