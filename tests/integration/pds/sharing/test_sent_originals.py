"""An original that has gone to the next school is no longer the sender's to read; the learner's own copy stays."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import text

from consent.verdict import DenialCode
from consent.vocabulary import Category
from pds.sharing import enforcement
from pds.sharing.enforcement import Disclosed, Overview, Refused
from tests.integration.pds.sharing.town import Family, Town

GONE = Refused(DenialCode.ORIGINAL_SENT, DenialCode.ORIGINAL_SENT)


@pytest.fixture
def family(town: Town) -> Family:
    return town.family()


@pytest.fixture
def sheet(town: Town, family: Family) -> UUID:
    """A health sheet whose original has gone."""
    record = town.record(family.child, Category.HEALTH_CHECK, {"height": 150})
    with town.work() as session:
        session.execute(text("UPDATE record SET sent_at = now() WHERE record_id = :record"), {"record": record})
    return record


def read(town: Town, person: UUID, child: UUID, record: UUID) -> Disclosed | Refused:
    with town.web() as session:
        return enforcement.read_record(session, town.node, town.asking(person), child, record)


def overview(town: Town, person: UUID, child: UUID, categories: Sequence[Category]) -> Overview | Refused:
    with town.web() as session:
        return enforcement.read_overview(session, town.node, town.asking(person), child, categories)


def test_staff_do_not_open_it_and_are_told_where_it_is(town: Town, family: Family, sheet: UUID) -> None:
    town.record(family.child, Category.GUIDANCE)
    assert read(town, town.nurse, family.child, sheet) == GONE
    assert overview(town, town.nurse, family.child, [Category.HEALTH_CHECK]) == GONE
    both = overview(town, town.principal, family.child, [Category.HEALTH_CHECK, Category.GUIDANCE])
    assert isinstance(both, Overview)
    assert both.refused == (Category.HEALTH_CHECK,)
    assert {one.record.place.category for one in both.records} == {Category.GUIDANCE}
    assert [entry["reason"] for entry in town.log(family.child)].count("original_sent") == 2


def test_the_learners_own_copy_stays_readable(town: Town, family: Family, sheet: UUID) -> None:
    for person in (family.child, family.mother):
        answer = read(town, person, family.child, sheet)
        assert isinstance(answer, Disclosed)
        assert answer.record.sent
        seen = overview(town, person, family.child, [Category.HEALTH_CHECK])
        assert isinstance(seen, Overview)
        assert [one.record.place.record for one in seen.records] == [sheet]


def test_a_new_sheet_beside_it_is_open(town: Town, family: Family, sheet: UUID) -> None:
    later = town.record(family.child, Category.HEALTH_CHECK, {"height": 155}, school_year=2025)
    seen = overview(town, town.nurse, family.child, [Category.HEALTH_CHECK])
    assert isinstance(seen, Overview)
    assert [one.record.place.record for one in seen.records] == [later]
    assert read(town, town.nurse, family.child, sheet) == GONE
