"""One subject is followed through every kind of record that tells of it, and through nothing else."""

from datetime import date

from consent.vocabulary import Category, Text
from pds.look_back.subject import follow_subject, is_subject, subjects_in
from pds.look_back.words import Listing, Sentence
from tests.factories import bodies
from tests.unit.pds.look_back.disclosed import disclose

RECORDS = [
    disclose(Category.ENROLMENT, bodies.enrolment(), year=2021),
    disclose(Category.GUIDANCE, bodies.guidance(2025)),
    disclose(Category.REPORT, bodies.report(2026)),
    disclose(Category.ASSESSMENT, bodies.assessment(2026)),
    disclose(Category.PORTFOLIO, bodies.portfolio(2026)),
    disclose(Category.HEALTH_CHECK, bodies.health_check(2026)),
]


def test_only_subjects_that_something_stands_about_can_be_chosen() -> None:
    codes = [code for code, _ in subjects_in(RECORDS)]
    assert codes == ["japanese", "social_studies", "arithmetic", "science", "music", "arts_and_handicrafts",
                     "home_economics", "physical_education", "foreign_language"]  # fmt: skip
    assert subjects_in(RECORDS[-1:]) == ()


def test_marks_tests_and_works_stand_under_their_year_the_latest_first() -> None:
    now, before = follow_subject(RECORDS, "arithmetic")
    assert (now.school_year, before.school_year) == (2026, 2025)
    assert now.grade is not None
    assert now.grade.en == "Elementary grade 6"
    kinds = [line.record for line in now.lines]
    assert kinds == [RECORDS[2].record.place.record] * 2 + [RECORDS[3].record.place.record] * 2
    assert [line.when for line in now.lines[2:]] == [date(2026, 4, 16), date(2026, 10, 2)]
    marks = now.lines[0].said
    assert isinstance(marks, Listing)
    said = [(part.params["label"], part.params["value"]) for part in marks.parts if isinstance(part, Sentence)]
    assert next((name.en, value) for name, value in said if isinstance(name, Text)) == ("Knowledge and skills", "A")
    assert said[-1][1] == 2


def test_a_work_stands_under_the_subject_it_was_made_in() -> None:
    (now, _) = follow_subject(RECORDS, "arts_and_handicrafts")
    work = now.lines[-1]
    assert work.record == RECORDS[4].record.place.record
    assert isinstance(work.said, Sentence)
    assert work.said.params["value"] == "秋の川原"


def test_a_subject_without_any_record_has_no_year() -> None:
    assert follow_subject(RECORDS, "civics") == ()
    assert is_subject("civics")
    assert not is_subject("magic")


def test_a_closed_field_says_nothing_about_a_subject() -> None:
    item = disclose(Category.GUIDANCE, bodies.guidance(), withheld=("subjects",))
    assert subjects_in([item]) == ()
