import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

import pytest

from manabi.bench import cli
from manabi.bench.lines import Bar, Line, Peer, Relation

BAR = Bar(Relation.AT_LEAST, 3.0)
MET = Line("read", "fast", 4.0, "x", 10, BAR, Peer("Other", "1.0"))
MISSED = Line("read", "slow", 2.0, "x", 10, BAR, Peer("Other", "1.0"))
UNKNOWN = Line("read", "alone", None, "x", 10, BAR, Peer("Other", None))
Measures = Callable[..., None]


@pytest.fixture
def measures(monkeypatch: pytest.MonkeyPatch) -> Measures:
    """Let benches of these names measure these lines."""

    def arrange(**benches: Sequence[Line]) -> None:
        for name, lines in benches.items():
            module = ModuleType(f"bench_{name}")
            module.measure = lambda rounds, lines=lines: lines  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(cli, "BENCHES", {name: f"bench_{name}" for name in benches})

    return arrange


def bench(*words: str) -> int:
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return cli.run(parser.parse_args(words))


def test_json_is_one_object_per_line_and_nothing_else(measures: Measures, capsys: pytest.CaptureFixture[str]) -> None:
    measures(read=[MET, UNKNOWN])
    assert bench("read", "--json") == 0
    documents = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [document["metric"] for document in documents] == ["fast", "alone"]
    assert all(document["commit"] and document["cores"] >= 1 for document in documents)


@pytest.mark.parametrize("words", [("read",), ("read", "--json")])
def test_one_missed_bar_is_enough_to_fail(measures: Measures, words: tuple[str, ...]) -> None:
    measures(read=[MET, MISSED, UNKNOWN])
    assert bench(*words) == 1


@pytest.mark.parametrize("words", [("read",), ("read", "--json")])
def test_what_was_not_compared_is_listed_at_the_end_and_does_not_fail(
    measures: Measures, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    measures(read=[UNKNOWN, MET])
    assert bench(*words) == 0
    assert capsys.readouterr().err.splitlines() == [
        "not compared: read alone: Other was not measured; `make peers` installs it."
    ]


def test_all_runs_every_bench(measures: Measures, capsys: pytest.CaptureFixture[str]) -> None:
    measures(first=[MET], second=[MISSED])
    assert bench("all", "--json") == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_the_table_says_in_words_what_was_missed(measures: Measures, capsys: pytest.CaptureFixture[str]) -> None:
    measures(read=[MET, MISSED, UNKNOWN])
    bench("read")
    heading, *rows, last = capsys.readouterr().out.splitlines()
    assert heading.split()[:3] == ["bench", "metric", "value"]
    assert [word in row for word, row in zip(("met", "MISSED", "not compared"), rows, strict=True)] == [True] * 3
    assert last.startswith("commit ")


def test_an_unknown_bench_is_refused_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        bench("write")
    assert refusal.value.code == 2
    refused = capsys.readouterr().err
    assert all(f"'{name}'" in refused for name in (*cli.BENCHES, "all"))


@pytest.mark.parametrize("rounds", ["0", "-1"])
def test_no_round_is_no_measurement(rounds: str) -> None:
    with pytest.raises(SystemExit):
        bench("read", f"--rounds={rounds}")


def test_a_polite_kill_interrupts_a_bench_like_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("bench_read")
    module.measure = lambda rounds: signal.raise_signal(signal.SIGTERM)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bench_read", module)
    monkeypatch.setattr(cli, "BENCHES", {"read": "bench_read"})
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        bench("read")
    assert signal.getsignal(signal.SIGTERM) is before


def test_outside_a_repository_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(cli, "_ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert cli._commit() == "unknown"
