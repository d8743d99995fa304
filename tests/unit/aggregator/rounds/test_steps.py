"""The steps of a round: every one of them is told, and pauses grow."""

import re
from datetime import timedelta
from pathlib import Path

from aggregator.rounds.steps import STEPS, pause_after


def test_every_named_step_is_told_somewhere_and_no_other() -> None:
    sources = [*Path("aggregator/rounds").glob("*.py"), *Path("aggregator/releases").glob("*.py")]
    told = {name for path in sources for name in re.findall(r"\bafter\(\"([a-z-]+)\"\)", path.read_text())}
    assert told == set(STEPS)
    assert len(STEPS) == len(set(STEPS))


def test_pauses_grow_up_to_an_hour() -> None:
    pauses = [pause_after(tries) for tries in range(1, 40)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=2), timedelta(hours=1))
