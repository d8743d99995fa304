"""Reading what came from the school before: decided by the duty to receive, logged by category, opened last."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from consent.vocabulary import Category
from pds.access_log.entries import Act
from pds.node import Node
from pds.people.service import KnownChild
from pds.sharing.enforcement import Asking, Refused
from pds.transfer import storing
from pds.transfer.cases import CaseKey
from pds.transfer.documents import Link, NotBelieved, chain_of, payload_of
from pds.transfer.errors import CaseUnknown
from pds.transfer.incoming_access import approach
from pds.transfer.models import ReceivedFile
from pds.transfer.noting import note_staff
from pds.transfer.others import registry_in_force
from pds.transfer.states import Lane
from pds.transfer.storing import KeptDocument
from trust.registry import Registry
from trust.signing import SignatureRefused


@dataclass(frozen=True, slots=True)
class ReceivedDocumentView:
    """A document opened: what it says, the token as it was signed, and every signature of it, checked again now."""

    doc: UUID
    version: int
    lane: Lane
    category: str
    school_year: int
    issuer_code: str
    issuer_name: str
    schema: str
    body: dict[str, Any]
    issued_at: str
    files: tuple[dict[str, Any], ...]
    chain: tuple[Link, ...]
    token: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReceivedCase:
    """Everything that is here of a case, opened, with the child as this node knows it."""

    child: KnownChild
    school_code: str
    documents: tuple[ReceivedDocumentView, ...]


@dataclass(frozen=True, slots=True)
class ReceivedContent:
    """A file that came, whole, in chunks."""

    name: str
    media_type: str
    size: int
    content: Iterable[bytes]


def read_received(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID, doc: UUID, version: int
) -> ReceivedDocumentView | Refused:
    """Decide, log and open one document that came. Raises `CaseUnknown` for one that is not (or no longer) here."""
    approached = approach(session, node, asking, learner, transfer)
    if isinstance(approached, Refused):
        return approached
    child, verdict, _ = approached
    key = CaseKey(learner, transfer)
    kept = storing.find_kept(session, key, doc, version)
    if kept is None:
        raise CaseUnknown
    opened = _open(node, key, kept, registry_in_force(session, node, asking.now))
    named = ((_category(kept.category), ((doc, version),)),)
    note_staff(session, node, asking, verdict, child, Act.RECEIVED_READ, under=transfer, opened=named)
    return opened


def read_all_received(
    session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID
) -> ReceivedCase | Refused:
    """Decide, log and open the newest version of everything that came; one entry per category."""
    approached = approach(session, node, asking, learner, transfer)
    if isinstance(approached, Refused):
        return approached
    child, verdict, school = approached
    key = CaseKey(learner, transfer)
    registry = registry_in_force(session, node, asking.now)
    opened = tuple(_open(node, key, kept, registry) for kept in storing.read_kept(session, key))
    by_category: dict[Category | None, tuple[tuple[UUID, int], ...]] = {}
    for one in opened:
        category = _category(one.category)
        by_category[category] = (*by_category.get(category, ()), (one.doc, one.version))
    named = tuple(by_category.items()) or ((None, ()),)
    note_staff(session, node, asking, verdict, child, Act.RECEIVED_READ, under=transfer, opened=named)
    order = sorted(opened, key=lambda one: (one.school_year, one.category, one.doc))
    return ReceivedCase(child, school, tuple(order))


def read_file(
    session: Session,
    node: Node,
    asking: Asking,
    learner: UUID,
    transfer: UUID,
    doc: UUID,
    version: int,
    file_no: int,
) -> ReceivedContent | Refused:
    """Decide, log and open a file that came; its content is unsealed chunk by chunk as it is read."""
    approached = approach(session, node, asking, learner, transfer)
    if isinstance(approached, Refused):
        return approached
    child, verdict, _ = approached
    key = CaseKey(learner, transfer)
    kept = storing.find_kept(session, key, doc, version)
    row = session.get(ReceivedFile, (learner, transfer, doc, version, file_no))
    if kept is None or row is None or not row.complete:
        raise CaseUnknown
    named = ((_category(kept.category), ((doc, version),)),)
    note_staff(session, node, asking, verdict, child, Act.RECEIVED_READ, under=transfer, opened=named)
    name, _ = storing.open_file_note(node, key, doc, version, file_no, bytes(row.note))
    content = storing.read_chunks(session, node, key, doc, version, file_no)
    return ReceivedContent(name, row.media_type, row.size, content)


def _open(node: Node, key: CaseKey, kept: KeptDocument, registry: Registry) -> ReceivedDocumentView:
    token = storing.open_document(node, key, kept)
    try:
        chain = chain_of(token, registry)
    except NotBelieved as fault:
        raise SignatureRefused(reason=fault.fault.value) from fault
    payload = payload_of(token)
    return ReceivedDocumentView(
        kept.doc, kept.version, kept.lane, kept.category, kept.school_year, kept.issuer_code, kept.issuer_name,
        payload["schema"], payload["body"], payload["issued_at"], tuple(payload.get("files", ())), chain, token,
        kept.sha256.hex(),
    )  # fmt: skip


def _category(name: str) -> Category | None:
    return Category(name) if name in list(Category) else None
