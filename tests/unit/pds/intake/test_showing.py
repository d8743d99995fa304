"""A hand-over as a clerk reads it: findings that say the same together, numbers in order, files to start from."""

import csv
import io

import pytest

from consent.vocabulary import Category, Text
from consent.wording import label
from pds.intake.cell_problems import REQUIRED
from pds.intake.file_problems import CELL_COUNT
from pds.intake.findings import Finding, Severity
from pds.intake.layouts import all_layouts, layout_named
from pds.intake.roster_problems import UNDO_IN_USE
from pds.intake.showing import PER_PAGE, content_names, gravest, kind_rows, page_of, published_layouts

E = Severity.ERROR


def finding(code: str, row: int, column: str = "learner", value: str = "", file: str = "a.csv") -> Finding:
    return Finding(E, code, file, row, column, value, {"found": 1, "expected": 2})


def say(msgid: str) -> str:
    return msgid


def test_findings_that_say_the_same_stand_together_with_their_places() -> None:
    found = [finding(REQUIRED.code, 2), finding(CELL_COUNT.code, 3), finding(REQUIRED.code, 4)]
    page = page_of(found, {"error": 3}, E, 1, say, "en")
    assert [[place.row for place in group.places] for group in page.groups] == [[2, 4], [3]]
    assert page.groups[0].title == REQUIRED.title % found[0].places
    assert page.groups[0].example == "m-s-000001"
    assert (page.groups[0].file, page.groups[0].column) == ("a.csv", "learner")


def test_a_group_names_file_and_column_where_its_places_agree() -> None:
    found = [finding(REQUIRED.code, 2, file="a.csv"), finding(REQUIRED.code, 2, file="b.csv")]
    (group,) = page_of(found, {}, E, 1, say, "en").groups
    assert (group.file, group.column) == (None, "learner")


def test_examples_differ_by_column() -> None:
    found = [finding(REQUIRED.code, 2, "grade"), finding(REQUIRED.code, 3, "unheard_of")]
    assert [group.example for group in page_of(found, {}, E, 1, say, "en").groups] == ["P5", ""]


@pytest.mark.parametrize(("asked", "here"), [(0, 1), (1, 1), (3, 3), (99, 3)])
def test_pages_are_bounded(asked: int, here: int) -> None:
    found = [finding(REQUIRED.code, row) for row in range(2 * PER_PAGE + 1)]
    page = page_of(found, {"error": 5000}, E, asked, say, "en")
    assert (page.page, page.pages, page.kept, page.counted) == (here, 3, 2 * PER_PAGE + 1, 5000)
    assert sum(len(group.places) for group in page.groups) == (1 if here == 3 else PER_PAGE)


def test_other_severities_are_left_out() -> None:
    note = Finding(Severity.NOTE, UNDO_IN_USE.code, "learner")
    assert page_of([note], {}, E, 1, say, "en").groups == ()
    assert page_of([note], {}, Severity.NOTE, 1, say, "en").kept == 1


def test_the_gravest_severity_opens_first() -> None:
    assert gravest({"error": 0, "warning": 2, "note": 7}) is Severity.WARNING
    assert gravest({"note": 7}) is Severity.NOTE
    assert gravest({}) is Severity.ERROR


def test_numbers_stand_in_the_order_things_hang_on_one_another() -> None:
    report = {
        "kinds": {
            "record.guidance": {"new": 3}, "enrolment": {"new": 2, "changed": 1}, "organisation": {"unchanged": 1},
            "something_new": {"new": 1},
        }
    }  # fmt: skip
    rows = kind_rows(report, ("new", "changed", "unchanged"))
    assert [(row.name, row.numbers) for row in rows] == [
        ("Schools and boards", (0, 0, 1)),
        ("Places in classes", (2, 1, 0)),
        (label(Category.GUIDANCE), (3, 0, 0)),
        ("something_new", (1, 0, 0)),
    ]
    assert kind_rows(None, ("new",)) == ()


def test_contents_are_named() -> None:
    assert content_names(None) == ()
    assert content_names("oneroster.jp_v1_2_1") == ("OneRoster set",)
    roles, other = content_names("staff_roles,of_tomorrow")
    assert isinstance(roles, Text)
    assert other == "of_tomorrow"


@pytest.mark.parametrize("layout", published_layouts(), ids=lambda layout: layout.name)
def test_every_layout_is_handed_out_as_the_importer_reads_it(layout: object) -> None:
    found = next(one for one in published_layouts() if one is layout)
    header, example = csv.reader(io.StringIO(found.as_csv().decode("utf-8-sig")))
    assert tuple(header) == layout_named(found.name).header
    assert len(example) == len(header)


def test_no_published_layout_is_left_out() -> None:
    assert {layout.name for layout in all_layouts().values()} == {layout.name for layout in published_layouts()}
