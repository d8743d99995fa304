"""`bench read`: what an authorised read of a 10 KB record costs, with its decision, log entry and commit.

A child reads the own record over HTTP with a session, 16 connections at once, spread over many children and on one
hot child. The sequencer runs all the while. Community Solid Server answers the like by turns: an owner reads a private
resource of the same size with a DPoP-bound token and keeps no log.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from manabi.bench import solid
from manabi.bench.contest import Contestant, Score, Shape, run_rounds
from manabi.bench.lines import NONE_AT_ALL, Bar, Line, Peer, Relation
from manabi.bench.measured_node import LogCount, measured_node

BENCH = "read"
BODY_BYTES = 10_240
LEAST_ANSWER = 10_200
"""Bytes an answer has to have to count; an error page has fewer."""

CHILDREN = 200
READS = 800
PEER_RESOURCES = 64
PEER_READS = 250
BUSY_PERCENT = 10
RATIO_BARS = {Shape.SPREAD: Bar(Relation.AT_LEAST, 3.0), Shape.HOT: Bar(Relation.AT_LEAST, 1.5)}


def measure(rounds: int) -> list[Line]:
    """Run the bench; without an installed peer its ratios stay empty."""
    peer = solid.find_peer()
    with ExitStack() as stack:
        contestants: list[Contestant] = []
        if peer.version is not None:
            contestants.append(
                stack.enter_context(
                    solid.solid_server(resources=PEER_RESOURCES, body_bytes=BODY_BYTES, reads_per_round=PEER_READS)
                )
            )
        node = stack.enter_context(measured_node(children=CHILDREN, body_bytes=BODY_BYTES, reads_per_round=READS))
        before = node.count_log()
        *theirs, own = run_rounds([*contestants, node], rounds, least_body=LEAST_ANSWER)
        after = node.count_log()
    lines = [*own_lines(own), *log_lines(own, before, after), others_line([own, *theirs])]
    return lines + ratio_lines(own, theirs[0] if theirs else None, peer)


def own_lines(own: Mapping[Shape, Score]) -> list[Line]:
    """Return what the node did."""
    lines: list[Line] = []
    for shape, score in own.items():
        lines.append(Line(BENCH, f"read_{shape}_rate", score.rate, "req/s", score.count))
        lines.append(Line(BENCH, f"read_{shape}_p99", score.p99, "ms", score.count))
        lines.append(Line(BENCH, f"cpu_per_read_{shape}", score.cpu_per_read("web", "postgres"), "ms", score.count))
        lines.append(Line(BENCH, f"worker_cpu_per_read_{shape}", score.cpu_per_read("worker"), "ms", score.count))
    failed = sum(score.failed for score in own.values())
    return [*lines, Line(BENCH, "failed_answers", failed, "answers", _sent(own), NONE_AT_ALL)]


def others_line(all_scores: Sequence[Mapping[Shape, Score]]) -> Line:
    """Return how busy others kept the machine in the contestants' worst shape; warn where that spoils a comparison."""
    every = [score for scores in all_scores for score in scores.values()]
    percent = max(score.others for score in every) * 100
    if percent > BUSY_PERCENT:
        print(
            f"Others used {percent:.0f} % of this machine meanwhile; a ratio measured so proves little.",
            file=sys.stderr,
        )
    return Line(BENCH, "used_by_others", percent, "%", sum(score.count for score in every))


def log_lines(own: Mapping[Shape, Score], before: LogCount, after: LogCount) -> list[Line]:
    """Return whether every answered read, and nothing else, stands in the access log, in its place."""
    answered = sum(score.answered for score in own.values())
    surplus = after.entries - before.entries - answered
    return [
        Line(BENCH, "log_entries_beyond_answers", surplus, "entries", answered, NONE_AT_ALL),
        Line(BENCH, "log_entries_unplaced", after.unplaced, "entries", answered, NONE_AT_ALL),
    ]


def ratio_lines(own: Mapping[Shape, Score], theirs: Mapping[Shape, Score] | None, peer: Peer) -> list[Line]:
    """Return how many times the peer's rate the node's is, after the peer's own figures."""
    if theirs is None:
        return [
            Line(BENCH, f"ratio_{shape}", None, "x", score.count, RATIO_BARS[shape], peer)
            for shape, score in own.items()
        ]
    lines: list[Line] = []
    for shape, score in theirs.items():
        lines.append(Line(BENCH, f"peer_{shape}_rate", score.rate, "req/s", score.count, peer=peer))
        lines.append(Line(BENCH, f"peer_{shape}_p99", score.p99, "ms", score.count, peer=peer))
        lines.append(
            Line(BENCH, f"peer_cpu_per_read_{shape}", score.cpu_per_read("server"), "ms", score.count, peer=peer)
        )
    failed = sum(score.failed for score in theirs.values())
    lines.append(Line(BENCH, "peer_failed_answers", failed, "answers", _sent(theirs), NONE_AT_ALL, peer))
    for shape, score in own.items():
        ratio = score.rate / theirs[shape].rate
        lines.append(Line(BENCH, f"ratio_{shape}", ratio, "x", score.count, RATIO_BARS[shape], peer))
    return lines


def _sent(scores: Mapping[Shape, Score]) -> int:
    return sum(score.answered + score.failed for score in scores.values())
