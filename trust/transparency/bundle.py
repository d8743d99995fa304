"""The check of a downloaded access log, step by step, for a family that does not want to trust the node.

What a clean report shows: every entry in the file was in the log when the node signed it, unaltered; the chain runs
from 1 without a hole; and the node's signed count says that no further entry of this chain existed then. What it can
never show: accesses that the software did not record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from trust.errors import ManabiError
from trust.signing import KeyRefused, SignatureRefused, VerifyingKey
from trust.transparency import chain
from trust.transparency.checkpoint import Checkpoint, CheckpointRefused, open_checkpoint
from trust.transparency.download import Download, DownloadRefused, ProvenEntry, read_download
from trust.transparency.map import verify_map_proof
from trust.transparency.tree import verify_consistency, verify_inclusion


class FindingCode(StrEnum):
    """Everything a check can find. All but the notices mean that the file must not be relied on."""

    UNREADABLE = "unreadable"
    WRONG_KEY = "wrong_key"
    SIGNATURE_BROKEN = "signature_broken"
    OTHER_NODE = "other_node"
    ENTRY_ALTERED = "entry_altered"
    ENTRY_OUT_OF_PLACE = "entry_out_of_place"
    CHAIN_BROKEN = "chain_broken"
    ENTRY_NOT_IN_LOG = "entry_not_in_log"
    LOG_ORDER_BROKEN = "log_order_broken"
    ENTRY_IN_GAP = "entry_in_gap"
    COUNT_NOT_CONFIRMED = "count_not_confirmed"
    EARLIER_FAULTY = "earlier_faulty"
    EARLIER_OTHER_CHAIN = "earlier_other_chain"
    EARLIER_IS_NEWER = "earlier_is_newer"
    EARLIER_NOT_JOINED = "earlier_not_joined"
    EARLIER_NOT_EXTENDED = "earlier_not_extended"
    EARLIER_ENTRY_GONE = "earlier_entry_gone"
    GAP_WITHDRAWN = "gap_withdrawn"
    KEY_FROM_FILE = "key_from_file"
    GAPS_DECLARED = "gaps_declared"
    EARLIER_ENTRIES_LOST = "earlier_entries_lost"


NOTICES: Final = frozenset({FindingCode.KEY_FROM_FILE, FindingCode.GAPS_DECLARED, FindingCode.EARLIER_ENTRIES_LOST})
"""Findings that a person should know of though everything holds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, with the numbers and names its sentence needs."""

    code: FindingCode
    params: dict[str, str | int] = field(default_factory=dict)

    @property
    def is_fault(self) -> bool:
        """Tell whether the file must not be relied on because of this."""
        return self.code not in NOTICES


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check, with what the file is about as far as that is certain."""

    findings: tuple[Finding, ...]
    node: str | None = None
    kid: str | None = None
    at: datetime | None = None
    entries: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether every step held."""
        return not any(finding.is_fault for finding in self.findings)


def verify_bundle(bundle: object, node_key: VerifyingKey | None = None, *, earlier: object | None = None) -> Report:
    """Check a parsed download, all of it, against the node's key and optionally against an earlier download.

    Without ``node_key`` the key in the file is used, and a notice says so. Never raises for what a file may contain.
    """
    try:
        download = read_download(bundle)
        own_key = VerifyingKey.from_jwk(download.node_key)
    except DownloadRefused as error:
        return Report((Finding(FindingCode.UNREADABLE, dict(error.params)),))
    except KeyRefused:
        return Report((Finding(FindingCode.UNREADABLE, {"place": "node_key"}),))
    key = node_key or own_key
    if key != own_key:
        return Report(
            (Finding(FindingCode.WRONG_KEY, {"expected": key.kid, "found": own_key.kid}),), node=download.node
        )
    try:
        checkpoint = open_checkpoint(download.checkpoint, key)
    except (SignatureRefused, CheckpointRefused) as error:
        return Report((Finding(FindingCode.SIGNATURE_BROKEN, _reason(error)),), node=download.node, kid=key.kid)
    findings = list(_check_all(download, checkpoint))
    if node_key is None:
        findings.append(Finding(FindingCode.KEY_FROM_FILE, {"kid": key.kid}))
    if checkpoint.gaps:
        lost = sum(stop - start for start, stop in checkpoint.gaps)
        findings.append(Finding(FindingCode.GAPS_DECLARED, {"count": len(checkpoint.gaps), "entries": lost}))
    if earlier is not None:
        findings.extend(_check_earlier(download, checkpoint, earlier, key))
    return Report(tuple(findings), download.node, key.kid, checkpoint.at, len(download.entries))


def _reason(error: ManabiError) -> dict[str, str | int]:
    return {"reason": error.params["reason"]}


def _check_all(download: Download, checkpoint: Checkpoint) -> Iterator[Finding]:
    if checkpoint.origin != download.node:
        yield Finding(FindingCode.OTHER_NODE, {"stated": download.node, "signed": checkpoint.origin})
    head, before = chain.START, -1
    for number, proven in enumerate(download.entries, start=1):
        yield from _check_entry(proven, number, head, before, checkpoint)
        head = chain.next_head(proven.prev_head, proven.position, proven.commitment)
        before = proven.leaf_index
    yield from _check_count(download, head, checkpoint)


def _check_entry(
    proven: ProvenEntry, number: int, head: bytes, before: int, checkpoint: Checkpoint
) -> Iterator[Finding]:
    at: dict[str, str | int] = {"position": number}
    if proven.position != number:
        yield Finding(FindingCode.ENTRY_OUT_OF_PLACE, {**at, "stated": proven.position})
    if chain.commitment(chain.entry_bytes(proven.entry), proven.salt) != proven.commitment:
        yield Finding(FindingCode.ENTRY_ALTERED, at)
    if proven.prev_head != head:
        yield Finding(FindingCode.CHAIN_BROKEN, at)
    own_head = chain.next_head(proven.prev_head, proven.position, proven.commitment)
    leaf = chain.linked_leaf(proven.commitment, own_head, proven.link)
    if not verify_inclusion(leaf, proven.leaf_index, checkpoint.size, proven.inclusion, checkpoint.root):
        yield Finding(FindingCode.ENTRY_NOT_IN_LOG, at)
    if proven.leaf_index <= before:
        yield Finding(FindingCode.LOG_ORDER_BROKEN, at)
    if checkpoint.in_gap(proven.leaf_index):
        yield Finding(FindingCode.ENTRY_IN_GAP, at)


def _check_count(download: Download, head: bytes, checkpoint: Checkpoint) -> Iterator[Finding]:
    count = len(download.entries)
    key = chain.map_key(download.class_salt, download.learner, download.viewer_class)
    value = chain.map_value(download.class_salt, count, head) if count else None
    if not verify_map_proof(checkpoint.map_root, key, value, download.map_proof):
        yield Finding(FindingCode.COUNT_NOT_CONFIRMED, {"count": count})


def _check_earlier(download: Download, checkpoint: Checkpoint, earlier: object, key: VerifyingKey) -> Iterator[Finding]:
    report = verify_bundle(earlier, key)
    if not report.ok:
        yield Finding(FindingCode.EARLIER_FAULTY, {"count": sum(finding.is_fault for finding in report.findings)})
        return
    before = read_download(earlier)
    old = open_checkpoint(before.checkpoint, key)
    if _chain_of(before) != _chain_of(download):
        yield Finding(FindingCode.EARLIER_OTHER_CHAIN)
        return
    if old.size > checkpoint.size:
        yield Finding(FindingCode.EARLIER_IS_NEWER, {"earlier": old.size, "now": checkpoint.size})
        return
    proofs = {one.size: one.proof for one in download.consistency} | {checkpoint.size: ()}
    if old.size not in proofs and old.size > 0:
        yield Finding(FindingCode.EARLIER_NOT_JOINED, {"size": old.size})
    elif not verify_consistency(old.size, checkpoint.size, old.root, checkpoint.root, proofs.get(old.size, ())):
        yield Finding(FindingCode.EARLIER_NOT_EXTENDED, {"size": old.size})
    if not all(any(start <= lost and end <= stop for start, stop in checkpoint.gaps) for lost, end in old.gaps):
        yield Finding(FindingCode.GAP_WITHDRAWN)
    yield from _compare_entries(before, download, checkpoint)


def _compare_entries(before: Download, download: Download, checkpoint: Checkpoint) -> Iterator[Finding]:
    now = {proven.leaf_index: proven.commitment for proven in download.entries}
    lost = 0
    for proven in before.entries:
        if now.get(proven.leaf_index) == proven.commitment:
            continue
        if checkpoint.in_gap(proven.leaf_index):
            lost += 1
        else:
            yield Finding(FindingCode.EARLIER_ENTRY_GONE, {"position": proven.position})
    if lost:
        yield Finding(FindingCode.EARLIER_ENTRIES_LOST, {"count": lost})


def _chain_of(download: Download) -> tuple[str, object, str, bytes]:
    return download.node, download.learner, download.viewer_class, download.class_salt
