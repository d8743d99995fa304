"""The runner: in order, timed, and no further than the first step that does not hold."""

from collections.abc import Callable, Iterator

from manabi.check.errors import RequestFailed
from manabi.check.steps import expect, walk


def ticking(times: Iterator[float]) -> Callable[[], float]:
    return lambda: next(times)


def test_every_step_is_reported_with_its_time_and_what_it_saw() -> None:
    report = walk("tour", [("a", lambda: "one"), ("b", lambda: "two")], ticking(iter([0, 1, 3, 3, 7, 8])))
    assert report.to_document() == {
        "scenario": "tour",
        "ok": True,
        "seconds": 8,
        "steps": [
            {"name": "a", "ok": True, "seconds": 2, "detail": "one"},
            {"name": "b", "ok": True, "seconds": 4, "detail": "two"},
        ],
    }


def fail_to_connect() -> str:
    raise RequestFailed(address="http://localhost:1/", reason="refused")


def expect_the_impossible() -> str:
    expect(False, "three children", ["one"])
    return "never"


def stumble() -> str:
    known: dict[str, str] = {}
    return known["missing"]


class Trap:
    """A step that must not be reached."""

    reached = False

    def __call__(self) -> str:
        self.reached = True
        return "reached"


def find_too_much() -> str:
    expect(False, "little", "x" * 10_000)
    return "never"


def test_nothing_is_tried_after_the_first_false_step() -> None:
    for act, said in (
        (fail_to_connect, "http://localhost:1/ gave no usable answer: refused. [check.request_failed]"),
        (expect_the_impossible, "Expected: three children. Found: ['one']. [check.unmet]"),
        (stumble, "KeyError: 'missing'"),
    ):
        trap = Trap()
        report = walk("tour", [("a", lambda: "one"), ("b", act), ("c", trap)])
        assert [(step.name, step.ok) for step in report.steps] == [("a", True), ("b", False)]
        assert report.steps[-1].detail == said
        assert not report.ok
        assert not trap.reached
        assert f"NO  {report.steps[-1].seconds:6.2f} s  b: {said}" in report.to_text()


def test_a_walk_of_no_steps_proves_nothing() -> None:
    assert not walk("tour", []).ok


def test_what_was_found_is_shown_in_part_when_it_is_long() -> None:
    report = walk("tour", [("a", find_too_much)])
    assert len(report.steps[0].detail) < 400
