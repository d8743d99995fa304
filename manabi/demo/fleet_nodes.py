"""The nodes of the hundred made-up municipalities, as the registry knows them: ids, addresses, keys, boards.

They keep no records and answer no address: one process reports for all of them. Their keys are derived from one
secret, so that a hundred nodes cost one file.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from manabi.sample.municipalities import Municipality, municipalities
from trust.files import write_new
from trust.framing import frame
from trust.joining import write_join_request
from trust.participants import KeyUse, Organisation, OrganisationKind, Participant, ParticipantKey, ParticipantKind
from trust.registry import Registry
from trust.signing import SigningKey

_KEPT_IN: Final = "fleet.secret"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class FleetNode:
    """One municipality's node: its name in the registry, and the keys that only it holds."""

    municipality: Municipality
    node_key: SigningKey = field(repr=False)
    client_key: SigningKey = field(repr=False)

    @property
    def node_id(self) -> str:
        """Its name in the registry of participants."""
        return f"{self.municipality.code}.node"

    @property
    def issuer(self) -> str:
        """The address under which it would answer; there is none behind it."""
        return f"https://{self.municipality.code}.node.example"


def fleet_nodes(folder: Path) -> tuple[FleetNode, ...]:
    """Return all nodes with their keys; the first time, the secret behind the keys is made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(folder / _KEPT_IN, os.urandom(_SECRET_BYTES))
    secret = (folder / _KEPT_IN).read_bytes()
    return tuple(
        FleetNode(one, _signing_key(secret, one.code, KeyUse.NODE), _signing_key(secret, one.code, KeyUse.CLIENT))
        for one in municipalities()
    )


def noise_key(folder: Path, node: FleetNode) -> bytes:
    """Return the key under which a node keeps its noise, 32 bytes."""
    return _derive((folder / _KEPT_IN).read_bytes(), node.municipality.code, "noise")


def join_requests(nodes: tuple[FleetNode, ...], registry: Registry, now: datetime) -> list[str]:
    """Return a signed request to be taken in for each node that the registry does not list yet."""
    return [
        write_join_request(
            one.node_key,
            Participant(
                0, one.node_id, one.municipality.board, ParticipantKind.NODE, one.issuer,
                f"{one.municipality.board} 教育総務課（電話 000-0000-0000）",
                (
                    ParticipantKey.of(KeyUse.NODE, one.node_key.jose_key(), now),
                    ParticipantKey.of(KeyUse.CLIENT, one.client_key.jose_key(), now),
                ),
                (Organisation(one.municipality.code, one.municipality.board, OrganisationKind.BOARD),),
            ),
            now=now,
        )
        for one in nodes
        if registry.by_id(one.node_id) is None
    ]  # fmt: skip


def _derive(secret: bytes, code: str, purpose: str) -> bytes:
    info = frame(b"manabi-demo-fleet-v1", code.encode(), purpose.encode())
    return HKDF(SHA256(), 32, salt=None, info=info).derive(secret)


def _signing_key(secret: bytes, code: str, use: KeyUse) -> SigningKey:
    key = Ed25519PrivateKey.from_private_bytes(_derive(secret, code, use.value))
    return SigningKey.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
