import re
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from web.context import ShellSettings
from web.database import Database
from web.headers import CONTENT_SECURITY_POLICY
from web.routes import UndeclaredRoute, declares
from web.shell import Feature, describe_interface, make_app

from .conftest import SETTINGS
from .showcase import showcase_feature

DATABASE = Database("postgresql+psycopg://nobody@/nowhere")


def token_of(browser: FlaskClient, path: str = "/showcase") -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', browser.get(path).text)
    assert found
    return found[1]


def test_route_without_declaration_stops_the_start() -> None:
    pages = Blueprint("careless", __name__)
    pages.add_url_rule("/careless", "careless", lambda: "")
    with pytest.raises(UndeclaredRoute, match="careless: add @declares"):
        make_app(SETTINGS, database=DATABASE, features=[Feature("careless", (pages,))])


def test_route_with_a_rule_nobody_provides_stops_the_start() -> None:
    pages = Blueprint("lost", __name__)
    pages.add_url_rule("/lost", "lost", declares(requires="unheard_of", discloses="none")(lambda: ""))
    with pytest.raises(UndeclaredRoute, match="unheard_of"):
        make_app(SETTINGS, database=DATABASE, features=[Feature("lost", (pages,))])


def test_rule_of_a_route_answers_before_its_view(client: FlaskClient) -> None:
    assert client.get("/locked").status_code == 403


def test_life_sign_needs_no_database(client: FlaskClient) -> None:
    assert client.get("/health/live").json == {"status": "live"}


@pytest.mark.parametrize("path", ["/showcase", "/nothing-here", "/health/live", "/fails", "/static/passkey.js"])
def test_every_answer_carries_the_strict_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Request-Id"]


def test_pages_are_never_cached_and_versioned_files_always(browser: FlaskClient) -> None:
    page = browser.get("/showcase")
    assert page.headers["Cache-Control"] == "no-store"
    for address in re.findall(r'(?:href|src)="(/(?:style|static)/[^"]+)"', page.text):
        with browser.get(address.replace("&amp;", "&")) as answer:
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]
    with browser.get("/static/passkey.js") as unversioned:
        assert "immutable" not in unversioned.headers["Cache-Control"]


def test_page_holds_no_inline_style_script_or_foreign_address(browser: FlaskClient) -> None:
    page = browser.get("/showcase?errors=1").text
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", page)
    assert not re.search(r'(?:href|src|action)="(?:https?:)?//', page)
    style = browser.get(re.search(r'href="(/style/[^"]+)"', page)[1]).text  # type: ignore[index]
    assert "url(" not in style
    assert "@import" not in style


def test_licence_of_the_design_system_is_shipped_with_it() -> None:
    assert "デジタル庁" in Path("web/static/dads/LICENSE").read_text()


def test_strict_transport_is_asked_for_on_https_only(client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/health/live").headers
    secure = ShellSettings("node", "https://manabi.example", "市", "課")
    app = make_app(secure, database=DATABASE, features=[])
    assert "Strict-Transport-Security" in app.test_client().get("/health/live").headers


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/nothing-here", {}, 404, "web.not_found"),
        ("DELETE", "/showcase", {}, 405, "web.method_not_allowed"),
        ("POST", "/api/parcels", {"data": b"x" * 70_000, "content_type": "application/json"}, 413, "web.too_large"),
        ("POST", "/api/parcels", {"json": {"weight": 31}}, 422, "web.invalid_input"),
        ("POST", "/api/parcels", {"json": {"weight": "heavy", "more": 1}}, 422, "web.invalid_input"),
        ("POST", "/api/parcels", {"data": b"{", "content_type": "application/json"}, 400, "web.bad_request"),
        ("POST", "/api/parcels", {"data": b"\xff", "content_type": "application/json"}, 400, "web.bad_request"),
        ("GET", "/refused", {}, 409, "accounts.kind_differs"),
        ("GET", "/fails", {}, 500, "web.unexpected"),
        ("GET", "/asks-the-database", {}, 503, "web.unavailable"),
    ],
)
def test_every_error_is_problem_details_for_a_program(
    client: FlaskClient,
    browser: FlaskClient,
    method: str,
    path: str,
    options: dict[str, object],
    status: int,
    code: str,
) -> None:
    token = token_of(client)
    answer = client.open(path, method=method, headers={"X-CSRF-Token": token}, **options)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert {"type", "title", "status", "detail", "instance", "code", "reference"} <= answer.json.keys()
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.json["reference"] == answer.headers["Request-Id"]
    assert "secret inside" not in answer.text


def test_wrong_values_are_named_by_place(client: FlaskClient) -> None:
    answer = client.post("/api/parcels", json={"weight": 31}, headers={"X-CSRF-Token": token_of(client)})
    assert answer.json is not None
    assert "weight" in answer.json["errors"]["json"]


def test_error_page_says_what_happened_what_to_do_and_a_number(browser: FlaskClient) -> None:
    answer = browser.get("/nothing-here")
    assert answer.status_code == 404
    for words in ("ページが見つかりませんでした。", "失われたものも、変わったものもありません。", "問い合わせ番号"):
        assert words in answer.text
    assert answer.headers["Request-Id"] in answer.text


def test_failure_shows_a_number_that_the_log_carries_too(
    browser: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = browser.get("/fails")
    assert "secret inside" not in answer.text
    assert answer.headers["Request-Id"] in caplog.text
    assert "a secret inside" in caplog.text


def test_problem_speaks_the_callers_language(client: FlaskClient) -> None:
    english = client.get("/nothing-here", headers={"Accept-Language": "en"}).json
    japanese = client.get("/nothing-here", headers={"Accept-Language": "ja,en;q=0.5"}).json
    assert english is not None
    assert japanese is not None
    assert english["title"] == "This page was not found."
    assert japanese["title"] == "ページが見つかりませんでした。"


def test_405_names_the_allowed_methods(client: FlaskClient) -> None:
    assert "GET" in client.delete("/showcase", headers={"X-CSRF-Token": token_of(client)}).headers["Allow"]


def test_body_is_bounded_unless_its_route_widens_the_bound(client: FlaskClient) -> None:
    headers = {"X-CSRF-Token": token_of(client)}
    assert client.post("/upload", data=b"x" * 150_000, headers=headers).json == {"bytes": 150_000}
    assert client.post("/upload", data=b"x" * 250_000, headers=headers).status_code == 413


def test_host_header_never_enters_an_answer(browser: FlaskClient) -> None:
    for path in ("/showcase", "/showcase/", "//showcase", "/nothing-here"):
        answer = browser.get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.text + str(answer.headers)


def test_changing_request_needs_the_token_of_the_same_browser(app: Flask, browser: FlaskClient) -> None:
    token = token_of(browser)
    assert browser.post("/showcase").status_code == 403
    assert browser.post("/showcase", data={"csrf_token": "0" * 64}).status_code == 403
    assert app.test_client().post("/showcase", data={"csrf_token": token}).status_code == 403
    assert browser.post("/showcase", data={"csrf_token": token}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_request_from_another_site_is_refused_even_with_the_token(
    browser: FlaskClient, headers: dict[str, str]
) -> None:
    token = token_of(browser)
    assert browser.post("/showcase", data={"csrf_token": token}, headers=headers).status_code == 403
    assert browser.post("/view", data={"locale": "en"}, headers=headers).status_code == 403


def test_notice_is_shown_once_on_the_next_page(browser: FlaskClient) -> None:
    browser.post("/showcase", data={"csrf_token": token_of(browser)})
    assert 'role="status"' in browser.get("/showcase").text
    assert 'role="status"' not in browser.get("/showcase").text


def test_unknown_notice_in_the_cookie_shows_nothing(browser: FlaskClient) -> None:
    browser.set_cookie("__Host-showcase-notice", "you.have.won")
    assert 'role="status"' not in browser.get("/showcase").text


def test_language_switch_keeps_the_page_and_remembers(browser: FlaskClient) -> None:
    page = browser.get("/showcase?errors=1").text
    assert 'name="next" value="/showcase?errors=1"' in page
    switched = browser.post("/view", data={"locale": "en", "next": "/showcase?errors=1"})
    assert switched.headers["Location"] == "/showcase?errors=1"
    english = browser.get("/showcase").text
    assert '<html lang="en"' in english
    assert "Skip to the main text" in english
    assert "furigana)" not in english


def test_plain_japanese_comes_with_readings_that_can_be_switched_off(browser: FlaskClient) -> None:
    browser.post("/view", data={"locale": "plain"})
    assert "<ruby>山田<rp>(</rp><rt>やまだ</rt><rp>)</rp></ruby>" in browser.get("/showcase").text
    browser.post("/view", data={"ruby": "off"})
    page = browser.get("/showcase").text
    assert "<ruby>" not in page
    assert "山田さんの記録" in page


def test_garbage_sent_to_the_language_switch_changes_nothing(browser: FlaskClient) -> None:
    answer = browser.post("/view", data={"locale": "<x>", "ruby": "some", "next": "//evil.example"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert '<html lang="ja"' in browser.get("/showcase").text


def test_every_component_is_drawn_with_its_words(browser: FlaskClient) -> None:
    page = browser.get("/showcase?errors=1").text
    for words in (
        'aria-current="page"',
        'role="alert"',
        'aria-invalid="true"',
        'aria-describedby="name-error name-hint"',
        'type="file"',
        "<progress",
        "<blockquote",
        "<details",
        'scope="row"',
        'aria-current="step"',
        'rel="next"',
        "（氏名）",
        'class="skip-link"',
        "2026年6月3日（水） 14:05",
        "みらい市教育委員会",
    ):
        assert words in page


def test_ids_on_a_page_are_unique(browser: FlaskClient) -> None:
    ids = re.findall(r'\sid="([^"]+)"', browser.get("/showcase?errors=1").text)
    assert sorted(ids) == sorted(set(ids))


def test_no_choice_is_ticked_beforehand(browser: FlaskClient) -> None:
    assert " checked" not in browser.get("/showcase").text


def test_interface_is_described_as_openapi_with_problem_details() -> None:
    app = make_app(SETTINGS, database=DATABASE, features=[showcase_feature()])
    spec = describe_interface(app)
    assert spec["openapi"] == "3.1.0"
    assert "post" in spec["paths"]["/api/parcels"]
    assert {"type", "title", "status", "detail", "code"} <= spec["components"]["schemas"]["Problem"][
        "properties"
    ].keys()


def test_style_of_a_feature_joins_the_one_style_sheet_and_changes_its_address(tmp_path: Path) -> None:
    (tmp_path / "more.css").write_text(".showcase-only { color: red }")
    plain = make_app(SETTINGS, database=DATABASE, features=[])
    styled = make_app(SETTINGS, database=DATABASE, features=[Feature("more", styles=(tmp_path / "more.css",))])
    addresses = []
    for app in (plain, styled):
        page = app.test_client().get("/nothing-here", headers={"Accept": "text/html"}).text
        addresses.append(re.search(r"/style/\w+\.css", page)[0])  # type: ignore[index]
    assert addresses[0] != addresses[1]
    assert ".showcase-only" in styled.test_client().get(addresses[1]).text
    assert ".showcase-only" not in plain.test_client().get(addresses[0]).text
