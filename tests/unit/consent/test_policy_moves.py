"""The files on moving records: what is wrong in them is named, and what no policy may say is refused."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from consent.policy import faults
from consent.policy.loader import load_policy, shipped_policy
from consent.policy.model import Closure
from consent.vocabulary import ActClass, Category, Move, PurposeCode, Text
from tests.unit.consent.test_policy_loader import edit, folder, rules

__all__ = ["folder"]

Change = Callable[[Any], object]
Fault = type[faults.PolicyFault]


def refused(folder: Path, name: str, change: Change, fault: Fault, said: str) -> None:
    edit(folder, f"{name}.json", lambda content: change(rules(content)))
    with pytest.raises(fault, match=said):
        load_policy(folder)


def lane(**changes: Any) -> Change:
    return lambda found: found["lanes"][0].update(changes)


def test_the_shipped_files_speak_of_every_purpose_and_category() -> None:
    edition = shipped_policy().editions[-1]
    assert set(edition.purposes) == set(PurposeCode)
    assert set(edition.acts) == set(Category)
    assert {category for category, rule in edition.acts.items() if rule.act is ActClass.DAILY} == {Category.CARE_PLAN}
    assert {move for rule in edition.purposes.values() for move in rule.moves} == set(Move)
    assert edition.review.school_days == 5


@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        (lane(moves=[]), faults.PolicyEntryMissing, r"lanes\[0\].moves"),
        (lane(moves=["graduation"]), faults.PolicyNameUnknown, "graduation"),
        (lane(lane="veto"), faults.PolicyNameUnknown, "veto"),
        (lane(moves=["transfer", "transfer"]), faults.PolicyEntryRepeated, "enrolment, transfer"),
        (lane(moves=["transfer", "promotion"]), faults.PolicyEntryRepeated, "enrolment, promotion"),
        (lane(rule="guidance.transfer"), faults.PolicyEntryRepeated, "guidance.transfer"),
        (lane(incoming_only="yes"), faults.PolicyShapeWrong, "true or false"),
        (lane(citations=["service-choice"]), faults.PolicyLaneForbidden, "enrolment"),
        (lane(moves=["none"]), faults.PolicyLaneForbidden, "enrolment"),
        (lane(moves=["application"]), faults.PolicyLaneForbidden, "enrolment"),
        (lane(citations=[]), faults.PolicyCitationMissing, r"lanes\[0\].citations"),
        (lambda found: found["review"].update(school_days=31), faults.PolicyShapeWrong, "at most 30 school days"),
        (lambda found: found["review"].update(school_days=-1), faults.PolicyShapeWrong, "whole number"),
    ],
)
def test_a_wrong_lane_is_refused(folder: Path, change: Change, fault: Fault, said: str) -> None:
    refused(folder, "lanes", change, fault, said)


def test_a_board_may_choose_a_longer_review_and_another_lane(folder: Path) -> None:
    def change(content: Any) -> None:
        rules(content)["review"].update(school_days=30)
        rules(content)["lanes"][6].update(lane="forbidden")

    edit(folder, "lanes.json", change)
    edition = load_policy(folder).editions[-1]
    assert edition.review.school_days == 30
    assert edition.lanes[Category.REPORT, Move.TRANSFER].lane == "forbidden"


@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        (lambda found: found["support"].update(moves=[]), faults.PolicyEntryMissing, "support.moves"),
        (lambda found: found.pop("support"), faults.PolicyEntryMissing, "support"),
        (lambda found: found.update(marketing={}), faults.PolicyNameUnknown, "marketing"),
        (lambda found: found["support"].update(dpv=""), faults.PolicyShapeWrong, "support.dpv"),
    ],
)
def test_a_wrong_purpose_is_refused(folder: Path, change: Change, fault: Fault, said: str) -> None:
    refused(folder, "purposes", change, fault, said)


def closed(**changes: Any) -> Change:
    return lambda found: found["closed"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        (lambda found: found.update(weekend=["sun"]), faults.PolicyNameUnknown, "Use one of: monday|“sun”"),
        (closed(**{"from": "7/21"}), faults.PolicyShapeWrong, "MM-DD"),
        (closed(to="02-30"), faults.PolicyShapeWrong, "MM-DD"),
        (closed(**{"from": "01-01", "to": "12-31"}), faults.PolicyNeverOpen, "leaves no school day"),
        (closed(**{"from": "05-01", "to": "04-30"}), faults.PolicyNeverOpen, "leaves no school day"),
        (
            lambda found: found["holidays"].append(found["holidays"][0]),
            faults.PolicyEntryRepeated,
            "2026-01-01",
        ),
        (
            lambda found: found.update(
                weekend=["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
            ),
            faults.PolicyNeverOpen,
            "leaves no school day",
        ),
    ],
)
def test_a_wrong_calendar_is_refused(folder: Path, change: Change, fault: Fault, said: str) -> None:
    refused(folder, "school_days", change, fault, said)


@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        (lambda found: found["acts"].append(found["acts"][0]), faults.PolicyEntryRepeated, "care_plan"),
        (lambda found: found["acts"][0].update(act="weighty"), faults.PolicyNameUnknown, "weighty"),
        (lambda found: found["otherwise"].pop("citations"), faults.PolicyEntryMissing, "citations"),
    ],
)
def test_a_wrong_weight_is_refused(folder: Path, change: Change, fault: Fault, said: str) -> None:
    refused(folder, "acts", change, fault, said)


@pytest.mark.parametrize("relation", ["recipient", "next_school"])
def test_no_default_opens_a_record_to_another_organisation(folder: Path, relation: str) -> None:
    def change(found: Any) -> None:
        found["openings"][2].update(relation=relation)

    refused(folder, "visibility", change, faults.PolicyRuleForbidden, relation)


def test_a_closed_period_may_pass_new_year() -> None:
    winter = Closure((12, 25), (1, 7), Text("", "", ""))
    days = [date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 1), date(2027, 1, 7), date(2027, 1, 8)]
    assert [winter.holds_on(day) for day in days] == [False, True, True, True, False]


def test_a_day_of_the_year_may_be_the_29th_of_february(folder: Path) -> None:
    edit(
        folder, "school_days.json", lambda content: rules(content)["closed"][0].update({"from": "02-29", "to": "03-01"})
    )
    assert load_policy(folder).editions[-1].calendar.closures[0].begin == (2, 29)
