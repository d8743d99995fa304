"""A later download of the log must continue an earlier one: nothing taken back, nothing put in."""

import copy
from typing import Any

import pytest

from tests.unit.trust.toy_log import AOI, SORA, ToyLog, filled_log
from tests.unit.trust.transparency.downloads import GOOD, KEY, LOG, Code, changed, faults, flipped
from trust.transparency.bundle import Finding, verify_bundle


def grown(entries: int, joins: tuple[int, ...] = (12,)) -> tuple[ToyLog, dict[str, Any], dict[str, Any]]:
    log = filled_log()
    before = log.download()
    for number in range(entries):
        log.record(AOI, ("child",), f"later {number}")
    return log, before, log.download(joins=joins)


@pytest.mark.parametrize("entries", [0, 1, 30])
def test_a_log_that_only_grew_continues_the_earlier_one(entries: int) -> None:
    log, before, after = grown(entries)
    report = verify_bundle(after, log.key.public(), earlier=before)
    assert (report.ok, report.findings) == (True, ())


def test_the_empty_log_is_continued_by_any() -> None:
    log = ToyLog()
    before = log.download()
    log.record(AOI, ("child",), "read")
    assert verify_bundle(log.download(), log.key.public(), earlier=before).ok


def test_a_log_cannot_become_shorter() -> None:
    log, before, after = grown(3)
    report = verify_bundle(before, log.key.public(), earlier=after)
    assert report.findings == (Finding(Code.EARLIER_IS_NEWER, {"earlier": 15, "now": 12}),)


def test_a_download_without_the_joining_proof_is_not_compared() -> None:
    log, before, after = grown(3, joins=(11, 13))
    report = verify_bundle(after, log.key.public(), earlier=before)
    assert report.findings == (Finding(Code.EARLIER_NOT_JOINED, {"size": 12}),)


@pytest.mark.parametrize("entries", [0, 3])
def test_a_rewritten_past_is_found(entries: int) -> None:
    """The node rewrites what another child's entry said and signs anew: every single download holds by itself."""
    log, _, after = grown(entries)
    other = ToyLog(log.key)
    for number in range(12):
        classes = ("child", "carer:1", "office")[: 1 + number % 3]
        if number % 3 == 1:
            other.record(SORA, ("child",), "rewritten")
        else:
            other.record(AOI, classes, f"read {number}")
    before = other.download()
    assert verify_bundle(before, log.key.public()).ok
    report = verify_bundle(after, log.key.public(), earlier=before)
    assert report.findings == (Finding(Code.EARLIER_NOT_EXTENDED, {"size": 12}),)


def test_a_false_joining_proof_is_found() -> None:
    log, before, after = grown(3)
    after["consistency"][0]["proof"][0] = flipped(after["consistency"][0]["proof"][0])
    report = verify_bundle(after, log.key.public(), earlier=before)
    assert report.findings == (Finding(Code.EARLIER_NOT_EXTENDED, {"size": 12}),)


@pytest.mark.parametrize("chain", [(AOI, "carer:1"), (SORA, "child")])
def test_logs_of_different_viewers_or_children_are_not_compared(chain: tuple[Any, str]) -> None:
    report = verify_bundle(GOOD, KEY, earlier=LOG.download(*chain))
    assert report.findings == (Finding(Code.EARLIER_OTHER_CHAIN),)


def test_a_faulty_earlier_file_is_named_and_not_compared() -> None:
    report = verify_bundle(GOOD, KEY, earlier=changed(lambda d: d["entries"].pop()))
    assert report.findings == (Finding(Code.EARLIER_FAULTY, {"count": 1}),)
    assert verify_bundle(GOOD, KEY, earlier=7).findings == (Finding(Code.EARLIER_FAULTY, {"count": 1}),)


def restored(gap: bool) -> tuple[ToyLog, dict[str, Any], dict[str, Any]]:
    """An older database came back: it forgets the two newest entries, whose leaves stand; then life goes on."""
    log = filled_log()
    older = copy.deepcopy((log.heads, log.kept))
    for number in range(2):
        log.record(AOI, ("child",), f"forgotten {number}")
    before = log.download()
    log.heads, log.kept = older
    if gap:
        log.gaps = ((12, 14),)
    log.record(AOI, ("child",), "after the restore")
    return log, before, log.download(joins=(14,))


def test_entries_lost_with_an_older_backup_are_named_where_the_node_declares_them() -> None:
    log, before, after = restored(gap=True)
    report = verify_bundle(after, log.key.public(), earlier=before)
    assert report.ok
    assert report.findings == (
        Finding(Code.GAPS_DECLARED, {"count": 1, "entries": 2}),
        Finding(Code.EARLIER_ENTRIES_LOST, {"count": 2}),
    )


def test_entries_that_vanish_undeclared_are_found() -> None:
    log, before, after = restored(gap=False)
    assert faults(verify_bundle(after, log.key.public(), earlier=before)) == [
        ("earlier_entry_gone", 9),
        ("earlier_entry_gone", 10),
    ]


def test_a_declared_gap_may_grow_but_not_be_taken_back() -> None:
    log, _, before = restored(gap=True)
    log.record(SORA, ("child",), "read")
    for gaps, found in (
        (((12, 14),), []),
        (((1, 2), (11, 14)), [("entry_in_gap", 8)]),
        ((), [("gap_withdrawn", None)]),
    ):
        log.gaps = gaps
        after = log.download(joins=(15,))
        assert faults(verify_bundle(after, log.key.public(), earlier=before)) == found
