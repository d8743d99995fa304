"""The page of one year: sentences from its numbers, quotations from its words, and no more."""

from datetime import date

from consent.vocabulary import Category
from pds.look_back.words import Listing
from pds.look_back.year import build_year
from tests.factories import bodies
from tests.unit.pds.look_back.disclosed import disclose

TODAY = date(2026, 11, 20)
WEST = bodies.school("C120299000017", "みらい市立西中学校")


def test_a_year_without_records_has_no_page() -> None:
    assert build_year([disclose(Category.GUIDANCE, bodies.guidance(2025))], 2024, TODAY) is None


def test_the_first_sentence_counts_the_days() -> None:
    page = build_year([disclose(Category.GUIDANCE, bodies.guidance(2025))], 2025, TODAY)
    assert page is not None
    assert page.sentences[0].params == {"present": 198, "required": 202}


def test_days_at_two_schools_of_one_year_are_added_up() -> None:
    records = [
        disclose(Category.GUIDANCE, bodies.guidance(2025)),
        disclose(Category.GUIDANCE, bodies.guidance(2025, absent=10, school=WEST)),
    ]
    page = build_year(records, 2025, TODAY)
    assert page is not None
    assert page.sentences[0].params == {"present": 198 + 192, "required": 404}
    assert len(page.learning) == 2


def test_the_second_sentence_names_up_to_three_subjects_that_went_best() -> None:
    page = build_year([disclose(Category.GUIDANCE, bodies.guidance(2025))], 2025, TODAY)
    assert page is not None
    best = page.sentences[1].params["subjects"]
    assert isinstance(best, Listing)
    assert [subject.en for subject in best.parts] == ["Arithmetic", "Physical education"]  # type: ignore[union-attr]


def test_otherwise_it_counts_the_best_marks() -> None:
    subjects = bodies.guidance()["subjects"]
    for subject in subjects:
        subject["viewpoints"] = {"knowledge": "A", "thinking": "B", "attitude": None}
    page = build_year([disclose(Category.GUIDANCE, bodies.guidance(2025, subjects=subjects))], 2025, TODAY)
    assert page is not None
    assert (page.sentences[1].params["all"], page.sentences[1].params["high"]) == (18, 9)


def test_the_running_year_counts_absences_and_says_when_results_come() -> None:
    page = build_year([disclose(Category.ATTENDANCE_DAILY, bodies.attendance_daily(2026))], 2026, TODAY)
    assert page is not None
    assert page.sentences[0].count == 2
    assert "end of the school year" in page.sentences[1].msgid


def test_a_missing_mark_is_drawn_as_none() -> None:
    subjects = [{"subject": "music", "viewpoints": {"knowledge": "C", "thinking": None}, "rating": None}]
    page = build_year([disclose(Category.GUIDANCE, bodies.guidance(2025, subjects=subjects))], 2025, TODAY)
    assert page is not None
    marks = page.learning[0].subjects[0].marks
    assert [None if mark is None else mark.level for mark in marks] == [1, None, None]


def test_teachers_words_are_quoted_with_their_school() -> None:
    page = build_year([disclose(Category.GUIDANCE, bodies.guidance(2025))], 2025, TODAY)
    assert page is not None
    assert page.comments[0].text.startswith("友だちの立場")
    assert {comment.school for comment in page.comments} == {"みらい市立東小学校"}


def test_closed_remarks_are_not_quoted_and_open_ones_are() -> None:
    closed = build_year(
        [disclose(Category.GUIDANCE, bodies.guidance(2025), withheld=("overall_remarks",))], 2025, TODAY
    )
    opened = build_year([disclose(Category.GUIDANCE, bodies.guidance(2025))], 2025, TODAY)
    assert closed is not None
    assert opened is not None
    secret = "閉じられた所見です。"
    assert secret not in [comment.text for comment in closed.comments]
    assert secret in [comment.text for comment in opened.comments]


def test_an_enrolment_record_belongs_to_each_of_its_years() -> None:
    page = build_year([disclose(Category.ENROLMENT, bodies.enrolment(), year=2021)], 2024, TODAY)
    assert page is not None
    assert page.grade is not None
    assert page.grade.en == "Elementary grade 4"


def test_the_chart_has_every_subject_and_its_rating() -> None:
    page = build_year([disclose(Category.GUIDANCE, bodies.guidance(2025))], 2025, TODAY)
    assert page is not None
    assert len(page.learning[0].subjects) == len(bodies.SUBJECTS)
    assert {subject.rating for subject in page.learning[0].subjects} == {2}


def test_health_is_told_in_three_lines() -> None:
    page = build_year([disclose(Category.HEALTH_CHECK, bodies.health_check(2026))], 2026, TODAY)
    assert page is not None
    assert [row.label.en for row in page.health[0].rows] == ["Height", "Weight", "Vision"]
