"""Lodging tells nothing: one answer for every well-formed ticket, in a role that reaches no learner."""

import json
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from pds.authorization import lodging
from pds.authorization.lodging import LOOK_UP
from pds.node import Node
from tests.integration.pds.authorization.asker import SCHOOL, Asker, asked, error_of, new_ticket
from tests.integration.pds.authorization.conftest import OTHER_SCHOOL, Family
from tests.integration.web.conftest import TickingClock
from web.jobs import service


def jobs(node: Node) -> list[dict[str, Any]]:
    with node.database.session() as session:
        rows = session.execute(text("SELECT arguments FROM job WHERE kind = :kind"), {"kind": LOOK_UP})
        return [row.arguments for row in rows]


def test_a_malformed_ticket_is_refused_by_name(asker: Asker, jobs_node: Node) -> None:
    good = new_ticket()
    slip = good[:7] + ("A" if good[7] != "A" else "B") + good[8:]
    for ticket in ("", "ABCD-EFGH", "山田花子", "0" * 24, "a\x00b", good * 20, slip):
        answer = asker.lodge(ticket)
        assert error_of(answer) == "invalid_request", ticket
        assert answer.get_json().get("code") == ("ticket.malformed" if ticket else None), ticket
    assert jobs(jobs_node) == []


def test_a_known_a_forged_and_a_used_ticket_are_answered_alike(
    asker: Asker, family: Family, jobs_node: Node, clock: TickingClock
) -> None:
    known, forged = new_ticket(), new_ticket(number=77)
    answers = [asker.lodge(known), asker.lodge(forged), asker.lodge(known)]
    family.open(answers[0].get_json()["auth_req_id"])
    bodies = [answer.get_json() for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({body.pop("auth_req_id") for body in bodies}) == 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert len({len(answer.data) for answer in answers}) == 1
    assert {tuple(name for name, _ in answer.headers) for answer in answers} == {
        tuple(name for name, _ in answers[0].headers)
    }
    assert len(jobs(jobs_node)) == 3


def test_they_stay_alike_until_they_lapse_together(asker: Asker, family: Family, clock: TickingClock) -> None:
    unanswered, forged = (asker.lodge(new_ticket()).get_json()["auth_req_id"] for _ in range(2))
    family.open(unanswered)
    for days, error in ((1, "authorization_pending"), (28, "authorization_pending"), (1, "expired_token")):
        clock.pass_time(days=days)
        first, second = asker.poll(unanswered), asker.poll(forged)
        assert error_of(first) == error
        assert first.get_json() == second.get_json()


def test_a_repeat_under_the_same_idempotency_key_returns_the_first_answer(asker: Asker, jobs_node: Node) -> None:
    ticket = new_ticket()
    first = asker.lodge(ticket, key="k-1")
    assert asker.lodge(ticket, key="k-1").get_json() == first.get_json()
    assert len(jobs(jobs_node)) == 1
    assert asker.lodge(ticket, key="k-2").get_json() != first.get_json()


def test_an_idempotency_key_serves_one_request_of_one_client(
    asker: Asker, stranger: Asker, jobs_node: Node, clock: TickingClock
) -> None:
    ticket = new_ticket()
    first = asker.lodge(ticket, key="k-1").get_json()
    another = asker.lodge(new_ticket(), key="k-1")
    assert error_of(another) == "invalid_request"
    assert another.get_json()["code"] == "authorization.idempotency_key_reused"
    theirs = stranger.lodge(ticket, key="k-1", details=[asked(recipient=OTHER_SCHOOL)])
    assert theirs.get_json()["auth_req_id"] != first["auth_req_id"]


def test_an_idempotency_key_is_short_and_plain(asker: Asker) -> None:
    for key in (" ", "x" * 129, "鍵".encode().decode("latin-1")):
        assert error_of(asker.lodge(new_ticket(), key=key)) == "invalid_request", key


def test_what_is_stored_holds_neither_ticket_nor_request_id(asker: Asker, jobs_node: Node) -> None:
    ticket = new_ticket()
    auth_req_id = asker.lodge(ticket, key="k-1").get_json()["auth_req_id"]
    with jobs_node.database.session() as session:
        stored = session.execute(text("SELECT row_to_json(r)::text FROM lodged_request r")).scalar_one()
        queued = session.execute(text("SELECT row_to_json(j)::text FROM job j")).scalar_one()
    for kept in (stored, queued):
        assert ticket not in kept
        assert ticket.replace("-", "") not in kept
        assert auth_req_id not in kept
    assert set(jobs(jobs_node)[0]) == {"request"}


REFUSED_DETAILS: tuple[tuple[Any, str], ...] = (
    ([], "one object"),
    ([{"type": "account_information"}], "type"),
    ([{"type": "manabi_dossier", "identifier": "x"}], "type"),
    ([asked(), asked()], "one object"),
    ([asked(recipient=OTHER_SCHOOL)], "recipient"),
    ([asked(recipient="X")], "recipient"),
    ([asked(categories=[])], "categories"),
    ([asked(categories=[{"category": "safeguarding", "school_years": [2025]}])], "category"),
    ([asked(categories=[{"category": "report", "school_years": [2025, 2025]}])], "school_years"),
    ([asked(categories=[{"category": "report", "school_years": [True]}])], "school_years"),
    ([asked(until="2026-11-20T03:00:00Z")], "until"),
    ([asked(until="2027-03-31")], "until"),
    ([asked(until="9999-12-31T23:59:59Z")], "until"),
    ([asked(mode="sell")], "mode"),
    ([asked(purpose="marketing")], "purpose"),
    ([asked(identifier="00000000-0000-0000-0000-000000000000")], "identifier"),
    ([asked(child="山田花子")], "child"),
)


def test_details_that_are_not_as_published_are_refused_with_the_place(asker: Asker) -> None:
    for details, place in REFUSED_DETAILS:
        answer = asker.lodge(new_ticket(), details=details)
        assert error_of(answer) == "invalid_authorization_details", details
        assert place in answer.get_json()["error_description"], details


def test_details_that_are_no_json_are_refused(asker: Asker) -> None:
    for raw in ("", "x", "{", "[" * 16_000, "null", '[{"type":"manabi_records","type":"x"}]'):
        answer = asker.lodge(new_ticket(), authorization_details=raw)
        assert error_of(answer) == "invalid_authorization_details", raw


def test_what_is_not_taken_is_said(asker: Asker) -> None:
    cases: list[tuple[dict[str, str], str]] = [
        ({"scope": "openid profile"}, "invalid_scope"),
        ({"binding_message": "x" * 65}, "invalid_binding_message"),
        ({"binding_message": "山田花子"}, "invalid_binding_message"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"login_hint_token": "x"}, "invalid_request"),
        ({"user_code": "x"}, "invalid_request"),
    ]
    for form, error in cases:
        assert error_of(asker.lodge(new_ticket(), **form)) == error, form


def test_the_case_is_the_askers_own_name_or_else_the_binding_message(asker: Asker, family: Family) -> None:
    named = asker.lodge(new_ticket()).get_json()["auth_req_id"]
    details = asked()
    del details["case"]
    shown = asker.lodge(new_ticket(), details=[details], binding_message="B-17").get_json()["auth_req_id"]
    assert (family.lodged(named).case, family.lodged(shown).case) == ("case-1", "B-17")
    assert family.lodged(named).details["recipient"] == SCHOOL


def test_parameters_stand_in_the_body_and_once(asker: Asker) -> None:
    answer = asker.post("/oauth/bc-authorize?login_hint=x", {})
    assert error_of(answer) == "invalid_request"
    twice = asker.app.test_client().post("/oauth/token", data={"grant_type": ["refresh_token", "refresh_token"]})
    assert error_of(twice) == "invalid_request"
    as_json = asker.app.test_client().post("/oauth/token", json={"grant_type": "refresh_token"})
    assert error_of(as_json) == "invalid_request"
    large = asker.app.test_client().post("/oauth/token", data={"x": "y" * 60_000})
    assert (large.status_code, error_of(large)) == (413, "invalid_request")


def test_as_lodging_every_table_but_that_of_lodged_requests_is_refused(node: Node) -> None:
    with node.database.session() as session:
        tables = set(session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars())
    assert {"learner", "person", "record", "transfer_ticket", "share_request"} <= tables
    read = {table for table in tables if may(node, f'SELECT count(*) FROM "{table}"')}
    assert read == {"lodged_request"}
    # Adding a job is all else it may do: that of looking the ticket up.
    written = {
        table
        for table in tables
        if privileged(node, f"has_table_privilege('manabi_lodging', '{table}', 'INSERT, UPDATE, DELETE, TRUNCATE')")
    }
    assert written == {"lodged_request", "job"}


def test_as_lodging_no_function_that_finds_a_learner_can_be_called(node: Node) -> None:
    nobody = "'00000000-0000-0000-0000-000000000000'"
    assert not may(node, f"SELECT learner_of_request({nobody})")
    assert not may(node, f"SELECT learner_of_dossier({nobody}, 'b.node')")
    with node.database.session() as session:
        defined = session.execute(
            text(
                "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef "
                "AND has_function_privilege('manabi_lodging', oid, 'EXECUTE')"
            )
        ).scalar_one()
    assert defined == 0


def may(node: Node, statement: str) -> bool:
    """Whether the role of lodging may run a statement."""
    with node.database.session() as session:
        session.execute(text("SET LOCAL ROLE manabi_lodging"))
        try:
            session.execute(text(statement))
        except ProgrammingError as error:
            return "permission denied" not in str(error)
        return True


def privileged(node: Node, question: str) -> bool:
    with node.database.session() as session:
        return bool(session.execute(text(f"SELECT {question}")).scalar_one())


def test_lodging_runs_as_that_role_and_the_role_ends_with_it(
    asker: Asker, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def watch(session: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(session.execute(text("SELECT current_user")).scalar_one())
        return service.enqueue(session, *args, **kwargs)

    monkeypatch.setattr(lodging, "enqueue", watch)
    assert asker.lodge(new_ticket()).status_code == 200
    assert seen == ["manabi_lodging"]
    with node.database.session() as session:
        assert session.execute(text("SELECT current_user")).scalar_one() == "manabi_app"


def test_the_answer_is_json_that_a_strict_reader_takes(asker: Asker) -> None:
    answer = asker.lodge(new_ticket())
    assert answer.mimetype == "application/json"
    assert set(json.loads(answer.data)) == {"auth_req_id", "expires_in", "interval"}
