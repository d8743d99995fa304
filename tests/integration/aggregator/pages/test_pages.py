"""The public pages over HTTP: exact addresses, the sentence on the noise, kind refusals, nothing from elsewhere."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.release import BELOW_FLOOR, make_release
from tests.integration.aggregator.query.conftest import SECOND, Office

PAGE = {"Accept": "text/html", "Accept-Language": "ja"}
ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
PAGES = (
    "/", "/workbench", "/workbench?level=nation", "/workbench?level=prefecture&area=13", "/workbench?level=establisher",
    "/workbench?level=establisher&area=130001", "/workbench?level=establisher&search=zzzz", "/plans",
    "/plans/absence-2025", "/rounds", f"/rounds/{SECOND.round_id}", "/ledger", "/method",
)  # fmt: skip


def get(web: FlaskClient, address: str, headers: dict[str, str] = PAGE) -> TestResponse:
    return web.get(address, headers=headers, follow_redirects=True)


@pytest.mark.parametrize("headers", [PAGE, ENGLISH], ids=["ja", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_every_page_answers_in_both_languages_and_asks_nothing_of_anybody_else(
    office: Office, address: str, headers: dict[str, str]
) -> None:
    answer = get(office.web, address, headers)
    assert answer.status_code == 200
    assert f'lang="{headers["Accept-Language"]}"' in answer.text
    drawn = re.findall(r'(?:src|href|action|xlink:href)="([^"]*)"', answer.text)
    elsewhere = [one for one in drawn if urlsplit(unescape(one)).netloc or one.startswith("data:")]
    assert elsewhere == []
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_style_sheet_fetches_nothing(office: Office) -> None:
    page = get(office.web, "/").text
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    assert sheets
    for sheet in sheets:
        text = office.web.get(sheet).text
        assert "@import" not in text
        assert all(one.startswith("data:") for one in re.findall(r"url\([\"']?([^)\"']+)", text))


def test_the_address_bar_becomes_the_permanent_link(office: Office) -> None:
    answer = office.web.get("/workbench", headers=PAGE)
    assert answer.status_code == 302
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["release"] == [office.second]
    assert asked["level"] == ["prefecture"]
    assert set(asked) == {"release", "level", "table", "grade", "sex"}
    assert office.web.get(answer.headers["Location"], headers=PAGE).status_code == 200


def test_an_address_of_an_earlier_release_goes_on_showing_it(office: Office) -> None:
    page = get(office.web, f"/workbench?release={office.first}&level=nation").text
    assert office.first in page
    links = re.findall(r'href="(/data/v1/figures[^"]+)"', page)
    assert links
    assert all(f"release={office.first}" in link for link in links)


def test_what_is_downloaded_is_what_is_shown(office: Office) -> None:
    page = get(office.web, "/workbench?level=prefecture&area=13&sex=female").text
    link = unescape(next(one for one in re.findall(r'href="([^"]+)"', page) if "format=json" in one))
    values = [one["value"] for one in office.web.get(link).get_json()["figures"] if one["status"] == "ok"]
    shown = re.findall(r'<td class="number">([\d,]+)</td>', page)
    assert [int(one.replace(",", "")) for one in shown] == values
    assert values


def test_the_sentence_on_the_noise_stands_above_the_chart_with_the_true_half_width(office: Office) -> None:
    figures = [one for one in SECOND.document["figures"] if (one["level"], one["table"]) == ("nation", "grade_sex")]
    widths = {one["half_width"] for one in figures}
    page = get(office.web, "/workbench?level=nation").text
    sentence = re.search(r"個人を守るため、各数値に±([\d,〜]+)人程度のゆらぎを加えています（95%区間）", page)
    assert sentence is not None
    assert {int(one.replace(",", "")) for one in sentence[1].split("〜")} == {min(widths), max(widths)}
    assert sentence.start() < page.index('class="whiskers')


def test_the_first_page_says_how_many_there_are_in_all_before_anything_else(office: Office) -> None:
    page = get(office.web, "/").text
    sums = [one for one in SECOND.document["figures"] if (one["level"], one["table"]) == ("nation", "stage")]
    shown = re.findall(r'in-all__number">([\d,]+)</span> <span class="in-all__width">±([\d,]+)<', page)
    assert [tuple(int(one.replace(",", "")) for one in pair) for pair in shown] == [
        (one["value"], one["half_width"]) for one in sums
    ]
    assert page.index("in-all__number") < page.index('class="whiskers')


def test_a_level_with_two_tables_offers_both_and_keeps_the_areas(office: Office) -> None:
    page = get(office.web, "/workbench?level=prefecture&area=13").text
    other = unescape(re.findall(r'href="(/workbench[^"]*level=prefecture&amp;table=stage[^"]*)"', page)[0])
    assert "area=13" in other
    shown = get(office.web, other).text
    assert shown.count('<td class="number">') == 4  # number and interval of two stages


def test_reporting_nodes_withheld_and_noisy_figures_are_named(office: Office) -> None:
    page = get(office.web, "/workbench?level=prefecture").text
    assert "報告した機関は101です" in page
    assert "非公表（報告した機関が少ないため）" in page
    assert page.count('fill="url(#hatch)"') >= 2
    assert page.count("島根") >= 3
    noisy = get(office.web, f"/workbench?level=nation&sex=unspecified&release={office.second}").text
    assert noisy.count("ゆらぎが大きく使えません") >= 9


def test_an_establisher_is_found_by_name_and_code_and_pages_follow(office: Office) -> None:
    page = get(office.web, "/workbench?level=establisher").text
    assert "1 / 3" in page or "3ページ" in page or 'rel="next"' in page
    following = unescape(re.findall(r'href="([^"]+)" rel="next"', page)[0])
    assert "page=2" in following
    assert get(office.web, following).status_code == 200
    assert "130001" in get(office.web, "/workbench?level=establisher&search=130001").text
    none = get(office.web, "/workbench?level=establisher&search=zzzz").text
    assert "条件に合うものがありません" in none


@pytest.mark.parametrize(
    ("address", "status", "named"),
    [
        ("/workbench?level=prefecture&grade=P9", 422, ("grade", "P9", "J3")),
        ("/workbench?level=village", 422, ("level", "village", "nation")),
        ("/workbench?level=prefecture&area=48", 422, ("area", "48", "47")),
        ("/workbench?release=beef", 404, ("beef",)),
        ("/workbench?level=establisher&page=x", 422, ("page", "x")),
        ("/workbench?level=establisher&page=-1", 422, ("page", "-1")),
        (f"/rounds/{make_release(99).round_id}", 404, ()),
        ("/rounds/abc", 404, ()),
    ],
)
def test_bad_addresses_get_a_page_that_names_place_value_and_remedy(
    office: Office, address: str, status: int, named: tuple[str, ...]
) -> None:
    answer = get(office.web, address)
    assert answer.status_code == status
    assert all(word in answer.text for word in named)
    assert "問い合わせ番号" in answer.text


def test_nothing_that_is_asked_is_written_into_the_page_unescaped(office: Office) -> None:
    page = get(office.web, "/workbench?level=establisher&search=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert "<script" not in page.text
    refused = get(office.web, "/workbench?level=%3Cimg%20src=x%3E")
    assert "<img" not in refused.text


def test_before_anything_is_published_the_pages_say_so(leader: FlaskClient) -> None:
    for address in ("/", "/workbench"):
        assert "公表した数値は、まだありません" in get(leader, address).text
    assert "収集の回は、まだありません" in get(leader, "/rounds").text


def test_a_round_says_where_it_stands_who_reported_and_what_is_withheld(office: Office) -> None:
    page = get(office.web, f"/rounds/{SECOND.round_id}").text
    assert "遅れた機関のための追加の回" in page
    assert ">101<" in page
    assert "島根県" in page
    assert BELOW_FLOOR not in re.findall(r"<td[^>]*>(.*?)</td>", page)
    assert f"/workbench?release={office.second}" in page
    listed = get(office.web, "/rounds").text
    assert listed.count("公表済み") == 2
    assert "報告を受付中" in listed
