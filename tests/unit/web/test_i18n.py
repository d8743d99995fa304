from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from web.dates import say_day, say_moment, say_school_year, say_time
from web.i18n import (
    Catalogues,
    Locale,
    View,
    load_catalogues,
    parse_view,
    say,
    say_count,
    say_plain,
    show_name,
    show_text,
    use_view,
)

from .showcase import NOW

CATALOGUES = Catalogues(
    {
        Locale.JA: {
            "School": "学校《がっこう》",
            "Hello, %(name)s": "%(name)sさん、今日《きょう》は",
            "%(count)s child": "子《こ》ども %(count)s人《にん》",
            "100%": "100%",
        },
        Locale.PLAIN: {"School": "がっこう"},
    }
)


def seen(app: Flask, locale: Locale, ruby: bool = False) -> None:
    use_view(View(locale, ruby), CATALOGUES)


def test_japanese_is_said_without_readings_unless_wanted(app: Flask) -> None:
    with app.test_request_context():
        seen(app, Locale.JA)
        assert say("School") == "学校"
        seen(app, Locale.JA, ruby=True)
        assert say("School") == "<ruby>学校<rp>(</rp><rt>がっこう</rt><rp>)</rp></ruby>"
        assert say_plain("School") == "学校"


def test_plain_japanese_falls_back_to_japanese_and_english_to_the_id(app: Flask) -> None:
    with app.test_request_context():
        seen(app, Locale.PLAIN)
        assert say("School") == "がっこう"
        assert say("Hello, %(name)s", name="花") == "花さん、今日は"
        seen(app, Locale.EN)
        assert say("School") == "School"


def test_values_are_escaped_and_never_read_as_notation(app: Flask) -> None:
    with app.test_request_context():
        seen(app, Locale.JA, ruby=True)
        said = say("Hello, %(name)s", name="<b>山《やま》")
        assert "&lt;b&gt;山《やま》さん" in said
        assert say("Hello, %(name)s", name=Markup("<ruby>花</ruby>")).startswith("<ruby>花</ruby>")


def test_percent_sign_without_values_stays(app: Flask) -> None:
    with app.test_request_context():
        seen(app, Locale.JA)
        assert say("100%") == "100%"


@pytest.mark.parametrize(
    ("locale", "count", "sentence"), [("ja", 1, "子ども 1人"), ("en", 1, "1 child"), ("en", 2, "2 children")]
)
def test_number_takes_the_form_of_the_language(app: Flask, locale: str, count: int, sentence: str) -> None:
    with app.test_request_context():
        seen(app, Locale(locale))
        assert say_count("%(count)s child", "%(count)s children", count) == sentence


def test_text_and_name_from_data_show_readings_on_demand(app: Flask) -> None:
    with app.test_request_context():
        seen(app, Locale.JA)
        assert show_text("東小学校《ひがししょうがっこう》") == "東小学校"
        assert show_name("山田 花", "やまだ はな") == "山田 花"
        seen(app, Locale.JA, ruby=True)
        assert "<rt>ひがししょうがっこう</rt>" in show_text("東小学校《ひがししょうがっこう》")
        assert "<rt>はな</rt>" in show_name("山田 花", "やまだ はな")
        assert show_name("山田 花", None) == "山田 花"


def test_dates_are_written_in_the_readers_order(app: Flask) -> None:
    with app.test_request_context():
        seen(app, Locale.JA)
        assert say_day(NOW) == "2026年6月3日（水）"
        assert say_moment(NOW) == "2026年6月3日（水） 14:05"
        assert say_school_year(2026) == "2026年度"
        seen(app, Locale.EN)
        assert say_day(NOW) == "Wed 3 June 2026"
        assert say_time(NOW) == "14:05"
        assert say_school_year(2026) == "School year 2026"


def test_late_evening_in_utc_is_the_next_day_in_japan(app: Flask) -> None:
    with app.test_request_context():
        seen(app, Locale.JA)
        assert say_day(NOW.replace(hour=15)) == "2026年6月4日（木）"


@given(st.text(max_size=20))
def test_any_cookie_gives_some_view(cookie: str) -> None:
    assert isinstance(parse_view(cookie), View)


def test_view_survives_its_cookie() -> None:
    for locale in Locale:
        for ruby in (True, False):
            assert parse_view(View(locale, ruby).to_cookie()) == View(locale, ruby)


def test_first_visit_is_japanese_unless_the_browser_asks_for_english() -> None:
    assert parse_view(None) == View(Locale.JA)
    assert parse_view(None, prefers_english=True) == View(Locale.EN)
    assert parse_view("plain.all", prefers_english=True) == View(Locale.PLAIN, ruby=True)


def test_folders_are_merged_and_clashes_are_named(tmp_path: Path) -> None:
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    for folder, sentence in (("one", "一"), ("two", "二")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ja.po").write_text(f'{head}msgid "A"\nmsgstr "{sentence}"\n')
    catalogues = load_catalogues([tmp_path / "one", tmp_path / "two", tmp_path / "none"])
    assert catalogues.translate(Locale.JA, "A") == "一"
    assert catalogues.clashes == ("A",)
    assert catalogues.missing(Locale.JA, ["A", "B"]) == ["B"]
