"""What a decider ticks and what it comes to: never more than was asked, and nothing that was not ticked."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.age import japan_midnight
from consent.scope import Scope, Terms
from consent.vocabulary import Category, Channel, Frequency, Mode
from pds.granting.choices import (
    Behalf,
    Choice,
    choice_from_json,
    kept_choice,
    kept_terms,
    last_day_of,
    read_choice,
    say_sum,
    say_years,
)
from pds.look_back.saying import say_bare
from web.i18n import Locale

UNTIL = japan_midnight(date(2027, 4, 1))
ASKED = Terms(
    Scope.of({Category.REPORT: (2024, 2025, 2026), Category.ASSESSMENT: (2026,), Category.PORTFOLIO: (2023, 2026)}),
    Mode.STORE, UNTIL, None, Frequency.REPEATED,
)  # fmt: skip
OFFERED = ASKED.scope.categories
TODAY = date(2026, 11, 20)
NAMES = [category.value for category in Category] + ["", "nonsense"]
YEARS = st.lists(st.sampled_from(["2019", "2023", "2024", "2025", "2026", "x", ""]), max_size=5)


def read(form: dict[str, list[str]]) -> tuple[Choice, dict[str, Any]]:
    return read_choice(lambda name: form.get(name, []), ASKED, OFFERED, TODAY)


@given(
    st.fixed_dictionaries(
        {
            "take": st.lists(st.sampled_from(NAMES), max_size=6),
            "last_day": st.lists(st.dates(date(2026, 1, 1), date(2100, 1, 1)).map(str) | st.just("?"), max_size=1),
            **{f"years-{category}": YEARS for category in Category},
        }
    )
)
def test_no_form_widens_what_was_asked(form: dict[str, list[str]]) -> None:
    choice, _ = read(form)
    kept = kept_terms(choice, ASKED, OFFERED)
    if kept is None:
        assert not set(form["take"]) & set(OFFERED)
    else:
        assert kept.within(ASKED)
        assert set(kept.scope.categories) == set(form["take"]) & set(OFFERED)


@given(st.sets(st.sampled_from(OFFERED)), st.none() | st.dates(TODAY, date(2027, 3, 30)))
def test_a_draft_and_a_programs_terms_say_the_same_as_the_page(taken: set[Category], last_day: date | None) -> None:
    choice = Choice(frozenset(taken), {}, last_day if taken else None, "ことば",
                    Behalf(UUID(int=1), Channel.PAPER, Locale.PLAIN))  # fmt: skip
    assert choice_from_json(choice.to_json()) == choice
    kept = kept_terms(choice, ASKED, OFFERED)
    assert kept_terms(kept_choice(kept, ASKED), ASKED, OFFERED) == kept


def test_a_ticked_category_without_years_means_all_years_asked_for() -> None:
    choice, errors = read({"take": ["report"]})
    kept = kept_terms(choice, ASKED, OFFERED)
    assert errors == {}
    assert kept is not None
    assert kept.scope == Scope.of({Category.REPORT: (2024, 2025, 2026)})


def test_an_end_given_as_a_day_includes_that_day_in_japan() -> None:
    choice, _ = read({"take": ["report"], "last_day": ["2026-12-31"]})
    kept = kept_terms(choice, ASKED, OFFERED)
    assert kept is not None
    assert kept.until == datetime.fromisoformat("2027-01-01T00:00:00+09:00")
    assert last_day_of(kept.until) == date(2026, 12, 31)


def test_the_day_asked_for_is_no_change() -> None:
    assert read({"take": ["report"], "last_day": ["2027-03-31"]})[0].last_day is None


@pytest.mark.parametrize(
    ("years", "said"),
    [((2026,), "2026年度"), ((2024, 2025, 2026), "school years 2024 to 2026"), ((2023, 2026), "2023年度、2026年度")],
)
def test_years_are_said_as_a_run_or_one_by_one(years: tuple[int, ...], said: str) -> None:
    assert say_bare(say_years(years)) == said


def test_the_sum_counts_categories_years_and_the_last_day() -> None:
    choice = Choice(frozenset({Category.REPORT, Category.ASSESSMENT}))
    said = say_bare(say_sum(kept_terms(choice, ASKED, OFFERED), len(OFFERED)))
    assert said == "2 of 3, for school years 2024 to 2026, until 2027年3月31日（水）"
    assert say_bare(say_sum(None, 3)) == "Nothing is chosen to be shared."
