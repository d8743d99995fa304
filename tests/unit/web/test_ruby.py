import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.ruby import draw_name, draw_readings, strip_readings

RUBY = "<ruby>{}<rp>(</rp><rt>{}</rt><rp>)</rp></ruby>"


@pytest.mark.parametrize(
    ("notation", "plain", "drawn"),
    [
        ("学校《がっこう》へ", "学校へ", RUBY.format("学校", "がっこう") + "へ"),
        ("見《み》た人《ひと》", "見た人", RUBY.format("見", "み") + "た" + RUBY.format("人", "ひと")),
        ("人々《ひとびと》", "人々", RUBY.format("人々", "ひとびと")),
        ("あの｜お母さん《おかあさん》", "あのお母さん", "あの" + RUBY.format("お母さん", "おかあさん")),
        ("3日《か》", "3日", "3" + RUBY.format("日", "か")),
        ("𠮷田《よしだ》", "𠮷田", RUBY.format("𠮷田", "よしだ")),
        ("葛\U000e0100城《かつらぎ》", "葛\U000e0100城", RUBY.format("葛\U000e0100城", "かつらぎ")),
        ("a<b《c》", "a<b《c》", "a&lt;b《c》"),
        ("読《》み", "読《》み", "読《》み"),
        ("《おと》", "《おと》", "《おと》"),
    ],
)
def test_reading_belongs_to_the_kanji_before_it(notation: str, plain: str, drawn: str) -> None:
    assert strip_readings(notation) == plain
    assert draw_readings(notation) == drawn


@given(st.text(alphabet="学校のき｜《》<&a", max_size=30))
def test_drawing_never_lets_markup_of_the_text_through(text: str) -> None:
    drawn = str(draw_readings(text))
    for tag in ("<ruby>", "</ruby>", "<rt>", "</rt>", "<rp>", "</rp>"):
        drawn = drawn.replace(tag, "")
    assert "<" not in drawn


@given(st.text(alphabet="学校のき｜《》a", max_size=30))
def test_stripping_twice_is_stripping_once_when_no_mark_is_left(text: str) -> None:
    stripped = strip_readings(text)
    if "《" not in stripped:
        assert strip_readings(stripped) == stripped


def test_name_and_reading_are_paired_part_by_part() -> None:
    assert draw_name("山田 花", "やまだ はな") == RUBY.format("山田", "やまだ") + "　" + RUBY.format("花", "はな")


def test_reading_with_other_parts_stands_over_the_whole_name() -> None:
    assert draw_name("山田 花", "やまだはな") == RUBY.format("山田 花", "やまだはな")


def test_name_from_data_is_escaped() -> None:
    assert "<script>" not in draw_name("<script>", "<img>")
