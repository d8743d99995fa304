import os
import time
from collections.abc import Mapping, Sequence

import pytest

from manabi.bench import contest
from manabi.bench.contest import Round, Score, Shape, run_rounds
from manabi.bench.load import Outcome, Request


class Server:
    """A contestant that writes down what is done to it."""

    def __init__(self, port: int, reads_per_round: int, told: list[tuple[int, str]]) -> None:
        self.port, self.reads_per_round = port, reads_per_round
        self._told = told
        self._used = 0.0

    def requests(self, shape: Shape, count: int) -> Sequence[Request]:
        self._told.append((self.port, f"{shape} {count}"))
        return [Request("/", {})] * count

    def settle(self) -> None:
        self._told.append((self.port, "settled"))
        self._used += 2.0

    def cpu_seconds(self) -> Mapping[str, float]:
        return {"web": self._used, "worker": self._used / 2}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    told: list[tuple[int, str]] = []

    def answer(host: str, port: int, requests: Sequence[Request], *, connections: int, least_body: int) -> Outcome:
        assert (host, connections, least_body) == ("127.0.0.1", 16, 100)
        told.append((port, "load"))
        return Outcome(rate=1.0, p50=1.0, p99=1.0, failed=0, count=len(requests))

    monkeypatch.setattr(contest, "run_load", answer)
    return told


def test_contestants_take_turns_and_each_begins_every_other_round(told: list[tuple[int, str]]) -> None:
    run_rounds([Server(1, 10, told), Server(2, 4, told)], 3, least_body=100)
    assert [who for who, what in told if what.startswith("spread")] == [1, 2, 1, 2, 2, 1, 1, 2]


def test_each_turn_is_prepared_before_its_load_and_settled_before_the_next(told: list[tuple[int, str]]) -> None:
    run_rounds([Server(1, 10, told)], 1, least_body=100)
    assert [what for _, what in told] == [
        *("spread 5", "load", "settled", "hot 5", "load", "settled"),
        *("spread 10", "load", "settled", "hot 10", "load", "settled"),
    ]


def test_processor_time_counts_until_the_server_has_settled(told: list[tuple[int, str]]) -> None:
    [scores] = run_rounds([Server(1, 10, told)], 1, least_body=100)
    assert scores[Shape.SPREAD].cpu_per_read("web") == pytest.approx(200.0)
    assert scores[Shape.SPREAD].cpu_per_read("web", "worker") == pytest.approx(300.0)


def score(*rates: float, failed: int = 0) -> Score:
    rounds = tuple(Round(Outcome(rate, 1.0, rate * 2, failed, 10), {"web": rate / 100}, rate / 1000) for rate in rates)
    return Score(Round(Outcome(9999.0, 1.0, 9999.0, 1, 5), {"web": 99.0}, 1.0), rounds)


def test_figures_are_medians_of_the_rounds_without_the_warm_up() -> None:
    figures = score(10.0, 500.0, 30.0)
    assert (figures.rate, figures.p99, figures.count) == (30.0, 60.0, 30)
    assert figures.cpu_per_read("web") == pytest.approx(30.0)
    assert figures.others == pytest.approx(0.03)


def test_failures_of_the_warm_up_count() -> None:
    figures = score(1.0, 2.0, failed=2)
    assert (figures.failed, figures.answered) == (5, 20)


def test_work_outside_the_bench_counts_as_that_of_others_and_its_own_does_not(
    told: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, own, clock = iter((100.0, 104.0) * 4), iter((10.0, 11.0) * 4), iter((0.0, 10.0) * 4)
    monkeypatch.setattr(contest, "machine_seconds", lambda: next(busy))
    monkeypatch.setattr(contest, "used_seconds", lambda roots: next(own))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    [scores] = run_rounds([Server(1, 10, told)], 1, least_body=100)
    assert scores[Shape.HOT].others == pytest.approx((4.0 - 1.0) / (10.0 * 2))
