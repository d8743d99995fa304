"""Every published form becomes a readable page: its own order and labels, nothing lost, nothing closed shown."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from consent.vocabulary import Text
from pds.look_back.forms import Field, find_form
from pds.look_back.register import Register, Section, build_register
from pds.look_back.words import Listing, Part, Quantity, SchoolYear, Sentence
from tests.factories import bodies

GUIDANCE = "urn:manabi:schema:guidance:1"
HEALTH = "urn:manabi:schema:health_check:1"
ENROLMENT = "urn:manabi:schema:enrolment:1"
ATTENDANCE = "urn:manabi:schema:attendance_daily:1"
REPORT = "urn:manabi:schema:report:1"
ASSESSMENT = "urn:manabi:schema:assessment:1"
PORTFOLIO = "urn:manabi:schema:portfolio:1"


def section(register: Register, name: str) -> Section:
    return next(part for part in register.sections if part.name == name)


def value_of(part: Section, japanese: str) -> Part | None:
    return next(row.value for row in part.rows if row.label.ja.startswith(japanese))


def texts_of(part: Part | None) -> Iterator[str]:
    """Every text somewhere inside what a page says."""
    match part:
        case Sentence():
            for inner in part.params.values():
                yield from texts_of(inner)
        case Listing():
            for inner in part.parts:
                yield from texts_of(inner)
        case Quantity():
            yield str(part.number)
        case SchoolYear():
            yield str(part.year)
        case Text():
            yield part.ja
        case None:
            pass
        case _:
            yield str(part)


def all_texts(register: Register) -> list[str]:
    return texts_in(register.sections)


def texts_in(sections: Iterable[Section]) -> list[str]:
    found: list[str] = []
    for part in sections:
        found += [part.paragraph] if part.paragraph else []
        found += [text for row in part.rows for text in texts_of(row.value)]
        found += [name.ja for name, _ in part.marks]
        if part.grid:
            found += [text for row in part.grid.rows for cell in row for text in texts_of(cell)]
        for card in part.cards:
            found += [*texts_of(card.heading), *texts_in(card.sections)]
        found += [file.name for file in part.files]
    return found


def own_words(value: Any) -> Iterator[str]:
    """The texts that people wrote: everything that is no code and no date."""
    if isinstance(value, str) and not value.isascii():
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from own_words(inner)


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (GUIDANCE, bodies.guidance()),
        (HEALTH, bodies.health_check()),
        (ENROLMENT, bodies.enrolment()),
        (ATTENDANCE, bodies.attendance_daily()),
        (REPORT, bodies.report()),
        (ASSESSMENT, bodies.assessment()),
        (PORTFOLIO, bodies.portfolio()),
    ],
)
def test_whatever_the_school_wrote_stands_on_the_page(schema: str, body: dict[str, Any]) -> None:
    shown = all_texts(build_register(find_form(schema), body))
    assert [text for text in own_words(body) if text not in shown] == []


def test_a_closed_field_is_neither_shown_nor_called_empty() -> None:
    body = {name: value for name, value in bodies.guidance().items() if name != "overall_remarks"}
    register = build_register(find_form(GUIDANCE), body, withheld=("overall_remarks",))
    assert "overall_remarks" not in [part.name for part in register.sections]
    assert not any("総合所見" in label.ja for label in register.unwritten)


def test_empty_fields_are_named_once_and_take_no_room() -> None:
    register = build_register(find_form(GUIDANCE), bodies.guidance(moral=None))
    assert "moral" not in [part.name for part in register.sections]
    assert [label.en for label in register.unwritten] == ["Moral education", "Foreign language activities"]


def test_marks_stand_as_letters_with_what_they_mean_under_the_table() -> None:
    grid = section(build_register(find_form(GUIDANCE), bodies.guidance()), "subjects").grid
    assert grid is not None
    assert [cell.ja if isinstance(cell, Text) else cell for cell in grid.rows[0]] == [
        "国語《こくご》",
        "A",
        "B",
        "A",
        2,
    ]
    assert [letter for letter, _ in grid.legend] == ["A", "B", "C"]


def test_a_column_in_which_nobody_wrote_anything_is_left_out() -> None:
    grid = section(build_register(find_form(GUIDANCE), bodies.guidance()), "subjects").grid
    assert grid is not None
    assert "Credits earned" not in [column.en for column in grid.columns]
    assert len(grid.columns) == 5


def test_circles_of_a_form_are_marks() -> None:
    marks = section(build_register(find_form(GUIDANCE), bodies.guidance()), "behaviour").marks
    assert [(name.en, marked) for name, marked in marks] == [
        ("Basic habits of daily life", True),
        ("Sense of responsibility", False),
    ]


def test_numbers_have_units_codes_have_labels_and_dates_are_dates() -> None:
    facts = section(build_register(find_form(HEALTH), bodies.health_check()), "facts")
    height = value_of(facts, "身長")
    assert isinstance(height, Quantity)
    assert (height.number, height.unit.ja) == (148.2, "cm")
    assert value_of(facts, "検査日") == date(2026, 5, 14)
    nutrition = value_of(facts, "栄養状態")
    assert isinstance(nutrition, Text)
    assert nutrition.en == "Good"


def test_a_finding_and_its_note_are_one_line() -> None:
    facts = section(build_register(find_form(HEALTH), bodies.health_check()), "facts")
    assert list(texts_of(value_of(facts, "皮膚疾患"))) == ["所見《しょけん》あり", "アトピー性皮膚炎"]


def test_an_object_of_several_parts_names_each_part() -> None:
    facts = section(build_register(find_form(HEALTH), bodies.health_check()), "facts")
    vision = value_of(facts, "視力")
    assert isinstance(vision, Listing)
    right = vision.parts[0]
    assert isinstance(right, Sentence)
    assert list(texts_of(right)) == ["右《みぎ》", "裸眼《らがん》", "A　1.0以上《いじょう》"]


def test_school_year_and_grade_come_last_since_the_head_of_the_page_says_them() -> None:
    register = build_register(find_form(GUIDANCE), bodies.guidance())
    assert register.sections[-1].name == "basics"
    assert SchoolYear(2025) in [row.value for row in register.sections[-1].rows]


def test_each_term_of_a_report_card_is_a_small_form_of_its_own() -> None:
    terms = section(build_register(find_form(REPORT), bodies.report()), "terms")
    assert [card.heading.en for card in terms.cards if isinstance(card.heading, Text)] == ["First term", "Second term"]
    first = {part.name: part for part in terms.cards[0].sections}
    assert list(first) == ["facts", "subjects", "behaviour", "attendance", "comment"]
    assert first["subjects"].grid is not None
    assert len(first["subjects"].grid.rows) == 9
    assert first["behaviour"].marks[0][1] is True
    assert first["comment"].paragraph == "進んで手を挙げ、友達の考えに耳を傾けていました。"


def test_a_work_is_called_by_its_title_and_its_files_by_name_and_kind() -> None:
    entries = section(build_register(find_form(PORTFOLIO), bodies.portfolio()), "entries")
    assert [card.heading for card in entries.cards] == ["6年生のめあて", "秋の川原", "1学期をふり返って"]
    (file,) = next(part.files for part in entries.cards[1].sections if part.files)
    assert (file.no, file.name, file.kind.en, file.size) == (1, "川原の絵.png", "Picture (PNG)", 2048)


def test_every_field_of_every_published_form_has_a_label_in_three_languages() -> None:
    faults: list[str] = []

    def look(item: Field, path: str) -> None:
        for label in (item.label, *item.codes.values()):
            if not (label.ja and label.plain and label.en):
                faults.append(path)
        for inner in item.fields:
            look(inner, f"{path}/{inner.name}")

    for path in Path("api_specs/records").glob("*.schema.json"):
        schema = json.loads(path.read_text("utf-8"))
        look(find_form(schema["$id"]), schema["$id"])
    assert faults == []
