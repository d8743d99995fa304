"""What changed between two versions is told field by field, and nothing else is."""

from typing import Any

import pytest

from consent.vocabulary import Text
from pds.look_back.changes import Change, compare
from pds.look_back.forms import find_form
from pds.look_back.words import Listing, Part, Quantity
from tests.factories import bodies

HEALTH = find_form("urn:manabi:schema:health_check:1")
GUIDANCE = find_form("urn:manabi:schema:guidance:1")
ATTENDANCE = find_form("urn:manabi:schema:attendance_daily:1")
REPORT = find_form("urn:manabi:schema:report:1")
ASSESSMENT = find_form("urn:manabi:schema:assessment:1")


def said(place: tuple[Part, ...]) -> list[object]:
    return [part.en if isinstance(part, Text) else part for part in place]


def only(changes: tuple[Change, ...]) -> Change:
    assert len(changes) == 1, [said(change.place) for change in changes]
    return changes[0]


def test_a_mistyped_height_is_one_change_with_both_values() -> None:
    change = only(compare(HEALTH, bodies.health_check(height=14.82), bodies.health_check()))
    assert said(change.place) == ["Height"]
    assert isinstance(change.before, Quantity)
    assert isinstance(change.after, Quantity)
    assert (change.before.number, change.after.number) == (14.82, 148.2)


def test_a_mark_is_found_by_its_subject_wherever_it_stands_in_the_list() -> None:
    before, after = bodies.guidance(), bodies.guidance()
    after["subjects"] = list(reversed(after["subjects"]))
    after["subjects"][0]["viewpoints"]["thinking"] = "A"  # foreign language, C before
    change = only(compare(GUIDANCE, before, after))
    assert said(change.place)[:2] == ["Learning by subject", "Foreign language"]
    assert isinstance(change.after, Text)
    assert change.after.en == "A: Fully satisfactory"


def test_a_day_that_was_added_says_what_it_was() -> None:
    before, after = bodies.attendance_daily(), bodies.attendance_daily()
    after["exceptions"].append({"date": "2026-10-05", "mark": "late", "reason": None, "note": "駅の混雑"})
    change = only(compare(ATTENDANCE, before, after))
    assert change.before is None
    assert isinstance(change.after, Listing)
    assert "駅の混雑" in change.after.parts


def test_a_day_that_was_taken_out_is_told() -> None:
    before, after = bodies.attendance_daily(), bodies.attendance_daily()
    after["exceptions"] = after["exceptions"][1:]
    change = only(compare(ATTENDANCE, before, after))
    assert change.after is None
    assert change.before is not None


def test_a_whole_object_that_appears_is_told_by_its_fields() -> None:
    changes = compare(HEALTH, bodies.health_check(urine=None), bodies.health_check())
    assert [said(change.place) for change in changes] == [
        ["Urine", name] for name in ("Protein", "Sugar", "Occult blood")
    ]


@pytest.mark.parametrize("empty", [None, ""])
def test_nothing_written_in_another_way_is_no_change(empty: Any) -> None:
    before = bodies.health_check()
    after = bodies.health_check(doctor_remarks=empty)
    del before["doctor_remarks"]
    assert compare(HEALTH, before, after) == ()


def test_a_mark_of_one_term_is_found_by_term_and_subject() -> None:
    before, after = bodies.report(), bodies.report()
    after["terms"][1]["subjects"][0]["rating"] = 3
    change = only(compare(REPORT, before, after))
    assert said(change.place) == ["By term", "Second term", "Learning by subject", "Japanese", "Rating"]
    assert (change.before, change.after) == (2, 3)


def test_tests_of_one_name_are_told_apart_by_their_position() -> None:
    before, after = bodies.assessment(), bodies.assessment()
    after["tests"][1]["correct"] = 12
    change = only(compare(ASSESSMENT, before, after))
    assert said(change.place) == ["Tests", 2, "Right answers"]
    del before["tests"][2]
    added = compare(ASSESSMENT, before, after)[-1]
    assert said(added.place) == ["Tests", 3]
    assert isinstance(added.after, Listing)
    assert Listing(("8250243112100000", "82502431A2200000")) in added.after.parts
