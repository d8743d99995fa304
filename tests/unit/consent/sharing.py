"""What the tests of sharing ask, answer and grant: terms, and strategies that draw them."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from consent.scope import Scope, Terms
from consent.vocabulary import Category, Frequency, Mode
from tests.unit.consent.people import NOW

END = datetime(2027, 3, 31, 15, 0, tzinfo=UTC)  # the end of 31 March 2027 in Japan
REPORT, PORTFOLIO, CARE_PLAN = Category.REPORT, Category.PORTFOLIO, Category.CARE_PLAN

years = st.integers(2018, 2027)
scopes = st.dictionaries(st.sampled_from(list(Category)), st.frozensets(years, max_size=5), max_size=6).map(Scope.of)
terms_drawn = st.builds(
    Terms,
    scope=scopes,
    mode=st.sampled_from(Mode),
    until=st.integers(1, 600).map(lambda days: NOW + timedelta(days=days)),
    erase_on=st.none() | st.dates(date(2026, 6, 1), date(2030, 3, 31)),
    frequency=st.sampled_from(Frequency),
)


def terms(
    scope: Scope | None = None,
    mode: Mode = Mode.STORE,
    until: datetime = END,
    erase_on: date | None = None,
    frequency: Frequency = Frequency.REPEATED,
) -> Terms:
    return Terms(
        Scope.of({REPORT: (2024, 2025), PORTFOLIO: (2025,)}) if scope is None else scope,
        mode,
        until,
        erase_on,
        frequency,
    )
