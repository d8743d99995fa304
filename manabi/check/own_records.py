"""Steps of the walk 'look-back' beside the register: a report card, one subject through the years, a child's file."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from manabi.check.client import Client
from manabi.check.errors import Unmet
from manabi.check.page import Form
from manabi.check.steps import expect

_FILTERED: Final = {"guidance", "report", "assessment", "portfolio"}
"""The kinds of record that tell of a subject."""


def open_report(client: Client, address: str, api: str, timeline: Mapping[str, Any]) -> str:
    """Open the newest report card: the interface's words stand on the page, term by term."""
    line = _lines(timeline, {"report"})[-1]
    record = _document(client, f"{api}records/{line['record']}")
    page = client.open(f"{address}records/{line['record']}")
    expect(page.status == 200, "the page of the report card", page.status)
    terms = record["body"]["terms"]
    shown = "".join(page.text.split())
    missing = [term["comment"] for term in terms if "".join((term.get("comment") or "").split()) not in shown]
    expect(not missing, "each teacher's comment on the page", missing)
    cards = page.main.find_all("article", marked="form-card")
    expect(len(cards) == len(terms), "a small form per term", len(cards))
    expect(all(card.find_all("table") for card in cards), "with its marks as a table", page.text)
    return f"{record['school']['name']}, {record['school_year']}: {len(terms)} terms"


def follow_subject(client: Client, address: str, timeline: Mapping[str, Any]) -> str:
    """Choose a subject as a form without a program does: only kinds of record that tell of subjects are linked."""
    form = _filter(client, address)
    offered = [value for name, value in form.ticks if name == "subject" and value]
    expect(len(offered) > 1, "subjects to choose from", offered)
    told = {address + f"records/{line['record']}" for line in _lines(timeline, _FILTERED)}
    page = client.submit(form, {"subject": "japanese"})
    expect(page.status == 200, "the page of one subject", page.status)
    linked = {link for link, _ in page.links if link.startswith(f"{address}records/")}
    expect(bool(linked) and linked <= told, "records that tell of the subject and no others", linked - told)
    empty = client.open(f"{address}?subject=information")
    expect("information" not in offered and empty.status == 200, "a subject of the senior high school", offered)
    expect(bool(empty.main.find_all("div", marked="empty-state")), "says that nothing stands about it", empty.text)
    return f"{len(offered)} subjects; {len(linked)} records tell of one"


def save_file(client: Client, address: str, api: str, timeline: Mapping[str, Any]) -> str:
    """Save a file of the newest portfolio that has one: it has the hash that the school signed."""
    for line in reversed(_lines(timeline, {"portfolio"})):
        record = _document(client, f"{api}records/{line['record']}")
        files = [file for entry in record["body"]["entries"] for file in entry.get("files", ())]
        if files:
            place = f"{address}records/{line['record']}"
            links = {link for link, _ in client.open(place).links}
            expect(f"{place}/files/{files[0]['no']}" in links, "a link to the file", sorted(links))
            answer = client.fetch(f"{place}/files/{files[0]['no']}")
            expect(answer.status == 200, "the file", answer.status)
            expect(
                sha256(answer.body).hexdigest() == files[0]["sha256"], "the bytes that were signed", len(answer.body)
            )
            expect(answer.media_type == files[0]["media_type"], "of the kind that was signed", answer.media_type)
            return f"{files[0]['name']}, {len(answer.body)} bytes"
    raise Unmet(expected="a portfolio with a file", found=str(len(_lines(timeline, {"portfolio"}))))


def _filter(client: Client, address: str) -> Form:
    for form in client.open(address).forms:
        if any(name == "subject" for name, _ in form.ticks):
            expect(form.method == "get", "a form that only asks", form.method)
            return form
    raise Unmet(expected="a filter by subject", found=address)


def _lines(timeline: Mapping[str, Any], categories: set[str]) -> Sequence[Mapping[str, Any]]:
    records = [record for year in timeline["years"] for record in year["records"]]
    return [record for record in records if record["category"] in categories]


def _document(client: Client, address: str) -> dict[str, Any]:
    answer = client.fetch(address)
    expect(answer.status == 200, f"{address} answers", answer.status)
    return answer.document()
