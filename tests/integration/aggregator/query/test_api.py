"""The interface over releases: fixed bytes, permanent links, CSV, named refusals, and nothing but reads of releases."""

import csv
import io
import json
import re
from hashlib import sha256
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from tests.integration.aggregator.query.conftest import FIRST, SECOND, Office

ENGLISH = {"Accept-Language": "en"}


def figures(office: Office, query: str) -> dict[str, Any]:
    answer = office.web.get(f"/data/v1/figures?{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_a_release_is_handed_out_as_the_very_bytes_its_digest_is_of(office: Office) -> None:
    for ending in ("", ".json"):
        answer = office.web.get(f"/data/v1/releases/{office.first}{ending}")
        assert answer.data == FIRST.raw
        assert sha256(answer.data).hexdigest() == office.first
        assert "immutable" in answer.headers["Cache-Control"]
    assert office.web.get(f"/data/v1/releases/{office.first}.jws").text.count(".") == 2


def test_the_list_names_every_release_the_newest_first(office: Office) -> None:
    listed = office.web.get("/data/v1/releases").get_json()["releases"]
    assert [one["digest"] for one in listed] == [office.second, office.first]
    assert office.web.get(listed[0]["document"]).data == SECOND.raw


@pytest.mark.parametrize("level", ["nation", "prefecture", "establisher"])
def test_answers_over_http_equal_the_release(office: Office, level: str) -> None:
    answer = figures(office, f"release={office.first}&level={level}")
    table = answer["figures"][0]["table"]
    published = [one for one in FIRST.document["figures"] if (one["level"], one["table"]) == (level, table)]
    names = ("area", "table", "status", "measured", "value", "low", "high", "half_width", "coverage", "sigma_squared")
    assert [[one[name] for name in names] for one in answer["figures"]] == [
        [one[name] for name in names] for one in published
    ]
    assert [list(one["codes"].values()) for one in answer["figures"]] == [one["cell"] for one in published]
    assert answer["release"]["digest"] == office.first


def test_without_a_release_the_newest_answers_and_its_permanent_link_names_it(office: Office) -> None:
    answer = office.web.get("/data/v1/figures?level=nation&grade=J2")
    assert answer.get_json()["release"]["digest"] == office.second
    assert answer.headers["Cache-Control"] == "no-store"
    link = answer.get_json()["permanent_link"]
    assert f"release={office.second}" in link
    again = office.web.get(link)
    assert again.data == answer.data
    assert "immutable" in again.headers["Cache-Control"]


def test_csv_says_what_json_says(office: Office) -> None:
    query = f"release={office.first}&level=prefecture&grade=J2&sex=female"
    answer = office.web.get(f"/data/v1/figures?{query}&format=csv&bom=yes")
    assert answer.data[:3] == b"\xef\xbb\xbf"
    assert answer.mimetype == "text/csv"
    assert re.fullmatch(
        r'attachment; filename="absence-2025-prefecture-[0-9a-f]{12}\.csv"', answer.headers["Content-Disposition"]
    )
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    found = figures(office, query)["figures"]
    assert [(row["area"], row["value"], row["low_95"], row["high_95"]) for row in rows] == [
        tuple("" if value is None else str(value) for value in (one["area"], one["value"], one["low"], one["high"]))
        for one in found
    ]
    assert {row["release_digest"] for row in rows} == {office.first}
    assert office.web.get(f"/data/v1/figures?{query}&format=csv").data[:5] == b"level"


@pytest.mark.parametrize(
    ("query", "status", "code", "named"),
    [
        ("level=school", 422, "query.question_refused", ("level", "school", "establisher")),
        ("level=prefecture&area=99", 422, "query.question_refused", ("area", "99", "47")),
        ("level=prefecture&grade=P7", 422, "query.question_refused", ("grade", "P7", "P6")),
        ("level=nation&colour=red", 422, "query.question_unknown", ("colour", "grade")),
        ("release=abc", 404, "query.release_unknown", ("abc", "64")),
        (f"release={'0' * 64}", 404, "query.release_unknown", ("0000", "64")),
        ("format=xml", 422, "web.invalid_input", ()),
        ("limit=0", 422, "web.invalid_input", ()),
        ("offset=-1", 422, "web.invalid_input", ()),
    ],
)
def test_bad_input_is_refused_with_place_value_and_remedy(
    office: Office, query: str, status: int, code: str, named: tuple[str, ...]
) -> None:
    answer = office.web.get(f"/data/v1/figures?{query}", headers=ENGLISH)
    problem = json.loads(answer.text)
    assert (answer.status_code, answer.mimetype, problem["code"]) == (status, "application/problem+json", code)
    assert all(word in problem["title"] + problem["detail"] for word in named)


def test_before_the_first_release_the_interface_says_so(leader: FlaskClient) -> None:
    answer = leader.get("/data/v1/figures")
    assert (answer.status_code, json.loads(answer.text)["code"]) == (404, "query.nothing_released")
    assert leader.get("/data/v1/releases").get_json() == {"releases": []}


def test_whatever_is_asked_reads_releases_and_nothing_else(office: Office) -> None:
    said: list[str] = []
    event.listen(office.database.engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    for address in (
        "/data/v1/releases", f"/data/v1/releases/{office.first}", "/data/v1/figures",
        f"/data/v1/figures?release={office.first}&level=establisher&search=13&format=csv",
        "/data/v1/figures?level=nation&grade=X",
    ):  # fmt: skip
        office.web.get(address)
    for address in ("/", "/workbench", f"/workbench?release={office.first}&level=establisher", "/method"):
        assert office.web.get(address, headers={"Accept": "text/html"}, follow_redirects=True).status_code == 200
    assert said
    tables = set()
    for statement in said:
        assert statement.lstrip().upper().startswith("SELECT"), statement
        tables |= set(re.findall(r"(?:FROM|JOIN) (\w+)", statement))
    assert tables == {"release", "collection_plan"}
