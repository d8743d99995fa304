"""Runs the steps of a walk in order, times each, and stops at the first that does not hold."""

import time
from collections.abc import Callable, Sequence

from manabi.check.errors import Unmet
from manabi.check.report import Report, Step
from trust.errors import ManabiError

Clock = Callable[[], float]
"""Seconds on a clock that never goes back."""

Act = Callable[[], str]
"""One step: returns what it saw, in one sentence; raises when something is not as it should be."""


def walk(scenario: str, acts: Sequence[tuple[str, Act]], clock: Clock = time.monotonic) -> Report:
    """Take the steps one by one; after the first that raises nothing more is tried.

    Whatever a step raises becomes its outcome: who asked for the report gets one whatever the service answered.
    """
    began = clock()
    steps: list[Step] = []
    for name, act in acts:
        start = clock()
        try:
            ok, detail = True, act()
        except ManabiError as error:
            ok, detail = False, f"{error.title % error.params} [{error.code}]"
        except Exception as error:  # noqa: BLE001 — a fault of the walk itself is a false step, never a lost report
            ok, detail = False, f"{type(error).__name__}: {error}"
        steps.append(Step(name, ok, clock() - start, detail))
        if not ok:
            break
    return Report(scenario, tuple(steps), clock() - began)


def expect(holds: bool, expected: str, found: object = "it is not so") -> None:
    """Raise `Unmet` unless something holds; `expected` says what, `found` shows what is there instead."""
    if not holds:
        raise Unmet(expected=expected, found=_shorten(str(found)))


def _shorten(text: str, longest: int = 300) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"
