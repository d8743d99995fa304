"""The sequencer: gives pending entries their place in chains and log, and signs the new state.

One pass is one transaction, and one sequencer works per node at a time (an advisory lock sees to that). Leaf hashes
reach the keyring's append-only file before the transaction commits. A pass that dies in between leaves leaves without
entries: the next one signs that range as a gap, as it does for entries lost with an older backup. No leaf ever moves.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, text
from sqlalchemy.orm import Session

from pds.access_log.entries import entry_binding
from pds.access_log.models import NOBODY, LogCheckpoint, LogLink
from pds.node import Node
from trust.sealing import unseal
from trust.transparency.chain import SECRET_BYTES, START, link_entry, map_key, map_value, next_head
from trust.transparency.checkpoint import Checkpoint, open_checkpoint, sign
from trust.transparency.map import TopTree, bucket_of, bucket_root

CHECKPOINT_KEY = "node"
"""Owner name of the key that signs checkpoints."""

_LOCK = text("SELECT pg_try_advisory_xact_lock(7270101)")
_PENDING = text(
    "SELECT learner_id, entry_no, entry_id, classes, sealed, commitment FROM log_entry "
    "WHERE leaf_index IS NULL ORDER BY entry_no LIMIT :most"
)
_LAST = text("SELECT checkpoint_no, size, token FROM log_checkpoint ORDER BY checkpoint_no DESC LIMIT 1")
_CHAINS = text(
    "SELECT learner_id, viewer_class, salt, count AS entries, head FROM log_chain WHERE learner_id = ANY(:learners)"
)
_PLACE = text(
    "UPDATE log_entry e SET leaf_index = p.leaf_index, leaf_hash = p.leaf_hash FROM "
    "unnest(CAST(:learners AS uuid[]), CAST(:numbers AS bigint[]), CAST(:indexes AS bigint[]), "
    "CAST(:hashes AS bytea[])) AS p (learner_id, entry_no, leaf_index, leaf_hash) "
    "WHERE e.learner_id = p.learner_id AND e.entry_no = p.entry_no"
)
_KEEP_CHAIN = text(
    "INSERT INTO log_chain (learner_id, viewer_class, salt, map_key, count, head) "
    "VALUES (:learner_id, :viewer_class, :salt, :map_key, :count, :head) "
    "ON CONFLICT (learner_id, viewer_class) DO UPDATE SET count = excluded.count, head = excluded.head"
)
_KEEP_LEAF = text(
    "INSERT INTO log_map_leaf (map_key, bucket, value) VALUES (:map_key, :bucket, :value) "
    "ON CONFLICT (map_key) DO UPDATE SET value = excluded.value"
)
_IN_BUCKETS = text("SELECT bucket, map_key, value FROM log_map_leaf WHERE bucket = ANY(:buckets)")
_KEEP_BUCKET = text(
    "INSERT INTO log_bucket (bucket, root) VALUES (:bucket, :root) "
    "ON CONFLICT (bucket) DO UPDATE SET root = excluded.root"
)
_ALL_BUCKETS = text("SELECT bucket, root FROM log_bucket")


@dataclass(slots=True)
class _Chain:
    salt: bytes
    count: int
    head: bytes


class Sequencer:
    """Runs passes for one node; keeps the upper storey of the map in memory between them."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._top: TopTree | None = None
        self._top_stands_at: int | None = None

    def run_once(self, now: datetime, *, most: int = 2000) -> int:
        """Give at most `most` pending entries their places; return how many there were. Needs the jobs role."""
        with self._node.database.session() as session:
            if not session.execute(_LOCK).scalar_one():
                return 0
            pending = session.execute(_PENDING, {"most": most}).all()
            if not pending:
                return 0
            last = session.execute(_LAST).first()
            top = self._top_tree(session, None if last is None else last.checkpoint_no)
            leaves, touched = self._link(session, pending)
            first = self._node.keyring.leaves.append(leaves)
            _place(session, pending, first, leaves)
            for bucket, root in self._renew_buckets(session, self._keep_chains(session, touched)):
                top.update(bucket, root)
            number = self._sign(session, top, last, first, now)
            session.commit()
            self._top_stands_at = number
        return len(pending)

    def _top_tree(self, session: Session, stands_at: int | None) -> TopTree:
        if self._top is None or self._top_stands_at != stands_at:
            self._top = read_top_tree(session)
        self._top_stands_at = -1  # until this pass commits, what is in memory is ahead of the database
        return self._top

    def _link(
        self, session: Session, pending: Sequence[Row[Any]]
    ) -> tuple[list[bytes], dict[tuple[UUID, str], _Chain]]:
        learners = list({row.learner_id for row in pending})
        chains = {
            (row.learner_id, row.viewer_class): _Chain(bytes(row.salt), row.entries, bytes(row.head))
            for row in session.execute(_CHAINS, {"learners": learners})
        }
        keys = self._node.keyring.subject_keys(learner for learner in learners if learner != NOBODY)
        touched: dict[tuple[UUID, str], _Chain] = {}
        leaves: list[bytes] = []
        links: list[dict[str, object]] = []
        for row in pending:
            heads: list[bytes] = []
            for viewer_class in row.classes:
                place = (row.learner_id, viewer_class)
                chain = touched[place] = chains.setdefault(place, _Chain(os.urandom(32), 0, START))
                chain.count += 1
                links.append(
                    {
                        "learner_id": row.learner_id, "viewer_class": viewer_class, "position": chain.count,
                        "entry_no": row.entry_no, "previous_head": chain.head,
                    }
                )  # fmt: skip
                chain.head = next_head(chain.head, chain.count, bytes(row.commitment))
                heads.append(chain.head)
            leaves.append(link_entry(self._secret(row, keys), bytes(row.commitment), heads).leaf)
        session.execute(insert(LogLink), links)
        return leaves, touched

    def _secret(self, row: Row[Any], keys: dict[UUID, bytes]) -> bytes:
        if row.learner_id == NOBODY:
            key = self._node.keyring.node_key("node-log")
        elif row.learner_id in keys:
            key = keys[row.learner_id]
        else:
            return os.urandom(SECRET_BYTES)  # erased meanwhile: the leaf stays, nobody can ever open what it says
        binding = entry_binding(self._node, row.learner_id, row.entry_id)
        return unseal(key, binding, bytes(row.sealed))[:SECRET_BYTES]

    def _keep_chains(self, session: Session, touched: dict[tuple[UUID, str], _Chain]) -> Iterable[int]:
        chains: list[dict[str, Any]] = []
        leaves: list[dict[str, Any]] = []
        for (learner, viewer_class), chain in touched.items():
            key = map_key(chain.salt, learner, viewer_class)
            chains.append(
                {
                    "learner_id": learner, "viewer_class": viewer_class, "salt": chain.salt, "map_key": key,
                    "count": chain.count, "head": chain.head,
                }
            )  # fmt: skip
            value = map_value(chain.salt, chain.count, chain.head)
            leaves.append({"map_key": key, "bucket": bucket_of(key), "value": value})
        session.execute(_KEEP_CHAIN, chains)
        session.execute(_KEEP_LEAF, leaves)
        return {leaf["bucket"] for leaf in leaves}

    def _renew_buckets(self, session: Session, buckets: Iterable[int]) -> list[tuple[int, bytes]]:
        roots = [(bucket, bucket_root(bucket, items)) for bucket, items in items_of(session, buckets).items()]
        session.execute(_KEEP_BUCKET, [{"bucket": bucket, "root": root} for bucket, root in roots])
        return roots

    def _sign(self, session: Session, top: TopTree, last: Row[Any] | None, first: int, now: datetime) -> int:
        key = self._node.keyring.signing_key(CHECKPOINT_KEY)
        gaps = () if last is None else open_checkpoint(last.token, key.public()).gaps
        covered = 0 if last is None else last.size
        if first > covered:
            gaps = (*gaps, (covered, first))
        leaves = self._node.keyring.leaves
        state = Checkpoint(self._node.node_id, leaves.size, leaves.root(), top.root, now, gaps)
        number = session.execute(
            insert(LogCheckpoint)
            .values(size=state.size, at=now, token=sign(state, key))
            .returning(LogCheckpoint.checkpoint_no)
        )
        return number.scalar_one()


def read_top_tree(session: Session) -> TopTree:
    """Build the upper storey of the map from the stored roots of its buckets."""
    return TopTree({row.bucket: bytes(row.root) for row in session.execute(_ALL_BUCKETS)})


def items_of(session: Session, buckets: Iterable[int]) -> dict[int, dict[bytes, bytes]]:
    """Return key and value of every chain in some buckets."""
    found: dict[int, dict[bytes, bytes]] = {bucket: {} for bucket in buckets}
    for row in session.execute(_IN_BUCKETS, {"buckets": list(found)}):
        found[row.bucket][bytes(row.map_key)] = bytes(row.value)
    return found


def _place(session: Session, pending: Sequence[Row[Any]], first: int, leaves: Sequence[bytes]) -> None:
    session.execute(
        _PLACE,
        {
            "learners": [row.learner_id for row in pending],
            "numbers": [row.entry_no for row in pending],
            "indexes": list(range(first, first + len(leaves))),
            "hashes": list(leaves),
        },
    )
