"""The same move over the JSON interface: every step, what it refuses, and what it does not tell."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from werkzeug.test import TestResponse

from tests.integration.pds.school_work.browser import Browser
from tests.integration.pds.transfer_pages.offices import Office, Offices
from tests.integration.pds.transfer_pages.test_pages import CHILD, receive

API = "/api/v1/transfers"


@dataclass
class Caller:
    """A program of somebody signed in; it takes the token from a page, as the outside check does."""

    browser: Browser

    def get(self, path: str) -> TestResponse:
        return self.browser.client.get(f"{API}{path}", headers={"Accept": "application/json"})

    def post(self, path: str, body: dict[str, Any] | None = None) -> TestResponse:
        headers = {"Accept": "application/json", "X-CSRF-Token": self.browser.token}
        return self.browser.client.post(f"{API}{path}", json=body or {}, headers=headers)


def call(office: Office, who: Any) -> Caller:
    browser = office.visit(who)
    browser.get("/staff/")
    return Caller(browser)


def started(offices: Offices) -> dict[str, Any]:
    clerk = call(offices.a, offices.move.clerk_a)
    answer = clerk.post("/outgoing", {"learner": str(offices.move.learner), "left_on": "2026-11-27"})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def decision(offices: Offices, ticket: str) -> dict[str, Any]:
    places = {"school": str(offices.move.school_b), "class_id": str(offices.move.class_b)}
    return {**CHILD, **places, "ticket": ticket}


def test_a_move_is_carried_by_programs_from_the_ticket_to_the_download(offices: Offices) -> None:
    begun = started(offices)
    answer = call(offices.b, offices.move.officer_b).post("/incoming", decision(offices, begun["ticket"]))
    assert answer.status_code == 201, answer.text
    case = "/incoming/{learner}/{transfer}".format(**answer.get_json())
    clerk = call(offices.b, offices.move.clerk_b)
    wanted = {
        "categories": [
            {"category": "report", "school_years": [2024, 2025, 2026]},
            {"category": "attendance_daily", "school_years": [2026]},
        ],
        "until": "2027-03-31", "erase_on": "2027-03-31",
    }  # fmt: skip
    asked = clerk.post(f"{case}/ask", wanted)
    assert asked.status_code == 202, asked.text
    assert asked.get_json()["asked"]["until"] == "2027-03-31T15:00:00+00:00"
    offices.move.outgoing = type(offices.move.learner)(begun["transfer"])
    receive(offices)
    clerk = call(offices.b, offices.move.clerk_b)
    found = clerk.get(case).get_json()
    assert found["state"] == "done"
    assert {one["category"]: one["school_years"] for one in found["granted"]["categories"]} == {"report": [2025, 2026]}
    assert {one["category"] for one in found["withheld"]} == {"report", "attendance_daily"}
    assert all(set(one) == {"category", "school_years"} for one in found["withheld"])
    report = next(one for one in found["documents"] if one["category"] == "report")
    opened = clerk.get(f"{case}/documents/{report['document']}/{report['version']}").get_json()
    assert opened["sha256"] == report["sha256"]
    assert opened["signatures"][0]["key"] == report["signed_by"]
    for name in ("register.csv", "register.json", "oneroster.zip"):
        download = clerk.get(f"{case}/{name}")
        assert download.status_code == 200
        assert download.headers["Content-Disposition"].startswith("attachment")
    old = call(offices.a, offices.move.clerk_a)
    sent = old.get(f"/outgoing/{begun['learner']}/{begun['transfer']}").get_json()
    assert (sent["state"], sent["health_sheet_sent"], sent["problems"]) == ("done", True, [])
    assert [one["transfer"] for one in old.get("").get_json()["outgoing"]] == [begun["transfer"]]
    assert old.get("").get_json()["incoming"] == []


def test_a_malformed_ticket_is_named_and_opens_nothing(offices: Offices) -> None:
    ticket = started(offices)["ticket"]
    wrong = ticket[:-1] + ("0" if ticket[-1] != "0" else "1")
    answer = call(offices.b, offices.move.officer_b).post("/incoming", decision(offices, wrong))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "ticket.malformed")
    assert offices.b.side.count("SELECT count(*) FROM incoming_transfer") == 0


def test_a_new_ticket_ends_the_old_one_and_a_cancelled_move_has_none(offices: Offices) -> None:
    begun = started(offices)
    clerk = call(offices.a, offices.move.clerk_a)
    case = f"/outgoing/{begun['learner']}/{begun['transfer']}"
    again = clerk.post(f"{case}/ticket")
    assert again.status_code == 201
    assert again.get_json()["ticket"] != begun["ticket"]
    assert clerk.post(f"{case}/send-again").get_json()["code"] == "transfer.not_now"
    assert clerk.post(f"{case}/cancel").get_json()["state"] == "cancelled"
    assert clerk.post(f"{case}/ticket").status_code == 409


def test_who_has_no_such_office_gets_what_an_unknown_case_gets(offices: Offices) -> None:
    begun = started(offices)
    stranger = call(offices.b, offices.move.clerk_b)
    clerk = call(offices.a, offices.move.clerk_a)
    unknown = clerk.get(f"/outgoing/{uuid4()}/{uuid4()}")
    assert unknown.status_code == 404
    elsewhere = stranger.get(f"/outgoing/{begun['learner']}/{begun['transfer']}")
    assert (elsewhere.status_code, elsewhere.get_json()["code"]) == (404, unknown.get_json()["code"])
    officer = call(offices.b, offices.move.officer_b)
    assert officer.post("/outgoing", {"learner": str(uuid4()), "left_on": "2026-11-27"}).status_code == 403


def test_a_change_without_the_token_of_a_page_is_refused(offices: Offices) -> None:
    caller = call(offices.a, offices.move.clerk_a)
    caller.browser.token = ""
    answer = caller.post("/outgoing", {"learner": str(offices.move.learner), "left_on": "2026-11-27"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "web.form_outdated")


def test_what_cannot_be_read_is_answered_with_the_place(offices: Offices) -> None:
    caller = call(offices.a, offices.move.clerk_a)
    answer = caller.post("/outgoing", {"learner": "x", "left_on": "2026-13-01"})
    assert answer.status_code == 422
    assert {"learner", "left_on"} == set(answer.get_json()["errors"]["json"])
