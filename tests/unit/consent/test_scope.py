"""Scopes and terms are a meet semilattice: what two agree on is the most that both open, in whatever order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.scope import FIRST_SCHOOL_YEAR, LAST_SCHOOL_YEAR, Scope, Terms
from consent.vocabulary import Category, Frequency, Mode
from tests.unit.consent.sharing import END, PORTFOLIO, REPORT, scopes, terms, terms_drawn, years

categories = st.sampled_from(list(Category))


def test_a_scope_has_one_normal_form() -> None:
    one = Scope.of({REPORT: [2025, 2024, 2025], PORTFOLIO: (), Category.ASSESSMENT: {2020}})
    other = Scope.of({Category.ASSESSMENT: [2020], REPORT: (2024, 2025)})
    assert one == other
    assert hash(one) == hash(other)
    assert one.entries == ((Category.ASSESSMENT, (2020,)), (REPORT, (2024, 2025)))
    assert one.categories == (Category.ASSESSMENT, REPORT)


def test_a_scope_covers_its_own_years_of_its_own_categories() -> None:
    scope = Scope.of({REPORT: (2024, 2025)})
    assert scope.covers(REPORT, 2024)
    assert not scope.covers(REPORT, 2023)
    assert not scope.covers(PORTFOLIO, 2024)
    assert scope.years(PORTFOLIO) == ()
    assert not scope.is_empty
    assert Scope().is_empty


@pytest.mark.parametrize("year", [FIRST_SCHOOL_YEAR - 1, LAST_SCHOOL_YEAR + 1])
def test_a_year_that_cannot_be_a_school_year_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match="report: school years lie between"):
        Scope.of({REPORT: [2024, year]})


def test_striking_takes_away_a_category_or_some_of_its_years() -> None:
    scope = Scope.of({REPORT: (2024, 2025), PORTFOLIO: (2025,)})
    assert scope.without(REPORT) == Scope.of({PORTFOLIO: (2025,)})
    assert scope.without_years(REPORT, [2024, 2019]) == Scope.of({REPORT: (2025,), PORTFOLIO: (2025,)})
    assert scope.without_years(PORTFOLIO, [2025]) == Scope.of({REPORT: (2024, 2025)})


@given(scopes)
def test_a_scope_survives_the_wire(scope: Scope) -> None:
    assert Scope.from_wire(scope.to_wire()) == scope


@pytest.mark.parametrize(
    ("wire", "place"),
    [
        ("report", "categories: expected a list"),
        (None, "categories: expected a list"),
        (["report"], r"categories\[0\]: expected category and school_years"),
        ([{"category": "report"}], r"categories\[0\]: expected category and school_years"),
        ([{"category": "report", "school_years": [2024], "all": True}], r"categories\[0\]: expected category"),
        ([{"category": "grades", "school_years": [2024]}], r"categories\[0\]\.category: unknown category"),
        ([{"category": ["report"], "school_years": [2024]}], r"categories\[0\]\.category: unknown category"),
        ([{"category": "report", "school_years": []}], r"categories\[0\]\.school_years: expected a list"),
        ([{"category": "report", "school_years": "2024"}], r"categories\[0\]\.school_years: expected a list"),
        ([{"category": "report", "school_years": [2024, "2025"]}], r"school_years\[1\]: expected a school year"),
        ([{"category": "report", "school_years": [True]}], r"school_years\[0\]: expected a school year"),
        ([{"category": "report", "school_years": [1900]}], r"school_years\[0\]: expected a school year"),
        ([{"category": "report", "school_years": [2024, 2024]}], r"school_years: a year stands twice"),
        ([{"category": "report", "school_years": [2024]}] * 2, r"categories\[1\]\.category: report stands twice"),
    ],
)
def test_a_wrong_scope_is_refused_with_its_place(wire: Any, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        Scope.from_wire(wire)


@given(terms_drawn)
def test_terms_survive_the_wire(drawn: Terms) -> None:
    assert Terms.from_wire({**drawn.to_wire(), "case": "2026-17"}) == drawn


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"mode": "copy"}, "mode: expected one of view, store"),
        ({"frequency": 1}, "frequency: expected one of once, repeated"),
        ({"until": "2027-03-31"}, "until: expected an instant with its offset"),
        ({"until": "soon"}, "until: expected an instant"),
        ({"until": None}, "until: expected an instant"),
        ({"erase_on": "31 March"}, "erase_on: expected a date"),
        ({"erase_on": 2027}, "erase_on: expected a date"),
        ({"categories": {}}, "categories: expected a list"),
    ],
    ids=str,
)
def test_wrong_terms_are_refused_with_their_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        Terms.from_wire(terms().to_wire() | change)


def test_terms_without_a_member_or_without_members_are_refused() -> None:
    wire = terms().to_wire()
    del wire["erase_on"]
    with pytest.raises(ValueError, match="erase_on: is missing"):
        Terms.from_wire(wire)
    with pytest.raises(ValueError, match="terms: expected an object"):
        Terms.from_wire([])


def test_an_end_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="must carry a time zone"):
        terms(until=datetime(2027, 3, 31))  # noqa: DTZ001  the mistake on purpose


@pytest.mark.parametrize(
    "wider",
    [
        terms(Scope.of({REPORT: (2023, 2024, 2025), PORTFOLIO: (2025,)})),
        terms(until=END + timedelta(seconds=1)),
        terms(erase_on=date(2028, 1, 1)),
        terms(erase_on=None),
    ],
)
def test_terms_are_wider_when_they_are_wider_in_one_respect(wider: Terms) -> None:
    asked = terms(erase_on=date(2027, 12, 31))
    assert not wider.within(asked)
    assert wider.meet(asked) == asked


def test_looking_is_less_than_storing_and_once_less_than_often() -> None:
    assert terms(mode=Mode.VIEW).within(terms())
    assert not terms().within(terms(mode=Mode.VIEW))
    assert terms(frequency=Frequency.ONCE).within(terms())
    assert not terms().within(terms(frequency=Frequency.ONCE))
    met = terms(mode=Mode.VIEW).meet(terms(frequency=Frequency.ONCE))
    assert (met.mode, met.frequency) == (Mode.VIEW, Frequency.ONCE)


def test_the_same_instant_in_another_zone_is_the_same_end() -> None:
    assert terms(until=datetime.fromisoformat("2027-04-01T00:00:00+09:00")) == terms()
    assert terms().to_wire()["until"] == "2027-03-31T15:00:00Z"
    assert datetime(2027, 3, 31, 15, tzinfo=UTC) == END


@given(scopes, scopes)
def test_what_two_scopes_agree_on_is_the_most_that_both_open(one: Scope, other: Scope) -> None:
    met = one.meet(other)
    for category in Category:
        assert set(met.years(category)) == set(one.years(category)) & set(other.years(category))
    assert (met == one) == one.within(other)


@given(scopes, categories, st.frozensets(years))
def test_striking_never_widens_a_scope(scope: Scope, category: Category, struck: frozenset[int]) -> None:
    assert scope.without(category).within(scope)
    assert scope.without_years(category, struck).within(scope)
    assert not any(scope.without_years(category, struck).covers(category, year) for year in struck)


@given(terms_drawn, terms_drawn)
def test_meet_is_commutative_and_within_both(one: Terms, other: Terms) -> None:
    met = one.meet(other)
    assert met == other.meet(one)
    assert met.within(one)
    assert met.within(other)


@given(terms_drawn, terms_drawn, terms_drawn)
def test_meet_is_associative(one: Terms, other: Terms, third: Terms) -> None:
    assert one.meet(other).meet(third) == one.meet(other.meet(third))


@given(terms_drawn)
def test_meet_is_idempotent_and_within_reflexive(drawn: Terms) -> None:
    assert drawn.meet(drawn) == drawn
    assert drawn.within(drawn)


@given(terms_drawn, terms_drawn)
def test_within_is_the_order_of_meet(one: Terms, other: Terms) -> None:
    assert one.within(other) == (one.meet(other) == one)


@given(terms_drawn, terms_drawn, terms_drawn)
def test_narrowing_both_sides_never_widens_what_they_agree_on(one: Terms, other: Terms, narrowing: Terms) -> None:
    assert one.meet(narrowing).meet(other).within(one.meet(other))
