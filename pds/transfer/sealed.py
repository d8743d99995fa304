"""Sealing of what a case keeps: secrets towards the other node, received documents, their files.

Everything stands under the child's key and is bound to its place, so that erasing the child erases it, and nothing can
be moved to another child, case or document.
"""

from typing import Final
from uuid import UUID

from pds.node import Node
from pds.sharing.papers import received_binding
from trust.sealing import Binding, seal, unseal

SECRET_SCHEMA: Final = "urn:manabi:schema:transfer-secret:1"  # noqa: S105  a schema's name
FILE_NOTE_SCHEMA: Final = "urn:manabi:schema:received-file-note:1"
CHUNK_SCHEMA: Final = "urn:manabi:schema:received-chunk:1"
CHUNK_BYTES: Final = 64 * 1024


def seal_secret(node: Node, learner: UUID, case: UUID, name: str, value: str) -> bytes:
    """Seal one secret of a case: a ticket, a token, a private key, the reason of a move."""
    return seal(node.keyring.subject_key(learner), _secret(node, learner, case, name), value.encode())


def open_secret(node: Node, learner: UUID, case: UUID, name: str, sealed: bytes) -> str:
    """Open what `seal_secret` made; raises `SealBroken` or `KeyErased`."""
    return unseal(node.keyring.subject_key(learner), _secret(node, learner, case, name), bytes(sealed)).decode()


def document_binding(node: Node, learner: UUID, case: UUID, doc: UUID, version: int) -> Binding:
    """Return where a received document belongs."""
    return received_binding(node, learner, case, doc, version)


def file_note_binding(node: Node, learner: UUID, case: UUID, doc: UUID, version: int, file_no: int) -> Binding:
    """Return where name and hash of a received file belong."""
    return Binding(node.node_id, learner, f"received/{case}/{doc}/{file_no}", version, FILE_NOTE_SCHEMA)


def chunk_binding(node: Node, learner: UUID, case: UUID, doc: UUID, version: int, file_no: int, chunk: int) -> Binding:
    """Return where one chunk of a received file belongs."""
    return Binding(node.node_id, learner, f"received/{case}/{doc}/{file_no}/{chunk}", version, CHUNK_SCHEMA)


def _secret(node: Node, learner: UUID, case: UUID, name: str) -> Binding:
    return Binding(node.node_id, learner, f"transfer/{case}/{name}", 1, SECRET_SCHEMA)
