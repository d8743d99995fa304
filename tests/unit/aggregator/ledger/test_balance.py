"""The sums of a school year: never more than there is, whatever comes in whatever order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ledger.balance import Balance, Binding, BudgetExceeded, balance_of
from aggregator.ledger.chain import Kind

CAP = 100
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from([b"a", b"b", b"c"]),
        st.sampled_from([Kind.RESERVED, Kind.SPENT, Kind.PUBLISHED]),
        st.integers(0, 60),
    ),
    max_size=30,
)


@given(ENTRIES)
def test_no_list_of_lines_ever_binds_more_than_the_year_has(entries: list[tuple[bytes, Kind, int]]) -> None:
    balance, accepted = Balance(2025, CAP), []
    for entry in entries:
        refused = _refusal(balance, entry)
        if refused is None:
            balance = balance.after(*entry)
            accepted.append(entry)
        else:
            assert int(refused.params["wanted"]) > balance.left == refused.params["left"]
        assert 0 <= balance.spent <= balance.bound <= CAP
        assert balance.left == CAP - balance.bound
    assert balance_of(2025, CAP, accepted) == balance


def _refusal(balance: Balance, entry: tuple[bytes, Kind, int]) -> BudgetExceeded | None:
    try:
        balance.after(*entry)
    except BudgetExceeded as refused:
        return refused
    return None


@given(ENTRIES)
def test_what_is_spent_never_grows_less(entries: list[tuple[bytes, Kind, int]]) -> None:
    balance = Balance(2025, 10**6)
    for entry in entries:
        after = balance.after(*entry)
        assert after.spent >= balance.spent
        assert after.left <= balance.left
        balance = after


@given(ENTRIES, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_does_not_matter_to_what_is_left(
    entries: list[tuple[bytes, Kind, int]], random: object
) -> None:
    shuffled = sorted(entries, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert balance_of(2025, CAP, entries).left == balance_of(2025, CAP, shuffled).left


def test_a_reservation_is_used_up_by_its_first_round_and_a_second_one_comes_on_top() -> None:
    year = Balance(2025, CAP).after(b"a", Kind.RESERVED, 40)
    assert year.after(b"a", Kind.SPENT, 40).left == 60
    assert year.after(b"a", Kind.SPENT, 40).after(b"a", Kind.SPENT, 40).left == 20
    with pytest.raises(BudgetExceeded):
        year.after(b"b", Kind.RESERVED, 61)


def test_what_was_reserved_may_be_spent_even_where_nothing_more_is_left() -> None:
    tight = Balance(2025, 30, {b"a": Binding(reserved=40)})
    assert tight.left == -10
    assert tight.after(b"a", Kind.SPENT, 40).spent == 40
    assert tight.after(b"a", Kind.FREED, 40).left == 30
