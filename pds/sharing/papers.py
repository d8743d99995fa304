"""What families write, the words they had before them, and the papers they signed: sealed under the child's key."""

from typing import Final
from uuid import UUID

from pds.node import Node
from trust.sealing import Binding, seal, unseal

_SCHEMA: Final = "urn:manabi:schema:sharing-paper:1"
_RECEIVED_SCHEMA: Final = "urn:manabi:schema:received-document:1"


def seal_paper(node: Node, learner: UUID, request: UUID, person: UUID, kind: str, content: bytes) -> bytes:
    """Seal a paper of one person on one request; `kind` tells a comment from a scan or the text shown."""
    return seal(node.keyring.subject_key(learner), _binding(node, learner, request, person, kind), content)


def open_paper(node: Node, learner: UUID, request: UUID, person: UUID, kind: str, sealed: bytes) -> bytes:
    """Open what `seal_paper` made; raises `SealBroken` or `KeyErased`."""
    return unseal(node.keyring.subject_key(learner), _binding(node, learner, request, person, kind), bytes(sealed))


def received_binding(node: Node, learner: UUID, case: UUID, doc: UUID, version: int) -> Binding:
    """Return where a document belongs that another school sent in the case of a move."""
    return Binding(node.node_id, learner, f"received/{case}/{doc}", version, _RECEIVED_SCHEMA)


def _binding(node: Node, learner: UUID, request: UUID, person: UUID, kind: str) -> Binding:
    return Binding(node.node_id, learner, f"request/{request}/{person}/{kind}", 1, _SCHEMA)
