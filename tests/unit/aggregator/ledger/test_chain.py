"""The chain without a database: any change, gap or exchange is found at its line; the bytes are anybody's to check."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ledger.chain import FIRST, Head, Kind, LedgerBroken, Line, hash_of, to_wire, walk

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


def chain(length: int) -> list[Line]:
    lines: list[Line] = []
    for seq in range(1, length + 1):
        prev = lines[-1].hash if lines else FIRST
        line = Line(
            seq, NOW + timedelta(seconds=seq), list(Kind)[seq % 4], 2025, bytes([seq]) * 32, UUID(int=seq), seq,
            {"plan_id": f"plan-{seq}", "version": 1}, prev, b"",
        )  # fmt: skip
        lines.append(replace(line, hash=hash_of(line)))
    return lines


CHANGES: list[dict[str, Any]] = [
    {"at": NOW}, {"kind": Kind.SPENT}, {"school_year": 2024}, {"plan_digest": bytes(32)}, {"round_id": None},
    {"units": 10**6}, {"detail": {}}, {"hash": bytes(32)},
]  # fmt: skip


def test_an_untouched_chain_gives_its_head() -> None:
    lines = chain(5)
    assert walk(lines) == Head(5, lines[-1].hash)
    assert walk([]) == Head(0, FIRST)
    assert walk(lines, [Head(0, FIRST), Head(2, lines[1].hash)]).seq == 5


@given(st.integers(1, 8), st.sampled_from(CHANGES), st.data())
def test_a_changed_line_is_found_at_its_place(length: int, change: dict[str, Any], data: st.DataObject) -> None:
    lines = chain(length)
    at = data.draw(st.integers(0, length - 1))
    changed = replace(lines[at], **change)
    if changed == lines[at]:
        return
    with pytest.raises(LedgerBroken) as broken:
        walk([*lines[:at], changed, *lines[at + 1 :]])
    assert broken.value.params["line"] == at + 1


@given(st.integers(2, 8), st.data())
def test_a_change_that_is_hashed_anew_is_found_at_the_next_line(length: int, data: st.DataObject) -> None:
    lines = chain(length)
    at = data.draw(st.integers(0, length - 2))
    forged = replace(lines[at], units=10**6)
    forged = replace(forged, hash=hash_of(forged))
    with pytest.raises(LedgerBroken) as broken:
        walk([*lines[:at], forged, *lines[at + 1 :]])
    assert broken.value.params["line"] == at + 2


@given(st.permutations(list(range(6))))
def test_no_other_order_holds_together(order: list[int]) -> None:
    lines = chain(6)
    if order == sorted(order):
        assert walk([lines[at] for at in order]).seq == 6
        return
    with pytest.raises(LedgerBroken):
        walk([lines[at] for at in order])


@given(st.sets(st.integers(0, 6), min_size=1))
def test_no_lines_can_be_left_out_for_whoever_kept_the_head(gone: set[int]) -> None:
    lines = chain(7)
    kept = [line for at, line in enumerate(lines) if at not in gone]
    with pytest.raises(LedgerBroken) as broken:
        walk(kept, [Head(7, lines[-1].hash)])
    assert broken.value.params["line"] == min(gone) + 1


def test_anybody_checks_a_line_with_sha_256_and_sorted_json() -> None:
    (line,) = chain(1)
    shown = json.dumps(to_wire(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(shown.encode()).digest() == line.hash
