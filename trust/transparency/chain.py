"""The chain of each viewer: how an entry of the access log is committed to, counted and linked, telling nobody more.

For every child there is one chain per viewer class (the child; each carer; the office). An entry joins the chain of
every class that may see it, and is one leaf of the log. The leaf commits to the entry and, through sixteen slots, to
the new head of each chain it joined. A viewer is shown one slot; the others hold heads hidden behind salts of their
own or filler that looks the same, and slots are taken in an order only the node knows. So nobody can tell from a
leaf, a slot number or a proof how many classes an entry has, and a chain cannot be changed without changing leaves.

Whatever stays hidden is derived from the entry's *secret*, which never leaves the node: were it derived from the salt
that the family is given, filler could be told from heads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256, shake_256
from typing import Final
from uuid import UUID

from trust.errors import N_, ManabiError
from trust.framing import canonical_json, frame
from trust.transparency.tree import leaf_hash, node_hash

START: Final = bytes(32)
"""The head of a chain before its first entry."""

SLOTS: Final = 16
SLOT_DEPTH: Final = 4
SECRET_BYTES: Final = 32
_HASH: Final = 32


class TooManyViewers(ManabiError):
    """An entry would join more chains than a leaf has slots."""

    code = "chain.too_many_viewers"
    status = 500
    title = N_("This child has %(count)s viewers, more than the %(most)s an entry of the access log can name.")
    remedy = N_("The office ends the view of carers who no longer have one.")


@dataclass(frozen=True, slots=True)
class Link:
    """What one viewer class is given to find its head in the leaf: its slot, the slot's salt, the way to the root."""

    slot: int
    slot_salt: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LinkedEntry:
    """A leaf of the log and, in the order of the heads it was made from, the link of each viewer class."""

    leaf: bytes
    links: tuple[Link, ...]


def entry_bytes(entry: Mapping[str, object]) -> bytes:
    """Return the bytes of an entry that are committed to; raises ValueError for what has no canonical spelling."""
    return canonical_json(entry)


def entry_salt(secret: bytes) -> bytes:
    """Return the salt of an entry's commitment, which every viewer of the entry is given."""
    return sha256(frame(b"manabi-salt-v1", _secret(secret))).digest()


def commitment(entry: bytes, salt: bytes) -> bytes:
    """Return the commitment to an entry; without the salt it says nothing about the entry."""
    return sha256(frame(b"manabi-commitment-v1", salt, entry)).digest()


def next_head(prev_head: bytes, position: int, entry_commitment: bytes) -> bytes:
    """Return a chain's head after its entry at this position, counted from 1."""
    return sha256(frame(b"manabi-chain-v1", prev_head, position.to_bytes(8, "big"), entry_commitment)).digest()


def map_key(class_salt: bytes, learner: UUID, viewer_class: str) -> bytes:
    """Return the key of a chain in the map; without the salt nobody can tell whose it is."""
    return sha256(frame(b"manabi-map-key-v1", class_salt, learner.bytes, viewer_class.encode())).digest()


def map_value(class_salt: bytes, count: int, head: bytes) -> bytes:
    """Return the value of a chain in the map: how many entries it has and where it ends."""
    return sha256(frame(b"manabi-map-value-v1", class_salt, count.to_bytes(8, "big"), head)).digest()


def entry_leaf(entry_commitment: bytes, links_root: bytes) -> bytes:
    """Return the leaf hash of an entry."""
    return leaf_hash(frame(b"manabi-entry-v1", entry_commitment, links_root))


def link_entry(secret: bytes, entry_commitment: bytes, heads: Sequence[bytes]) -> LinkedEntry:
    """Make the leaf that ties an entry to the new head of every chain it joins.

    The same secret and heads always give the same leaf, so links are computed again when asked for and not stored.
    Raises TooManyViewers for more than SLOTS heads.
    """
    if len(heads) > SLOTS:
        raise TooManyViewers(count=len(heads), most=SLOTS)
    # One squeeze of a sponge keyed by the secret (FIPS 202) gives filler, salts and order, each bit independent.
    stream = shake_256(frame(b"manabi-links-v1", _secret(secret))).digest(SLOTS * (2 * _HASH + 8))
    fillers, salts, draws = stream[: SLOTS * _HASH], stream[SLOTS * _HASH : 2 * SLOTS * _HASH], stream[-8 * SLOTS :]
    order = sorted(range(SLOTS), key=lambda slot: draws[8 * slot : 8 * slot + 8])
    slots = [fillers[_HASH * at : _HASH * (at + 1)] for at in range(SLOTS)]
    for slot, head in zip(order, heads, strict=False):
        slots[slot] = _slot_value(salts[_HASH * slot : _HASH * (slot + 1)], head)
    levels = [slots]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below), 2)])
    links = tuple(
        Link(
            slot,
            salts[_HASH * slot : _HASH * (slot + 1)],
            tuple(levels[level][slot >> level ^ 1] for level in range(SLOT_DEPTH)),
        )
        for slot in order[: len(heads)]
    )
    return LinkedEntry(entry_leaf(entry_commitment, levels[-1][0]), links)


def linked_leaf(entry_commitment: bytes, head: bytes, link: Link) -> bytes:
    """Return the leaf hash that a viewer computes from the entry's commitment, the chain's head and the link."""
    current = _slot_value(link.slot_salt, head)
    for level, sibling in enumerate(link.path):
        current = node_hash(sibling, current) if link.slot >> level & 1 else node_hash(current, sibling)
    return entry_leaf(entry_commitment, current)


def _slot_value(slot_salt: bytes, head: bytes) -> bytes:
    return sha256(frame(b"manabi-slot-v1", slot_salt, head)).digest()


def _secret(secret: bytes) -> bytes:
    if len(secret) != SECRET_BYTES:
        raise ValueError("an entry's secret has 32 bytes")
    return secret
