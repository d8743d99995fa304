"""The same reads as JSON: the published shapes, the same refusals, the same entries."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, text

from pds.node import Node
from tests.factories.node import EAST, World
from tests.integration.pds.look_back.conftest import Family, Visit
from trust.transparency.bundle import verify_bundle
from web.accounts.models import AccountKind

BASE = "https://localhost"


def read(client: FlaskClient, path: str, status: int = 200) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{path}", base_url=BASE)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.get_json(force=True)
    return found


def test_nobody_is_let_in_without_a_session(app: object, family: Family, call: Visit) -> None:
    client = call(family.child)
    client.delete_cookie("__Host-manabi-node", domain="localhost")
    for path in ("me", "learners", f"learners/{family.child}/timeline", f"learners/{family.child}/log"):
        assert read(client, path, 401)["code"] == "accounts.sign_in_needed"


def test_a_forged_session_opens_nothing(family: Family, call: Visit) -> None:
    client = call(family.child)
    client.set_cookie("__Host-manabi-node", "A" * 43, domain="localhost", secure=True)
    read(client, f"learners/{family.child}/timeline", 401)


def test_me_names_kind_and_offices(family: Family, call: Visit) -> None:
    assert read(call(family.child), "me") == {"kind": "learner", "person": str(family.child), "offices": []}
    teacher = read(call(family.teacher), "me")
    assert teacher["kind"] == "staff"
    assert [(office["role"], office["organisation_name"]) for office in teacher["offices"]] == [("teacher", EAST[1])]


def test_children_are_those_who_may_be_opened(family: Family, call: Visit) -> None:
    expected = {"family": "山田", "given": "花子", "family_kana": "やまだ", "given_kana": "はなこ"}
    assert read(call(family.mother), "learners")["learners"] == [{"learner": str(family.child), "name": expected}]
    assert read(call(family.child), "learners")["learners"][0]["learner"] == str(family.child)
    for person in (family.blocked, family.stranger, family.teacher):
        assert read(call(person), "learners")["learners"] == []


def test_the_timeline_lists_records_with_their_signatures(family: Family, call: Visit, node: Node) -> None:
    timeline = read(call(family.mother), f"learners/{family.child}/timeline")
    assert [year["grade"] for year in timeline["years"]] == ["P1", "P2", "P3", "P4", "P5", "P6"]
    assert timeline["years"][0]["events"] == [{"on": "2021-04-07", "what": "entered", "school": EAST[1]}]
    lines = [record for year in timeline["years"] for record in year["records"]]
    assert {line["signed_by"] for line in lines} == {node.keyring.signing_key(EAST[0]).kid}
    assert timeline["refused"] == []


def test_what_stays_closed_to_the_caller_is_named(world: World, family: Family, call: Visit) -> None:
    from consent.vocabulary import StaffRole

    school = world.session.execute(text("SELECT organisation_id FROM organisation WHERE kind = 'school'")).scalar_one()
    nurse = world.staff(StaffRole.NURSE_TEACHER, school)
    world.commit()
    timeline = read(call(nurse), f"learners/{family.child}/timeline")
    assert set(timeline["refused"]) == {"enrolment", "guidance", "report", "assessment", "portfolio"}


def test_a_record_comes_with_body_source_and_what_is_closed(family: Family, call: Visit, node: Node) -> None:
    found = read(call(family.child), f"learners/{family.child}/records/{family.guidance}")
    assert found["withheld"] == ["overall_remarks"]
    assert "overall_remarks" not in found["body"]
    assert found["body"]["attendance"]["present"] == 198
    assert (found["category"], found["school_year"], found["version"]) == ("guidance", 2025, 1)
    assert found["school"] == {"code": EAST[0], "name": EAST[1]}
    assert found["signed_by"] == node.keyring.signing_key(EAST[0]).kid
    assert (found["schema"], found["relation"]) == ("urn:manabi:schema:guidance:1", "self")


def test_the_answer_matches_its_published_envelope(family: Family, call: Visit) -> None:
    from pds.look_back.schemas import LogAnswer, RecordAnswer, TimelineAnswer

    client, base = call(family.child), f"learners/{family.child}"
    answers = {f"{base}/records/{family.health}": RecordAnswer, f"{base}/timeline": TimelineAnswer,
               f"{base}/log": LogAnswer}  # fmt: skip
    for path, schema in answers.items():
        assert schema().validate(read(client, path)) == {}


def test_the_newest_version_is_the_one_that_is_read(family: Family, call: Visit) -> None:
    found = read(call(family.child), f"learners/{family.child}/records/{family.health}")
    assert (found["version"], found["body"]["height_cm"]) == (2, 148.2)


def test_unknown_strange_and_blocked_are_answered_alike(family: Family, call: Visit) -> None:
    stranger, blocked, unknown = call(family.stranger), call(family.blocked), uuid4()
    for path in ("timeline", f"records/{family.health}", "log", "log/download"):
        answers = [
            _same_for_all(read(stranger, f"learners/{family.child}/{path}", 404)),
            _same_for_all(read(blocked, f"learners/{family.child}/{path}", 404)),
            _same_for_all(read(stranger, f"learners/{unknown}/{path}", 404)),
            _same_for_all(read(call(family.child), f"learners/{unknown}/{path}", 404)),
        ]
        assert all(answer == answers[0] for answer in answers), path
        assert "ruby" not in json.dumps(answers[0], ensure_ascii=False)


def test_an_unknown_record_of_ones_own_is_not_found(family: Family, call: Visit) -> None:
    read(call(family.child), f"learners/{family.child}/records/{uuid4()}", 404)


def test_a_swapped_sealed_body_is_answered_with_a_problem(world: World, family: Family, call: Visit) -> None:
    swap = text(
        "UPDATE record_version a SET sealed = b.sealed FROM record_version b "
        "WHERE a.record_id = :one AND b.record_id = :other"
    )
    world.session.execute(swap, {"one": family.guidance, "other": family.attendance})
    world.commit()
    problem = read(call(family.child), f"learners/{family.child}/records/{family.guidance}", 409)
    assert problem["code"] == "sharing.record_damaged"


def test_a_person_who_is_no_longer_known_sees_nothing(world: World, call: Visit, family: Family) -> None:
    client = call(family.mother)
    gone = uuid4()
    world.account(gone, AccountKind.FAMILY)
    world.accounts.execute(
        text("UPDATE web_session SET account_id = (SELECT account_id FROM account WHERE subject = :gone)"),
        {"gone": gone},
    )
    world.commit()
    assert read(client, f"learners/{family.child}/timeline", 404)["code"] == "sharing.nothing_here"


def test_a_read_is_told_in_the_log_with_its_reference(family: Family, call: Visit) -> None:
    teacher = call(family.teacher)
    answer = teacher.get(f"/api/v1/learners/{family.child}/records/{family.health}", base_url=BASE)
    log = read(call(family.mother), f"learners/{family.child}/log")
    entry = log["entries"][0]["entry"]
    assert entry["reference"] == answer.headers["Request-Id"]
    assert (entry["who"]["relation"], entry["outcome"]) == ("class_teacher", "allowed")
    assert entry["records"] == [[str(family.health), 2]]


def test_the_page_of_a_record_names_every_version_it_opened(family: Family, visit: Visit, call: Visit) -> None:
    visit(family.child).get(f"/learners/{family.child}/records/{family.health}", base_url=BASE)
    entry = read(call(family.child), f"learners/{family.child}/log")["entries"][0]["entry"]
    assert entry["records"] == [[str(family.health), 2], [str(family.health), 1]]


def test_the_log_is_read_page_by_page_to_its_end(family: Family, call: Visit) -> None:
    client = call(family.child)
    for _ in range(3):
        read(client, f"learners/{family.child}/records/{family.health}")
    seen, before = 0, None
    while True:
        page = read(client, f"learners/{family.child}/log?limit=2" + (f"&before={before}" if before else ""))
        seen, before = seen + len(page["entries"]), page["next_before"]
        if before is None:
            break
    assert seen == 3


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "before=-1", "only=magic", "before=99999999999999999999"]
)
def test_a_bad_query_is_named(family: Family, call: Visit, query: str) -> None:
    assert read(call(family.child), f"learners/{family.child}/log?{query}", 422)["code"] == "web.invalid_input"


def test_the_download_holds_offline(family: Family, call: Visit, sequence: Callable[[], int], node: Node) -> None:
    client = call(family.mother)
    read(client, f"learners/{family.child}/timeline")
    sequence()
    document = read(client, f"learners/{family.child}/log/download")
    report = verify_bundle(document, node.keyring.signing_key("node").public())
    assert report.ok, report.findings
    assert report.entries == 7


def test_each_reader_downloads_the_chain_of_their_own(
    family: Family, call: Visit, sequence: Callable[[], int]
) -> None:  # fmt: skip
    read(call(family.mother), f"learners/{family.child}/timeline")
    sequence()
    classes = {
        read(call(person), f"learners/{family.child}/log/download")["chain"]["viewer_class"]
        for person in (family.child, family.mother)
    }
    assert len(classes) == 2


def test_one_read_of_a_record_stays_cheap(family: Family, call: Visit, node: Node) -> None:
    """The hot path: session, person, context, child, record, entry; whoever adds a query changes this number."""
    client = call(family.child)
    read(client, f"learners/{family.child}/records/{family.guidance}")
    statements: list[str] = []
    listener = lambda *arguments: statements.append(arguments[2])  # noqa: E731
    event.listen(node.database.engine, "before_cursor_execute", listener)
    try:
        read(client, f"learners/{family.child}/records/{family.guidance}")
    finally:
        event.remove(node.database.engine, "before_cursor_execute", listener)
    assert len(statements) <= 6, statements


def _same_for_all(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name not in ("reference", "instance")}


def test_ids_in_answers_are_ids(family: Family, call: Visit) -> None:
    timeline = read(call(family.child), f"learners/{family.child}/timeline")
    assert UUID(timeline["learner"]["learner"]) == family.child
