from collections.abc import Mapping

import pytest

from manabi.bench.contest import Round, Score, Shape
from manabi.bench.lines import Line, Peer
from manabi.bench.load import Outcome
from manabi.bench.measured_node import LogCount
from manabi.bench.read import log_lines, others_line, own_lines, ratio_lines

CPU = {"web": 0.2, "postgres": 0.1, "worker": 0.05, "server": 1.0}
PEER = Peer("Other", "1.0")


def scores(spread: float, hot: float, failed: int = 0, others: float = 0.0) -> Mapping[Shape, Score]:
    def score(rate: float) -> Score:
        each = Round(Outcome(rate, 1.0, 2.0, failed, 100), CPU, others)
        return Score(each, (each, each))

    return {Shape.SPREAD: score(spread), Shape.HOT: score(hot)}


def by_metric(lines: list[Line]) -> dict[str, Line]:
    return {line.metric: line for line in lines}


@pytest.mark.parametrize(
    ("spread", "hot", "expected"), [(300, 150, (True, True)), (299, 150, (False, True)), (300, 149, (True, False))]
)
def test_the_bars_are_three_times_the_peer_spread_and_one_and_a_half_hot(
    spread: float, hot: float, expected: tuple[bool, bool]
) -> None:
    lines = by_metric(ratio_lines(scores(spread, hot), scores(100, 100), PEER))
    assert (lines["ratio_spread"].ok, lines["ratio_hot"].ok) == expected


def test_without_a_peer_the_ratios_stay_empty_and_say_whose_they_are() -> None:
    lines = ratio_lines(scores(300, 150), None, Peer("Other", None))
    assert [(line.metric, line.value, line.ok) for line in lines] == [
        ("ratio_spread", None, None),
        ("ratio_hot", None, None),
    ]
    assert {line.peer for line in lines} == {Peer("Other", None)}


def test_a_failing_peer_is_no_peer_to_be_faster_than() -> None:
    lines = by_metric(ratio_lines(scores(300, 150), scores(100, 100, failed=1), PEER))
    assert lines["peer_failed_answers"].ok is False


def test_one_failed_answer_fails_the_bench() -> None:
    assert by_metric(own_lines(scores(300, 150)))["failed_answers"].ok is True
    assert by_metric(own_lines(scores(300, 150, failed=1)))["failed_answers"].ok is False


def test_the_cost_of_a_read_is_that_of_web_and_database_with_the_worker_apart() -> None:
    lines = by_metric(own_lines(scores(300, 150)))
    assert lines["cpu_per_read_spread"].value == pytest.approx(3.0)
    assert lines["worker_cpu_per_read_spread"].value == pytest.approx(0.5)


BEFORE = LogCount(entries=7, leaves=7, signed=7)


@pytest.mark.parametrize(
    ("after", "surplus", "unplaced"),
    [
        (LogCount(entries=607, leaves=607, signed=607), 0, 0),
        (LogCount(entries=606, leaves=606, signed=606), -1, 0),
        (LogCount(entries=608, leaves=608, signed=608), 1, 0),
        (LogCount(entries=607, leaves=605, signed=607), 0, 2),
        (LogCount(entries=607, leaves=607, signed=604), 0, 3),
    ],
    ids=["exact", "a read without entry", "an entry without read", "entries without leaf", "leaves unsigned"],
)
def test_the_log_holds_each_answered_read_once_and_signed(after: LogCount, surplus: int, unplaced: int) -> None:
    lines = by_metric(log_lines(scores(300, 150), BEFORE, after))
    assert lines["log_entries_beyond_answers"].value == surplus
    assert lines["log_entries_beyond_answers"].ok is (surplus == 0)
    assert lines["log_entries_unplaced"].value == unplaced
    assert lines["log_entries_unplaced"].ok is (unplaced == 0)


def test_a_busy_machine_is_said_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = others_line([scores(300, 150, others=0.1), scores(100, 100, others=0.02)])
    assert capsys.readouterr().err == ""
    busy = others_line([scores(300, 150, others=0.02), scores(100, 100, others=0.4)])
    assert capsys.readouterr().err.startswith("Others used 40 % of this machine")
    assert [quiet.value, busy.value] == pytest.approx([10, 40])
