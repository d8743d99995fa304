"""The JSON interface of asking and sharing: what the pages do, for programs that walk it from outside."""

from typing import Any

from flask.testing import FlaskClient

from tests.factories.sharing import Home
from tests.integration.pds.granting.conftest import Visit


def caller(visit: Visit, home: Home) -> tuple[FlaskClient, dict[str, str]]:
    """The mother's program and the header that its changing calls carry."""
    browser = visit(home.mother)
    browser.get("/")
    browser.client.environ_base["HTTP_ACCEPT"] = "application/json"
    return browser.client, {"X-CSRF-Token": browser.token}


def call(client: FlaskClient, headers: dict[str, str], path: str, body: Any = None) -> tuple[int, Any]:
    answer = client.get(path) if body is None else client.post(path, json=body, headers=headers)
    return answer.status_code, answer.get_json(silent=True)


def test_a_program_walks_from_the_request_to_the_end_of_the_sharing(home: Home, visit: Visit) -> None:
    client, headers = caller(visit, home)
    base = f"/api/v1/learners/{home.brother}"
    status, listed = call(client, headers, f"{base}/requests")
    assert status == 200
    (asked,) = listed["requests"]
    assert asked["may_answer"]
    assert asked["asker"]["name"] == "となり市立北小学校"
    assert asked["statutory"] == ["enrolment", "guidance", "health_check"]
    request = f"{base}/requests/{asked['request']}"

    choice = {"keep": [{"category": "report", "school_years": [2026]}], "comment": "どうぞ"}
    status, words = call(client, headers, f"{request}/words", choice)
    assert status == 200
    assert "通知表: 2026年度" in words["text"]
    status, done = call(client, headers, f"{request}/answer", choice | {"share": True, "shown": words["version"]})
    assert (status, done["state"], done["others_awaited"]) == (200, "granted_in_part", False)
    assert done["terms"]["categories"] == choice["keep"]
    assert call(client, headers, f"{base}/receipts/{done['receipt']}")[1]["format"] == "manabi-receipt/1"

    grant = f"{base}/grants/{done['grant']}"
    assert call(client, headers, f"{grant}/pause", {})[1]["state"] == "paused"
    assert call(client, headers, f"{grant}/resume", {})[1]["state"] == "active"
    assert call(client, headers, f"{grant}/stop", {})[1]["state"] == "revoked"
    (ended,) = call(client, headers, f"{base}/grants")[1]["grants"]
    assert ended["end_answer"] is None


def test_what_the_law_moves_is_read_and_commented(home: Home, visit: Visit) -> None:
    client, headers = caller(visit, home)
    request = f"/api/v1/learners/{home.brother}/requests/{home.lone_request}/statutory"
    _, found = call(client, headers, request)
    assert {one["category"] for one in found["records"]} == {"enrolment", "guidance", "health_check"}
    assert found["open"]
    assert call(client, headers, f"{request}/comment", {"comment": "見ました", "objects": True})[0] == 204
    assert call(client, headers, f"{request}/seen", {}) == (200, {"complete": True})
    _, after = call(client, headers, request)
    assert (after["comment"], after["objects"], after["open"]) == ("見ました", True, False)


def test_nothing_is_widened_and_no_words_are_passed_over(home: Home, visit: Visit) -> None:
    client, headers = caller(visit, home)
    answer = f"/api/v1/learners/{home.brother}/requests/{home.lone_request}/answer"
    form = {"share": True, "shown": "0" * 64}
    for keep in (
        [{"category": "report", "school_years": [2019]}],
        [{"category": "guidance", "school_years": [2025]}],
        [{"category": "nonsense", "school_years": [2025]}],
        [{"category": "report", "school_years": []}],
    ):
        assert call(client, headers, answer, form | {"keep": keep})[0] == 422
    kept = {"keep": [{"category": "report", "school_years": [2026]}]}
    assert call(client, headers, answer, form | kept | {"until": "2099-01-01T00:00:00Z"})[0] == 422
    status, problem = call(client, headers, answer, form | kept)
    assert (status, problem["code"]) == (409, "granting.words_changed")


def test_a_stranger_finds_nothing_under_any_address(home: Home, visit: Visit) -> None:
    client = visit(home.stranger).client
    client.environ_base["HTTP_ACCEPT"] = "application/json"
    base = f"/api/v1/learners/{home.brother}"
    for path in ("/requests", f"/requests/{home.lone_request}", f"/requests/{home.lone_request}/preview/report",
                 f"/requests/{home.lone_request}/statutory", "/grants", "/receipts"):  # fmt: skip
        assert client.get(base + path).status_code == 404
