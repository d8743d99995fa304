"""The ways of a move: where its case and its request stand at either service, and waiting for what happens there."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from manabi.check.client import Client
from manabi.check.page import Page
from manabi.check.steps import expect
from trust.ticket import read_ticket

Document = dict[str, Any]

_PATIENCE: Final = 60.0
"""Seconds until something that background work does must have happened."""

_PAUSE: Final = 0.25


class MoveWays:
    """A client for each who takes part, the ids learned so far, and the addresses made of them."""

    def __init__(self, old: str, new: str) -> None:
        self._parent = self._sender = Client(old)
        self._officer = self._receiver = Client(new)
        self._learner = self._arrived = self._outgoing = self._incoming = self._request = ""

    def _add_page(self) -> Page:
        settings = self._parent.open("/my-sign-in")
        adding = [address for address, words in settings.links if "追加" in words]
        return self._parent.open(adding[0]) if adding else settings

    def _years_of(self, learner: str) -> list[int]:
        return [
            year["school_year"] for year in self._read(self._parent, f"/api/v1/learners/{learner}/timeline")["years"]
        ]

    def _case(self) -> Document:
        return self._read(self._receiver, self._incoming_at())

    def _cases(self, side: str, client: Client) -> list[Document]:
        found: list[Document] = self._read(client, "/api/v1/transfers")[side]
        return found

    def _requests(self) -> list[Document]:
        found: list[Document] = self._read(self._parent, f"/api/v1/learners/{self._learner}/requests")["requests"]
        return found

    def _grants(self) -> list[Document]:
        found: list[Document] = self._read(self._parent, f"/api/v1/learners/{self._learner}/grants")["grants"]
        return found

    def _by_consent(self, case: Document) -> list[Document]:
        """Return what came under the grant, but the family's own words to the school."""
        return [one for one in case["documents"] if one["lane"] == "consent" and one["category"] != "family_comment"]

    def _outgoing_at(self) -> str:
        return f"/api/v1/transfers/outgoing/{self._learner}/{self._outgoing}"

    def _incoming_at(self) -> str:
        return f"/api/v1/transfers/incoming/{self._arrived}/{self._incoming}"

    def _request_api(self, place: str) -> str:
        return f"/api/v1/learners/{self._learner}/requests/{self._request}{'/' if place else ''}{place}"

    def _request_at(self, place: str) -> str:
        return f"/learners/{self._learner}/requests/{self._request}{'/' if place else ''}{place}"

    def _read(self, client: Client, address: str) -> Document:
        answer = client.fetch(address)
        expect(answer.status == 200, f"{address} answers", answer.body.decode(errors="replace"))
        return answer.document()

    def _tell(self, client: Client, page: Page, address: str, body: Mapping[str, object], status: int) -> Document:
        answer = client.tell(page, address, body)
        expect(answer.status == status, f"{address} answers {status}", answer.body.decode(errors="replace"))
        return answer.document() if answer.body else {}

    def _wait(self, look: Callable[[], Any], holds: Callable[[Any], bool], what: str) -> Any:
        """Look again and again until background work has come so far; raises `Unmet`."""
        deadline = time.monotonic() + _PATIENCE
        while not holds(found := look()):
            expect(time.monotonic() < deadline, what, json.dumps(found, ensure_ascii=False)[:1500])
            time.sleep(_PAUSE)
        return found


def in_days(days: int) -> str:
    """Return the date so many days from now, as forms take it."""
    return (date.today() + timedelta(days=days)).isoformat()  # noqa: DTZ011 — the services judge days in Japan


def is_ticket(text: str) -> bool:
    """Whether a word of a page is a transfer ticket."""
    try:
        return len(text) > 20 and bool(read_ticket(text))
    except Exception:  # noqa: BLE001 — any other word on the page
        return False


def mistyped(ticket: str) -> str:
    """Return a ticket with its last character exchanged."""
    last = ticket[-1]
    return ticket[:-1] + ("0" if last != "0" else "1")
