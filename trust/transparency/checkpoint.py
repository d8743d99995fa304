"""The signed statement of a node about its access log at one moment: size, root of the tree, root of the map.

``gaps`` names, openly and for ever, the ranges of leaves whose entries the database lost when an older backup was
restored: the leaves still stand in the log, but nobody can show any more what they said.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from trust.errors import N_, ManabiError
from trust.framing import canonical_json, from_text, to_text
from trust.signing import SigningKey, VerifyingKey

TYP: Final = "manabi-checkpoint+jws"
FORMAT: Final = "manabi-checkpoint/1"
_NAMES: Final = {"format", "origin", "size", "root", "map_root", "at", "gaps"}


class CheckpointRefused(ManabiError):
    """A checkpoint whose signature holds but whose content is not one this software can read."""

    code = "checkpoint.refused"
    status = 422
    title = N_("The signed checkpoint cannot be read (%(reason)s).")
    remedy = N_("Get the newest version of this software, or ask the operator of the node for a new download.")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State of the log of node ``origin``: when, how many leaves, both roots, lost ranges (start, stop exclusive)."""

    origin: str
    size: int
    root: bytes
    map_root: bytes
    at: datetime
    gaps: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be a state of a log."""
        if self.size < 0 or len(self.root) != 32 or len(self.map_root) != 32 or self.at.tzinfo is None:
            raise ValueError("not a state of a log")
        end = 0
        for start, stop in self.gaps:
            if not end <= start < stop <= self.size:
                raise ValueError("gaps are not ascending ranges within the log")
            end = stop

    def in_gap(self, leaf_index: int) -> bool:
        """Tell whether the entry of this leaf is declared lost."""
        return any(start <= leaf_index < stop for start, stop in self.gaps)


def sign(checkpoint: Checkpoint, key: SigningKey) -> str:
    """Return the checkpoint as a compact JWS."""
    document = {
        "format": FORMAT,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": to_text(checkpoint.root),
        "map_root": to_text(checkpoint.map_root),
        "at": checkpoint.at.astimezone(UTC).isoformat(),
        "gaps": [list(gap) for gap in checkpoint.gaps],
    }
    return key.sign(canonical_json(document), typ=TYP)


def open_checkpoint(token: str, key: VerifyingKey) -> Checkpoint:
    """Read a checkpoint signed by this key; raises SignatureRefused or CheckpointRefused."""
    payload = key.verify(token, typ=TYP)
    try:
        document = json.loads(payload)
        if set(document) != _NAMES or document["format"] != FORMAT or canonical_json(document) != payload:
            raise ValueError("another format")
        return Checkpoint(
            origin=_text(document["origin"]),
            size=_number(document["size"]),
            root=from_text(document["root"]),
            map_root=from_text(document["map_root"]),
            at=datetime.fromisoformat(document["at"]),
            gaps=tuple((_number(start), _number(stop)) for start, stop in document["gaps"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CheckpointRefused(reason="not a checkpoint of a known format") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value
