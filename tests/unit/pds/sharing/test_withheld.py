"""What a recipient is told it does not get is exactly what it asked for, was not given, and does not come by law."""

from hypothesis import given
from hypothesis import strategies as st

from consent.scope import Scope
from consent.vocabulary import Category
from pds.sharing.ground import without

CATEGORIES = [Category.GUIDANCE, Category.REPORT, Category.PORTFOLIO]
scopes = st.dictionaries(st.sampled_from(CATEGORIES), st.sets(st.integers(2024, 2026))).map(Scope.of)
sent_by_law = st.sets(st.sampled_from(CATEGORIES))


@given(scopes, scopes, sent_by_law)
def test_withheld_given_and_sent_by_law_make_up_what_was_asked(
    asked: Scope, given_: Scope, statutory: set[Category]
) -> None:
    withheld = without(asked, given_, statutory)
    for category in CATEGORIES:
        for year in range(2024, 2027):
            elsewhere = given_.covers(category, year) or category in statutory
            assert withheld.covers(category, year) == (asked.covers(category, year) and not elsewhere)
