"""`bench token`: what a fresh access token costs under a grant, refreshed with private_key_jwt and DPoP.

Each request carries an assertion and a proof of its own, signed before the clock starts; 16 connections. The node
spends both `jti` in a durable PostgreSQL, judges the grant and keeps the token there. npm oidc-provider answers the
like by turns and keeps everything in its memory.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from manabi.bench import oidc_provider
from manabi.bench.contest import Contestant, Score, Shape, run_rounds
from manabi.bench.lines import NONE_AT_ALL, Bar, Line, Peer, Relation
from manabi.bench.read import others_line
from manabi.bench.token_node import token_node

BENCH = "token"
TOKENS = 64
REFRESHES = 1200
PEER_REFRESHES = 1200
LEAST_ANSWER = 60
"""Bytes an answer with a token has at least."""

RATIO_BAR = Bar(Relation.AT_LEAST, 0.35)


def measure(rounds: int) -> list[Line]:
    """Run the bench; without an installed peer the ratio stays empty."""
    peer = oidc_provider.find_peer()
    with ExitStack() as stack:
        contestants: list[Contestant] = []
        if peer.version is not None:
            contestants.append(
                stack.enter_context(oidc_provider.oidc_provider(tokens=TOKENS, reads_per_round=PEER_REFRESHES))
            )
        node = stack.enter_context(token_node(tokens=TOKENS, reads_per_round=REFRESHES))
        before = node.count_kept()
        scores = run_rounds([*contestants, node], rounds, least_body=LEAST_ANSWER, shapes=(Shape.SPREAD,))
        after = node.count_kept()
    *theirs, own = (score[Shape.SPREAD] for score in scores)
    kept = (after[0] - before[0], after[1] - before[1])
    return [
        *own_lines(own, kept),
        *ratio_lines(own, theirs[0] if theirs else None, peer),
        replace(others_line(scores), bench=BENCH),
    ]


def own_lines(own: Score, kept: tuple[int, int]) -> list[Line]:
    """Return what the node did, and that it kept two one-time ids and one token for every answer."""
    spent, tokens = kept
    return [
        Line(BENCH, "refresh_rate", own.rate, "req/s", own.count),
        Line(BENCH, "refresh_p99", own.p99, "ms", own.count),
        Line(BENCH, "cpu_per_refresh", own.cpu_per_read("web", "postgres"), "ms", own.count),
        Line(BENCH, "web_cpu_per_refresh", own.cpu_per_read("web"), "ms", own.count),
        Line(BENCH, "failed_answers", own.failed, "answers", own.answered + own.failed, NONE_AT_ALL),
        Line(BENCH, "one_time_ids_not_kept", 2 * own.answered - spent, "ids", own.answered, NONE_AT_ALL),
        Line(BENCH, "tokens_not_kept", own.answered - tokens, "tokens", own.answered, NONE_AT_ALL),
    ]


def ratio_lines(own: Score, theirs: Score | None, peer: Peer) -> Sequence[Line]:
    """Return the peer's figures and how many times its rate the node's is."""
    if theirs is None:
        return [Line(BENCH, "ratio", None, "x", own.count, RATIO_BAR, peer)]
    sent = theirs.answered + theirs.failed
    return [
        Line(BENCH, "peer_refresh_rate", theirs.rate, "req/s", theirs.count, peer=peer),
        Line(BENCH, "peer_refresh_p99", theirs.p99, "ms", theirs.count, peer=peer),
        Line(BENCH, "peer_cpu_per_refresh", theirs.cpu_per_read("server"), "ms", theirs.count, peer=peer),
        Line(BENCH, "peer_failed_answers", theirs.failed, "answers", sent, NONE_AT_ALL, peer),
        Line(BENCH, "ratio", own.rate / theirs.rate, "x", own.count, RATIO_BAR, peer),
    ]
