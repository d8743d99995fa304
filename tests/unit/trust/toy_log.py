"""A node's access log in memory, small and plain: what a sequencer does, without database, jobs or files."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from trust.signing import SigningKey
from trust.transparency import chain, tree
from trust.transparency.checkpoint import Checkpoint, sign
from trust.transparency.download import Consistency, Download, ProvenEntry, write_download
from trust.transparency.map import TopTree, bucket_of, bucket_root

NODE = "node.mirai.example"
NOON = datetime(2026, 6, 3, 3, 0, tzinfo=UTC)
AOI = UUID("0b5f4d6e-5b39-4f6a-9a39-111111111111")
SORA = UUID("0b5f4d6e-5b39-4f6a-9a39-222222222222")


class ToyLog:
    def __init__(self, key: SigningKey | None = None) -> None:
        self.key = key or SigningKey.generate()
        self.leaves: list[bytes] = []
        self.heads: dict[tuple[UUID, str], tuple[int, bytes]] = {}
        self.kept: list[dict[str, Any]] = []
        self.gaps: tuple[tuple[int, int], ...] = ()

    def class_salt(self, learner: UUID, viewer_class: str) -> bytes:
        return uuid5(learner, viewer_class).bytes * 2

    def record(self, learner: UUID, classes: tuple[str, ...], what: str) -> None:
        """One decision: the entry is linked into the chain of each class and becomes one leaf."""
        number = len(self.leaves)
        secret = number.to_bytes(32, "big")
        entry: dict[str, object] = {"number": number, "what": what, "at": "2026-06-03T12:00:00+09:00"}
        salt = chain.entry_salt(secret)
        commitment = chain.commitment(chain.entry_bytes(entry), salt)
        before = {one: self.heads.get((learner, one), (0, chain.START)) for one in classes}
        after = {one: chain.next_head(head, count + 1, commitment) for one, (count, head) in before.items()}
        linked = chain.link_entry(secret, commitment, list(after.values()))
        for at, one in enumerate(classes):
            count, prev_head = before[one]
            self.heads[learner, one] = (count + 1, after[one])
            self.kept.append(
                {
                    "chain": (learner, one),
                    "position": count + 1,
                    "entry": entry,
                    "salt": salt,
                    "commitment": commitment,
                    "prev_head": prev_head,
                    "link": linked.links[at],
                    "leaf_index": number,
                }
            )
        self.leaves.append(linked.leaf)

    def map_items(self) -> dict[bytes, bytes]:
        return {
            chain.map_key(self.class_salt(learner, one), learner, one): chain.map_value(
                self.class_salt(learner, one), count, head
            )
            for (learner, one), (count, head) in self.heads.items()
        }

    def bucket(self, number: int) -> dict[bytes, bytes]:
        return {key: value for key, value in self.map_items().items() if bucket_of(key) == number}

    def top(self) -> TopTree:
        numbers = {bucket_of(key) for key in self.map_items()}
        return TopTree({number: bucket_root(number, self.bucket(number)) for number in numbers})

    def checkpoint(self) -> Checkpoint:
        size = len(self.leaves)
        return Checkpoint(NODE, size, tree.root(self.leaves, size), self.top().root, NOON, self.gaps)

    def download(self, learner: UUID = AOI, viewer_class: str = "child", *, joins: tuple[int, ...] = ()) -> Any:
        size = len(self.leaves)
        key = chain.map_key(self.class_salt(learner, viewer_class), learner, viewer_class)
        entries = tuple(
            ProvenEntry(
                position=kept["position"],
                entry=kept["entry"],
                salt=kept["salt"],
                commitment=kept["commitment"],
                prev_head=kept["prev_head"],
                link=kept["link"],
                leaf_index=kept["leaf_index"],
                inclusion=tuple(tree.inclusion_proof(self.leaves, kept["leaf_index"], size)),
            )
            for kept in self.kept
            if kept["chain"] == (learner, viewer_class)
        )
        download = Download(
            node=NODE,
            node_key=self.key.public().jwk(),
            checkpoint=sign(self.checkpoint(), self.key),
            learner=learner,
            viewer_class=viewer_class,
            class_salt=self.class_salt(learner, viewer_class),
            map_proof=self.top().proof(key, self.bucket(bucket_of(key))),
            entries=entries,
            consistency=tuple(Consistency(at, tuple(tree.consistency_proof(self.leaves, at, size))) for at in joins),
        )
        # Through text, as it would reach a family: what is checked is never the very objects that were built.
        return json.loads(json.dumps(write_download(download)))


def filled_log(entries: int = 12) -> ToyLog:
    """A log in which Aoi's own chain, her carer's and another child's are interleaved."""
    log = ToyLog()
    for number in range(entries):
        if number % 3 == 1:
            log.record(SORA, ("child",), f"read {number}")
        else:
            log.record(AOI, ("child", "carer:1", "office")[: 1 + number % 3], f"read {number}")
    return log
