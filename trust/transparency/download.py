"""The access log as a family downloads it: the format 'manabi-access-log/1', written by nodes and read by verifiers.

The format is described for people in docs/access-log.md. Reading is strict: a member that is missing, of another
type, or not part of the format is refused by its place, since a verifier that guesses proves nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from trust.errors import N_, ManabiError
from trust.framing import canonical_json, from_text, to_text
from trust.transparency.chain import SLOT_DEPTH, SLOTS, Link
from trust.transparency.map import MapProof

FORMAT: Final = "manabi-access-log/1"
_HASH: Final = 32
_MAX_PROOF: Final = 64
_MAX_NUMBER: Final = 2**53


class DownloadRefused(ManabiError):
    """A file that is not a downloaded access log of the known format; ``place`` says where it departs from it."""

    code = "access_log.download_refused"
    status = 422
    title = N_("This is not a readable access log: %(place)s is missing or wrong.")
    remedy = N_("Download the access log again and do not change the file.")


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """One entry with all it takes to find it in chain and log."""

    position: int
    """Its number in the viewer's chain, from 1."""
    entry: Mapping[str, object]
    salt: bytes
    commitment: bytes
    prev_head: bytes
    link: Link
    leaf_index: int
    inclusion: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """The proof that the present log extends the one that had ``size`` leaves."""

    size: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Download:
    """One viewer's whole chain up to a checkpoint, with every proof."""

    node: str
    node_key: Mapping[str, str]
    """Public JWK. It lets the file be read alone; whether it is the node's, only an outside source can say."""
    checkpoint: str
    learner: UUID
    viewer_class: str
    class_salt: bytes
    map_proof: MapProof
    entries: tuple[ProvenEntry, ...]
    consistency: tuple[Consistency, ...] = ()


def write_download(download: Download) -> dict[str, object]:
    """Return the document to hand out as JSON."""
    return {
        "format": FORMAT,
        "node": download.node,
        "node_key": dict(download.node_key),
        "checkpoint": download.checkpoint,
        "chain": {
            "learner": str(download.learner),
            "viewer_class": download.viewer_class,
            "salt": to_text(download.class_salt),
            "map_proof": download.map_proof.to_document(),
        },
        "entries": [write_entry(entry) for entry in download.entries],
        "consistency": [{"size": one.size, "proof": _texts(one.proof)} for one in download.consistency],
    }


def write_entry(entry: ProvenEntry) -> dict[str, object]:
    """Return one element of ``entries``, for an edge that streams them."""
    return {
        "position": entry.position,
        "entry": dict(entry.entry),
        "salt": to_text(entry.salt),
        "commitment": to_text(entry.commitment),
        "prev_head": to_text(entry.prev_head),
        "slot": entry.link.slot,
        "slot_salt": to_text(entry.link.slot_salt),
        "slot_path": _texts(entry.link.path),
        "leaf_index": entry.leaf_index,
        "inclusion": _texts(entry.inclusion),
    }


def read_download(document: object) -> Download:
    """Read a parsed JSON document; raises DownloadRefused naming the first wrong place."""
    top = _members(document, "", {"format", "node", "node_key", "checkpoint", "chain", "entries", "consistency"})
    if top["format"] != FORMAT:
        raise DownloadRefused(place="format")
    chain = _members(top["chain"], "chain.", {"learner", "viewer_class", "salt", "map_proof"})
    jwk = top["node_key"]
    if not isinstance(jwk, dict):
        raise DownloadRefused(place="node_key")
    return Download(
        node=_text(top["node"], "node"),
        node_key={name: _text(value, f"node_key.{name}") for name, value in jwk.items()},
        checkpoint=_text(top["checkpoint"], "checkpoint"),
        learner=_uuid(chain["learner"], "chain.learner"),
        viewer_class=_text(chain["viewer_class"], "chain.viewer_class"),
        class_salt=_hash(chain["salt"], "chain.salt"),
        map_proof=_map_proof(chain["map_proof"]),
        entries=tuple(_entry(one, f"entries[{at}].") for at, one in enumerate(_list(top["entries"], "entries"))),
        consistency=tuple(
            _consistency(one, f"consistency[{at}].") for at, one in enumerate(_list(top["consistency"], "consistency"))
        ),
    )


def _entry(document: object, place: str) -> ProvenEntry:
    names = {"position", "entry", "salt", "commitment", "prev_head", "slot", "slot_salt", "slot_path"}
    one = _members(document, place, names | {"leaf_index", "inclusion"})
    entry = one["entry"]
    try:
        if not isinstance(entry, dict):
            raise TypeError("not an object")
        canonical_json(entry)
    except (TypeError, ValueError, RecursionError) as error:
        raise DownloadRefused(place=f"{place}entry") from error
    slot = _number(one["slot"], f"{place}slot")
    path = _hashes(one["slot_path"], f"{place}slot_path")
    if slot >= SLOTS or len(path) != SLOT_DEPTH:
        raise DownloadRefused(place=f"{place}slot")
    return ProvenEntry(
        position=_number(one["position"], f"{place}position"),
        entry=entry,
        salt=_hash(one["salt"], f"{place}salt"),
        commitment=_hash(one["commitment"], f"{place}commitment"),
        prev_head=_hash(one["prev_head"], f"{place}prev_head"),
        link=Link(slot, _hash(one["slot_salt"], f"{place}slot_salt"), path),
        leaf_index=_number(one["leaf_index"], f"{place}leaf_index"),
        inclusion=_hashes(one["inclusion"], f"{place}inclusion"),
    )


def _consistency(document: object, place: str) -> Consistency:
    one = _members(document, place, {"size", "proof"})
    return Consistency(_number(one["size"], f"{place}size"), _hashes(one["proof"], f"{place}proof"))


def _map_proof(document: object) -> MapProof:
    members = _members(document, "chain.map_proof.", {"siblings", "other"})
    try:
        return MapProof.from_document({name: _text(value, name) for name, value in members.items()})
    except ValueError as error:
        raise DownloadRefused(place="chain.map_proof") from error


def _members(document: object, place: str, names: set[str]) -> dict[str, object]:
    if not isinstance(document, dict):
        raise DownloadRefused(place=place.rstrip(".") or "the whole file")
    for name in sorted(names ^ set(document)):
        raise DownloadRefused(place=f"{place}{name}")
    return document


def _list(value: object, place: str) -> list[object]:
    if not isinstance(value, list):
        raise DownloadRefused(place=place)
    return value


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise DownloadRefused(place=place)
    return value


def _number(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MAX_NUMBER:
        raise DownloadRefused(place=place)
    return value


def _uuid(value: object, place: str) -> UUID:
    text = _text(value, place)
    try:
        found = UUID(text)
    except ValueError as error:
        raise DownloadRefused(place=place) from error
    if str(found) != text:
        raise DownloadRefused(place=place)
    return found


def _hash(value: object, place: str) -> bytes:
    try:
        raw = from_text(_text(value, place))
    except ValueError as error:
        raise DownloadRefused(place=place) from error
    if len(raw) != _HASH:
        raise DownloadRefused(place=place)
    return raw


def _hashes(value: object, place: str) -> tuple[bytes, ...]:
    items = _list(value, place)
    if len(items) > _MAX_PROOF:
        raise DownloadRefused(place=place)
    return tuple(_hash(item, f"{place}[{at}]") for at, item in enumerate(items))


def _texts(hashes: Sequence[bytes]) -> list[str]:
    return [to_text(one) for one in hashes]
