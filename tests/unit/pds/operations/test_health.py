"""A light shines for what was measured, says what to do, and is never green for what nobody knows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pds.operations.health import Disk, KeyFacts, Level, Light, Vitals, gravest, judge
from pds.operations.queries import DatabaseFacts, FailedJobs, JobFacts, LogFacts, MessageFacts, RegistryFacts
from web.i18n import Locale, load_catalogues

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
GB = 1024**3
GOOD = Vitals(
    at=NOW,
    made_up=False,
    database=DatabaseFacts(NOW, "16.4", 3 * GB, embedded=False),
    schema_fault=None,
    log=LogFacts(2, NOW - timedelta(seconds=3), NOW - timedelta(hours=1), 100),
    jobs=JobFacts(1, NOW - timedelta(seconds=5), 1, ()),
    keys=KeyFacts(False, 4, NOW - timedelta(days=2), 12, 102),
    disks=(Disk("Storage of uploads", 50 * GB, 100 * GB),),
    messages=MessageFacts(1, NOW - timedelta(hours=1), 0, None),
    registry=RegistryFacts(7, NOW - timedelta(days=20), NOW + timedelta(days=30)),
)


def light(vitals: Vitals, code: str) -> Light:
    (found,) = [one for one in judge(vitals) if one.code == code]
    return found


def with_part(part: str, **changes: Any) -> Vitals:
    return replace(GOOD, **{part: replace(getattr(GOOD, part), **changes)})


def test_a_node_in_order_is_good_in_everything_but_what_nobody_knows() -> None:
    assert {one.code: one.level for one in judge(GOOD) if one.level is not Level.OK} == {"backup": Level.UNKNOWN}
    assert gravest(judge(GOOD)) is Level.UNKNOWN


def test_each_light_has_a_name_of_its_own() -> None:
    codes = [one.code for one in judge(replace(GOOD, disks=GOOD.disks * 2))]
    assert len(set(codes)) == len(codes)


CASES: list[tuple[str, Level, Vitals]] = [
    ("database", Level.FAULT, with_part("database", clock=NOW + timedelta(seconds=31))),
    ("database", Level.FAULT, with_part("database", clock=NOW - timedelta(seconds=31))),
    ("database", Level.OK, with_part("database", clock=NOW + timedelta(seconds=30))),
    ("database", Level.FAULT, with_part("database", embedded=True)),
    ("database", Level.OK, replace(with_part("database", embedded=True), made_up=True)),
    ("schema", Level.FAULT, replace(GOOD, schema_fault={"found": "pds_0002", "needed": "pds_0003"})),
    ("jobs", Level.FAULT, with_part("jobs", overdue_since=NOW - timedelta(seconds=61))),
    ("jobs", Level.OK, with_part("jobs", overdue_since=NOW - timedelta(seconds=60))),
    ("jobs", Level.OK, with_part("jobs", overdue_since=None)),
    ("failed_jobs", Level.ATTENTION, with_part("jobs", failed=(FailedJobs("intake.apply", 2, NOW),))),
    ("sequencer", Level.FAULT, with_part("log", oldest=NOW - timedelta(seconds=61))),
    ("sequencer", Level.OK, with_part("log", oldest=None, waiting=0)),
    ("checkpoint", Level.UNKNOWN, with_part("log", checkpoint_at=None, checkpoint_size=0)),
    ("checkpoint", Level.FAULT, with_part("keys", leaves=99)),
    ("checkpoint", Level.OK, with_part("keys", leaves=100)),
    ("messages", Level.OK, with_part("messages", waiting=0, oldest=None)),
    ("messages", Level.OK, with_part("messages", oldest=NOW - timedelta(hours=2))),
    ("messages", Level.ATTENTION, with_part("messages", oldest=NOW - timedelta(hours=2, seconds=1))),
    ("messages", Level.FAULT, with_part("messages", dead=1, latest_dead=NOW)),
    ("registry", Level.UNKNOWN, replace(GOOD, registry=None)),
    ("registry", Level.OK, with_part("registry", expires_at=NOW + timedelta(days=7))),
    ("registry", Level.ATTENTION, with_part("registry", expires_at=NOW + timedelta(days=7) - timedelta(seconds=1))),
    ("registry", Level.FAULT, with_part("registry", expires_at=NOW)),
    ("keyring", Level.ATTENTION, with_part("keys", file_back_end=True)),
    ("keyring", Level.OK, replace(with_part("keys", file_back_end=True), made_up=True)),
    ("epoch", Level.ATTENTION, with_part("keys", epoch_began=NOW - timedelta(days=7, seconds=1))),
    ("epoch", Level.UNKNOWN, with_part("keys", epoch=None)),
    ("epoch", Level.UNKNOWN, with_part("keys", epoch_began=None)),
    ("journal", Level.FAULT, with_part("keys", journal_lines=None)),
    ("storage_1", Level.OK, replace(GOOD, disks=(Disk("x", 20 * GB, 100 * GB),))),
    ("storage_1", Level.ATTENTION, replace(GOOD, disks=(Disk("x", 19 * GB, 100 * GB),))),
    ("storage_1", Level.FAULT, replace(GOOD, disks=(Disk("x", 9 * GB, 100 * GB),))),
    ("storage_1", Level.FAULT, replace(GOOD, disks=(Disk("x", 0, 0),))),
]


@pytest.mark.parametrize(("code", "level", "vitals"), CASES)
def test_a_light_shines_for_what_was_measured(code: str, level: Level, vitals: Vitals) -> None:
    found = light(vitals, code)
    assert found.level is level
    assert bool(found.remedy) is (level is not Level.OK)
    assert found.finding % found.values
    assert not found.remedy or found.remedy % found.values


def test_the_gravest_light_is_how_the_node_is() -> None:
    assert gravest(judge(with_part("keys", journal_lines=None))) is Level.FAULT
    assert gravest(judge(with_part("jobs", failed=(FailedJobs("intake.undo", 1, NOW),)))) is Level.ATTENTION


def test_every_sentence_of_every_light_is_said_in_japanese() -> None:
    root = Path(__file__).parents[4]
    catalogues = load_catalogues([root / package / "translations" for package in ("web", "trust", "pds")])
    lights = [one for _, _, vitals in CASES for one in judge(vitals)]
    said = {text for one in lights for text in (one.finding, one.remedy) if text}
    said |= {one.name for one in lights if not one.code.startswith("storage")}
    assert catalogues.missing(Locale.JA, said) == []
    assert catalogues.missing(Locale.PLAIN, said) == []
