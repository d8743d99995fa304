"""The log as a family takes it home: one chain, whole up to the newest checkpoint, with every proof."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from pds.access_log.entries import entry_binding, entry_key
from pds.access_log.sequencer import CHECKPOINT_KEY, items_of, read_top_tree
from pds.node import Node
from trust.errors import N_, ManabiError
from trust.sealing import unseal
from trust.transparency.chain import SECRET_BYTES, entry_salt, link_entry, next_head
from trust.transparency.checkpoint import open_checkpoint
from trust.transparency.download import Consistency, Download, ProvenEntry, write_download
from trust.transparency.map import bucket_of
from trust.transparency.tree import consistency_proof, inclusion_proof
from web.database import bind_context

_MOST_EARLIER = 20
_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
_NEWEST = text("SELECT token FROM log_checkpoint ORDER BY checkpoint_no DESC LIMIT 1")
_CHAIN = text("SELECT salt, map_key FROM log_chain WHERE learner_id = :learner AND viewer_class = :chain")
_ENTRIES = text(
    "SELECT e.entry_no, e.entry_id, e.classes, e.sealed, e.commitment, e.leaf_index FROM log_entry e "
    "WHERE e.learner_id = :learner AND :chain = ANY(e.classes) AND e.leaf_index IS NOT NULL ORDER BY e.leaf_index"
)
_LINKS = text("SELECT entry_no, viewer_class, position, previous_head FROM log_link WHERE learner_id = :learner")
_EARLIER = text(
    "SELECT size FROM log_download WHERE learner_id = :learner AND viewer_class = :chain AND size <= :size "
    "ORDER BY size DESC LIMIT :most"
)
_REMEMBER = text(
    "INSERT INTO log_download (learner_id, viewer_class, size, at) VALUES (:learner, :chain, :size, :at) "
    "ON CONFLICT DO NOTHING"
)


class NothingSignedYet(ManabiError):
    """No checkpoint covers this chain yet; the sequencer places new entries within seconds."""

    code = "access_log.nothing_signed_yet"
    status = 409
    title = N_("The newest entries are being signed.")
    remedy = N_("Please try again in a minute.")


def prepare(session: Session, learner: UUID) -> None:
    """Begin the snapshot a download is read from; to be called before anything else in its transaction."""
    session.execute(_SNAPSHOT)
    bind_context(session, learners=[learner])


def download(session: Session, node: Node, learner: UUID, chain: str, now: datetime) -> dict[str, object]:
    """Return the document for one viewer's chain; raises `NothingSignedYet`.

    Everything is read in one snapshot (`prepare`), in which chains, map and newest checkpoint agree. The size is
    remembered, so that the next download also proves that the log it shows extends this one.
    """
    token = session.execute(_NEWEST).scalar()
    head = session.execute(_CHAIN, {"learner": learner, "chain": chain}).first()
    if token is None or head is None:
        raise NothingSignedYet
    key = node.keyring.signing_key(CHECKPOINT_KEY).public()
    checkpoint = open_checkpoint(token, key)
    map_key = bytes(head.map_key)
    bucket = bucket_of(map_key)
    proof = read_top_tree(session).proof(map_key, items_of(session, [bucket])[bucket])
    links: dict[int, dict[str, Row[Any]]] = defaultdict(dict)
    for row in session.execute(_LINKS, {"learner": learner}):
        links[row.entry_no][row.viewer_class] = row
    entries = session.execute(_ENTRIES, {"learner": learner, "chain": chain}).all()
    document = write_download(
        Download(
            node=node.node_id,
            node_key=key.jwk(),
            checkpoint=token,
            learner=learner,
            viewer_class=chain,
            class_salt=bytes(head.salt),
            map_proof=proof,
            entries=_prove(node, learner, chain, entries, links, checkpoint.size),
            consistency=_consistency(session, node, learner, chain, checkpoint.size),
        )
    )
    session.execute(_REMEMBER, {"learner": learner, "chain": chain, "size": checkpoint.size, "at": now})
    return document


def _prove(
    node: Node,
    learner: UUID,
    chain: str,
    entries: Sequence[Row[Any]],
    links: Mapping[int, Mapping[str, Row[Any]]],
    size: int,
) -> tuple[ProvenEntry, ...]:
    key = entry_key(node, learner)
    leaves = node.keyring.leaves
    proven = []
    for row in entries:
        opened = unseal(key, entry_binding(node, learner, row.entry_id), bytes(row.sealed))
        secret, committed = opened[:SECRET_BYTES], bytes(row.commitment)
        placed = [links[row.entry_no][viewer_class] for viewer_class in row.classes]
        heads = [next_head(bytes(link.previous_head), link.position, committed) for link in placed]
        own = row.classes.index(chain)
        proven.append(
            ProvenEntry(
                position=placed[own].position,
                entry=json.loads(opened[SECRET_BYTES:]),
                salt=entry_salt(secret),
                commitment=committed,
                prev_head=bytes(placed[own].previous_head),
                link=link_entry(secret, committed, heads).links[own],
                leaf_index=row.leaf_index,
                inclusion=tuple(inclusion_proof(leaves, row.leaf_index, size)),
            )
        )
    return tuple(proven)


def _consistency(session: Session, node: Node, learner: UUID, chain: str, size: int) -> tuple[Consistency, ...]:
    sizes = session.execute(
        _EARLIER, {"learner": learner, "chain": chain, "size": size, "most": _MOST_EARLIER}
    ).scalars()
    return tuple(
        Consistency(earlier, tuple(consistency_proof(node.keyring.leaves, earlier, size))) for earlier in sizes
    )
