"""Last year's roster: who was enrolled on its last day, in homerooms that the registers know."""

from datetime import date

from manabi.sample.last_year import LAST_DAY
from tests.unit.manabi.sample.reading import Rows, Sample, roster


def last_year(sample: Sample, establisher: str) -> dict[str, Rows]:
    (path,) = (
        path for path in sample.files("oneroster") if path.parent.name == establisher and "year-2025" in path.name
    )
    return roster(path)


def test_every_enrolment_lasts_to_the_years_last_day_and_lies_in_a_class_of_that_year(sample: Sample) -> None:
    for establisher in ("municipal", "prefectural", "private"):
        package = last_year(sample, establisher)
        assert {row["endDate"] for row in package["enrollments"]} == {LAST_DAY.isoformat()} == {"2026-03-31"}
        assert all(date(2025, 4, 1) <= date.fromisoformat(row["beginDate"]) for row in package["enrollments"])
        classes = {row["sourcedId"]: row for row in package["classes"]}
        assert all(
            classes[row["classSourcedId"]]["schoolSourcedId"] == row["schoolSourcedId"]
            for row in package["enrollments"]
        )
        assert {row["courseSourcedId"] for row in package["classes"]} == {
            row["sourcedId"] for row in package["courses"]
        }


def test_it_names_children_and_schools_of_the_bulk_set_alone(sample: Sample) -> None:
    for establisher in ("municipal", "prefectural", "private"):
        package, bulk = last_year(sample, establisher), sample.bulk(establisher)
        users = {row["sourcedId"] for row in bulk["users"]}
        orgs = {row["sourcedId"] for row in bulk["orgs"]}
        assert {row["userSourcedId"] for row in package["enrollments"]} <= users
        assert {row["schoolSourcedId"] for row in package["enrollments"]} <= orgs
        assert {row["sourcedId"] for row in package["enrollments"]}.isdisjoint(
            row["sourcedId"] for row in bulk["enrollments"]
        )


def test_no_child_was_enrolled_at_two_places_when_the_year_ended(sample: Sample) -> None:
    enrolled = [row["userSourcedId"][2:] for one in ("municipal", "prefectural", "private")
                for row in last_year(sample, one)["enrollments"]]  # fmt: skip
    assert len(enrolled) == len(set(enrolled))
    municipal = {row["userSourcedId"] for row in last_year(sample, "municipal")["enrollments"]}
    present = {row["userSourcedId"] for row in sample.bulk("municipal")["enrollments"] if row["role"] == "student"}
    assert municipal & present, "most are there this year as well"
    assert municipal - present, "some have gone on to a senior high school since"
    assert present - municipal, "the first grade had not come yet"
