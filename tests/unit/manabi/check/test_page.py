"""Reading a page: text, forms, buttons and passkey places are what a browser would make of them."""

import pytest

from manabi.check.errors import Unmet
from manabi.check.page import Page
from manabi.check.tree import TooDeep, read_tree

HTML = """<!DOCTYPE html><html lang="ja"><head><title>ログイン – まなびの記録</title><style>p{}</style></head><body>
<header><form method="post" action="/view"><input type="hidden" name="next" value="/a?b=1&amp;c=2">
<button name="locale" value="en">English</button><button name="locale" value="ja">日本語</button></form></header>
<main><h1>ようこそ</h1><p><ruby>学校<rp>(</rp><rt>がっこう</rt><rp>)</rp></ruby>の<b>記録</b></p><p>次の段落<br>続き</p>
<a href="/learners/1/?x=1&amp;y=2">一年<span>生</span></a> <a>行き先のない</a>
<form method="POST" action="sign-in"><input type="hidden" name="csrf_token" value="t0ken">
<input name="login_name" value="">
<input type="password" name="password"><input type="checkbox" name="shared_device" value="yes">
<input type="checkbox" name="kept" value="1" checked><input type="radio" name="way" value="a">
<input name="off" disabled>
<select name="year"><option value="2025">2025</option><option value="2026" selected>2026</option></select>
<textarea name="note">前の
文</textarea><button type="button">見せる</button><button>ログイン</button></form>
<div data-passkey="get" data-options-url="/o" data-verify-url="/v" data-next="/n" data-token="t1"></div>
<script>document.write("<p>no</p>")</script></main></body></html>"""
PAGE = Page("http://localhost:8400/start/here", 200, HTML)


def test_the_text_is_what_a_reader_reads_without_readings_and_scripts() -> None:
    assert "学校の記録" in PAGE.text
    assert "次の段落 続き" in PAGE.text
    assert "がっこう" not in PAGE.text
    assert "write" not in PAGE.text
    assert "English" not in PAGE.text, "the header is no part of the main text"
    assert (PAGE.language, PAGE.title, PAGE.headings, PAGE.readings) == (
        "ja",
        "ログイン – まなびの記録",
        ["ようこそ"],
        1,
    )


def test_links_are_whole_addresses_with_their_words() -> None:
    assert PAGE.links == [("http://localhost:8400/learners/1/?x=1&y=2", "一年生")]


def test_a_form_sends_what_stands_in_it_and_what_was_filled_in() -> None:
    form = PAGE.form_with(field="password")
    assert (form.action, form.method) == ("http://localhost:8400/start/sign-in", "post")
    sent = form.fill({"login_name": "taro", "password": "p", "shared_device": "yes", "year": "2025", "way": "a"})
    assert sorted(sent) == sorted(
        {
            ("csrf_token", "t0ken"), ("login_name", "taro"), ("password", "p"), ("shared_device", "yes"),
            ("kept", "1"), ("year", "2025"), ("way", "a"), ("note", "前の\n文"),
        }
    )  # fmt: skip
    untouched = dict(form.fill({}))
    assert untouched["year"] == "2026"
    assert "shared_device" not in untouched
    assert "way" not in untouched


@pytest.mark.parametrize(
    "values",
    [{"password_again": "p"}, {"shared_device": "no"}, {"csrf_token": "x"}, {"off": "x"}, {"year": "1999"}],
)
def test_a_field_or_a_choice_that_the_page_does_not_offer_cannot_be_sent(values: dict[str, str]) -> None:
    with pytest.raises(Unmet):
        PAGE.form_with(field="password").fill(values)


def test_a_button_sends_its_own_value_with_its_form() -> None:
    form, button = PAGE.button("locale", "ja")
    assert form.fill({}, button) == [("next", "/a?b=1&c=2"), ("locale", "ja")]
    assert form.fill({})[-1] == ("locale", "en"), "the Enter key presses the first button"


def test_a_place_for_a_passkey_carries_its_addresses_and_token() -> None:
    place = PAGE.passkey("get")
    assert (place.options, place.verify) == ("http://localhost:8400/o", "http://localhost:8400/v")
    assert (place.next, place.token) == ("/n", "t1")


def test_what_a_page_does_not_have_is_named_with_what_it_has() -> None:
    for look in (
        lambda: PAGE.passkey("create"),
        lambda: PAGE.form_with(field="code"),
        lambda: PAGE.form_with(action="/sign-out"),
        lambda: PAGE.button("locale", "fr"),
    ):
        with pytest.raises(Unmet, match="ようこそ"):
            look()


def test_unclosed_and_stray_tags_do_not_confuse_the_tree() -> None:
    root = read_tree("<div><p>one<p>two</div></span><p>three</p>")
    assert root.text == "one two three"
    assert len(root.find_all("div")) == 1


def test_a_page_of_bottomless_nesting_is_refused() -> None:
    with pytest.raises(TooDeep):
        read_tree("<div>" * 10_000)
