"""Two servers under the same load by turns, so that what else the machine does falls on both."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Protocol

from manabi.bench.cpu import machine_seconds, used_seconds
from manabi.bench.load import Outcome, Request, run_load

CONNECTIONS = 16


class Shape(StrEnum):
    """Which records a round asks for: each in turn, or the same one over and over."""

    SPREAD = "spread"
    HOT = "hot"


class Contestant(Protocol):
    """A running server that can be read from."""

    @property
    def port(self) -> int:
        """Where it listens on the loopback address."""

    @property
    def reads_per_round(self) -> int:
        """How many reads one round sends it."""

    def requests(self, shape: Shape, count: int) -> Sequence[Request]:
        """Return requests, signed and ready to be sent at once."""

    def settle(self) -> None:
        """Return when nothing that earlier reads left behind is still to be done."""

    def cpu_seconds(self) -> Mapping[str, float]:
        """Return the processor time used so far by each part of the server."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round: what the client saw, the server's processor time until it had settled, and who else was busy.

    `others` is the share of all cores that processes outside the bench took, 0 to 1. The more of it, the more a
    comparison flatters whichever server has more processes to ask the machine for its share with.
    """

    outcome: Outcome
    cpu_seconds: Mapping[str, float]
    others: float


@dataclass(frozen=True, slots=True)
class Score:
    """All rounds of one contestant in one shape; the figures are medians over rounds, without the warm-up."""

    warm_up: Round
    rounds: tuple[Round, ...]

    @property
    def rate(self) -> float:
        """Reads per second."""
        return median(each.outcome.rate for each in self.rounds)

    @property
    def p99(self) -> float:
        """Milliseconds that 99 of 100 answers stayed within."""
        return median(each.outcome.p99 for each in self.rounds)

    @property
    def count(self) -> int:
        """Reads the medians stand on."""
        return sum(each.outcome.count for each in self.rounds)

    @property
    def answered(self) -> int:
        """Reads that were answered with the record, the warm-up's too."""
        return sum(each.outcome.answered for each in (self.warm_up, *self.rounds))

    @property
    def failed(self) -> int:
        """Reads that were not answered with the record, the warm-up's too."""
        return sum(each.outcome.failed for each in (self.warm_up, *self.rounds))

    @property
    def others(self) -> float:
        """Share of the machine that processes outside the bench took meanwhile."""
        return median(each.others for each in self.rounds)

    def cpu_per_read(self, *parts: str) -> float:
        """Milliseconds of processor time of these parts per read."""
        return median(sum(each.cpu_seconds[part] for part in parts) * 1000 / each.outcome.count for each in self.rounds)


def run_rounds(
    contestants: Sequence[Contestant], rounds: int, *, least_body: int, shapes: Sequence[Shape] = tuple(Shape)
) -> list[Mapping[Shape, Score]]:
    """Warm every contestant up, then let them take turns, each beginning every other round; return their scores."""
    warm_ups = [
        {shape: _play(contestant, shape, contestant.reads_per_round // 2, least_body) for shape in shapes}
        for contestant in contestants
    ]
    played: list[dict[Shape, list[Round]]] = [{shape: [] for shape in shapes} for _ in contestants]
    for turn in range(rounds):
        order = list(enumerate(contestants))
        for index, contestant in order if turn % 2 == 0 else reversed(order):
            for shape in shapes:
                played[index][shape].append(_play(contestant, shape, contestant.reads_per_round, least_body))
    return [
        {shape: Score(warm_up[shape], tuple(each[shape])) for shape in shapes}
        for warm_up, each in zip(warm_ups, played, strict=True)
    ]


def _play(contestant: Contestant, shape: Shape, count: int, least_body: int) -> Round:
    requests = contestant.requests(shape, count)
    before, others = contestant.cpu_seconds(), _OthersClock()
    outcome = run_load("127.0.0.1", contestant.port, requests, connections=CONNECTIONS, least_body=least_body)
    share = others.share()
    contestant.settle()
    after = contestant.cpu_seconds()
    return Round(outcome, {part: after[part] - before[part] for part in before}, share)


class _OthersClock:
    """Tells which share of all cores went to processes that are not below this one."""

    def __init__(self) -> None:
        self._began, self._busy = time.perf_counter(), self._busy_seconds()

    def share(self) -> float:
        """Return the share since the beginning."""
        seconds = (time.perf_counter() - self._began) * (os.cpu_count() or 1)
        return min(max((self._busy_seconds() - self._busy) / seconds, 0.0), 1.0)

    @staticmethod
    def _busy_seconds() -> float:
        return machine_seconds() - used_seconds([os.getpid()])
