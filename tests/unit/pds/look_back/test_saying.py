"""What presenters made becomes the words of one reader: language, readings, and nothing of the data read as markup."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from consent.vocabulary import Text
from pds.look_back.saying import say_bare, say_month, say_part
from pds.look_back.words import Listing, Part, Quantity, SchoolYear, Sentence, same_everywhere
from web.i18n import Catalogues, Locale, View, load_catalogues, use_view

JA, RUBY, PLAIN, EN = View(Locale.JA), View(Locale.JA, ruby=True), View(Locale.PLAIN), View(Locale.EN)
HEALTH = Text("健康《けんこう》", "体《からだ》", "Health")
DAYS = Sentence("Absent on %(count)s day", count=2, plural="Absent on %(count)s days")
ADDED = Sentence("%(school)s added: %(what)s, %(year)s", {"school": "東小", "what": HEALTH, "year": SchoolYear(2026)})


@pytest.fixture(scope="module")
def catalogues() -> Catalogues:
    return load_catalogues([Path("pds/translations")])


@pytest.fixture(autouse=True)
def request_at_hand() -> Iterator[None]:
    with Flask(__name__).test_request_context():
        yield


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (JA, "東小が、2026年度の健康を入れました"),
        (PLAIN, "東小が、2026年度の「体」を入れました"),
        (EN, "東小 added: Health, School year 2026"),
    ],
)
def test_a_sentence_is_said_in_each_language(catalogues: Catalogues, view: View, expected: str) -> None:
    use_view(view, catalogues)
    assert say_part(ADDED) == expected
    assert say_bare(ADDED) == expected


def test_readings_are_drawn_on_the_page_and_never_in_a_title(catalogues: Catalogues) -> None:
    use_view(RUBY, catalogues)
    assert "<ruby>健康<rp>(</rp><rt>けんこう</rt><rp>)</rp></ruby>" in say_part(ADDED)
    assert "<" not in say_bare(ADDED)


@pytest.mark.parametrize(("count", "english"), [(1, "Absent on 1 day"), (2, "Absent on 2 days")])
def test_numbers_of_things_agree_in_english(catalogues: Catalogues, count: int, english: str) -> None:
    use_view(EN, catalogues)
    part = Sentence(DAYS.msgid, count=count, plural=DAYS.plural)
    assert say_part(part) == english
    assert say_bare(part) == english


def test_numbers_of_things_are_said_in_japanese(catalogues: Catalogues) -> None:
    use_view(JA, catalogues)
    assert say_part(DAYS) == say_bare(DAYS) == "欠席2日"


@pytest.mark.parametrize(
    ("part", "japanese", "english"),
    [
        (date(2026, 6, 3), "2026年6月3日（水）", "Wed 3 June 2026"),
        (Quantity(148.2, same_everywhere("cm")), "148.2cm", "148.2 cm"),
        (Listing((HEALTH, "川")), "健康、川", "Health, 川"),
        (None, "—", "—"),
        (7, "7", "7"),
    ],
)
def test_values_are_said_as_the_language_says_them(
    catalogues: Catalogues, part: Part | None, japanese: str, english: str
) -> None:
    for view, expected in ((JA, japanese), (EN, english)):
        use_view(view, catalogues)
        assert say_part(part) == expected
        assert say_bare(part) == expected


def test_somebodys_own_words_are_neither_markup_nor_notation(catalogues: Catalogues) -> None:
    use_view(RUBY, catalogues)
    written = "<b>太字</b>《よみ》"
    assert say_part(written) == "&lt;b&gt;太字&lt;/b&gt;《よみ》"
    assert "《よみ》" in say_part(Sentence("%(label)s: %(value)s", {"label": HEALTH, "value": written}))


def test_months_have_short_names(catalogues: Catalogues) -> None:
    use_view(JA, catalogues)
    assert say_month(4) == "4月"
    use_view(EN, catalogues)
    assert say_month(4) == "Apr"
