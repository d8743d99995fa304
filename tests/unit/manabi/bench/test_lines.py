import pytest

from manabi.bench.lines import NONE_AT_ALL, Bar, Line, Peer, Relation

AT_LEAST_THREE = Bar(Relation.AT_LEAST, 3.0)
PEER = Peer("Other Server", "7.2.0")


def line(value: float | None, bar: Bar | None = None, peer: Peer | None = None) -> Line:
    return Line("read", "ratio_spread", value, "x", 2400, bar, peer)


def test_a_line_has_exactly_the_published_keys_in_their_order() -> None:
    document = line(3.14159, AT_LEAST_THREE, PEER).to_document(commit="abc", cores=2)
    assert list(document.items()) == [
        ("bench", "read"),
        ("metric", "ratio_spread"),
        ("value", 3.142),
        ("unit", "x"),
        ("bar", ">= 3"),
        ("ok", True),
        ("peer", "Other Server"),
        ("peer_version", "7.2.0"),
        ("commit", "abc"),
        ("n", 2400),
        ("cores", 2),
    ]


@pytest.mark.parametrize(
    ("relation", "value", "met"),
    [
        (Relation.AT_LEAST, 2.999, False),
        (Relation.AT_LEAST, 3.0, True),
        (Relation.AT_MOST, 3.0, True),
        (Relation.AT_MOST, 3.001, False),
        (Relation.EXACTLY, 3.0, True),
        (Relation.EXACTLY, 2.0, False),
        (Relation.EXACTLY, 4.0, False),
    ],
)
def test_a_bar_is_met_at_its_limit_and_on_its_own_side(relation: Relation, value: float, met: bool) -> None:
    assert line(value, Bar(relation, 3.0)).ok is met


def test_a_value_that_only_rounds_up_to_its_bar_misses_it() -> None:
    missed = line(2.9999, AT_LEAST_THREE)
    assert missed.to_document(commit="abc", cores=2)["ok"] is False


def test_a_comparison_without_its_peer_is_neither_met_nor_missed() -> None:
    document = line(None, AT_LEAST_THREE, Peer("Other Server", None)).to_document(commit="abc", cores=2)
    assert document["value"] is None
    assert document["ok"] is None
    assert document["peer"] == "Other Server"
    assert document["peer_version"] is None


def test_a_figure_without_a_bar_cannot_fail() -> None:
    document = line(0.001).to_document(commit="abc", cores=2)
    assert document["ok"] is True
    assert document["bar"] is None


def test_whatever_must_not_happen_fails_at_the_first_time_and_below_zero() -> None:
    assert [line(value, NONE_AT_ALL).ok for value in (0, 1, -1)] == [True, False, False]
