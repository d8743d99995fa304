"""A second verifier, written from docs/access-log.md alone: what the document says is enough, and is what is done."""

import json
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.unit.trust.toy_log import AOI, SORA, filled_log

ZERO = bytes(32)


def H(data: bytes) -> bytes:  # noqa: N802  the document's name for SHA-256
    return sha256(data).digest()


def frame(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def root_from(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.3, read recursively: the last hash of the path belongs to the topmost split."""
    if size == 1:
        assert path == []
        return leaf
    split = 1
    while split * 2 < size:
        split *= 2
    if index < split:
        return H(b"\x01" + root_from(leaf, index, split, path[:-1]) + path[-1])
    return H(b"\x01" + path[-1] + root_from(leaf, index - split, size - split, path[:-1]))


def holds(document: dict[str, Any]) -> bool:
    head_text, payload_text, signature = document["checkpoint"].split(".")
    key = Ed25519PublicKey.from_public_bytes(raw(document["node_key"]["x"]))
    try:
        key.verify(raw(signature), f"{head_text}.{payload_text}".encode())
    except InvalidSignature:
        return False
    header, state = json.loads(raw(head_text)), json.loads(raw(payload_text))
    held = header["typ"] == "manabi-checkpoint+jws" and state["origin"] == document["node"]
    chain, head, last = document["chain"], ZERO, -1
    for number, one in enumerate(document["entries"], start=1):
        text = json.dumps(one["entry"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        commitment = H(frame(b"manabi-commitment-v1", raw(one["salt"]), text))
        held &= one["position"] == number and raw(one["prev_head"]) == head and raw(one["commitment"]) == commitment
        head = H(frame(b"manabi-chain-v1", head, u64(number), commitment))
        links = H(frame(b"manabi-slot-v1", raw(one["slot_salt"]), head))
        for level, sibling in enumerate(map(raw, one["slot_path"])):
            links = H(b"\x01" + (sibling + links if one["slot"] >> level & 1 else links + sibling))
        leaf = H(b"\x00" + frame(b"manabi-entry-v1", commitment, links))
        path = [raw(text) for text in one["inclusion"]]
        held &= root_from(leaf, one["leaf_index"], state["size"], path) == raw(state["root"])
        held &= one["leaf_index"] > last
        last = one["leaf_index"]
    salt = raw(chain["salt"])
    map_key = H(frame(b"manabi-map-key-v1", salt, UUID(chain["learner"]).bytes, chain["viewer_class"].encode()))
    count = len(document["entries"])
    other = raw(chain["map_proof"]["other"])
    if count:
        node = H(b"\x00" + map_key + H(frame(b"manabi-map-value-v1", salt, u64(count), head)))
    else:
        node = ZERO if other == bytes(64) else H(b"\x00" + other)
    packed = raw(chain["map_proof"]["siblings"])
    siblings = [packed[at : at + 32] for at in range(0, 256 * 32, 32)]
    bits = f"{int.from_bytes(map_key, 'big'):0256b}"
    for depth in reversed(range(max([16, *(at + 1 for at, one in enumerate(siblings) if one != ZERO)]))):
        pair = siblings[depth] + node if bits[depth] == "1" else node + siblings[depth]
        node = ZERO if pair == bytes(64) else H(b"\x01" + pair)
    return bool(held and node == raw(state["map_root"]))


@pytest.mark.parametrize(
    "chain", [(AOI, "child"), (AOI, "carer:1"), (AOI, "office"), (AOI, "carer:9"), (SORA, "child")]
)
def test_a_verifier_written_from_the_document_agrees(chain: tuple[UUID, str]) -> None:
    assert holds(filled_log().download(*chain))


def test_a_verifier_written_from_the_document_finds_a_dropped_entry_too() -> None:
    document = filled_log().download()
    document["entries"].pop()
    assert not holds(document)
