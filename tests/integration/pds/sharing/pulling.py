"""What a receiving node asks for, and what its tests make ready for it."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text

from consent.vocabulary import Category
from pds.sharing import dossiers, pulling, reviews
from pds.sharing.copies import COPY_TYP, Copy
from pds.sharing.dossiers import Acknowledged
from pds.sharing.enforcement import Refused
from pds.sharing.papers import received_binding
from pds.sharing.parties import Arrival, Basis, BasisKind, DossierState
from pds.sharing.pulling import Chunk, Page
from tests.factories.node import EAST
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.town import CLIENT, Family, Town
from trust.sealing import seal

REVIEWED = NOW + timedelta(days=30)


def pull(
    town: Town,
    basis: Basis,
    after: str | None = None,
    *,
    client: str = CLIENT,
    days: float = 0,
    everything: bool = False,
) -> Page | Refused:
    with town.web() as session:
        return pulling.read_page(
            session, town.node, client, basis, after, NOW + timedelta(days=days), "pull-1", everything=everything
        )


def page_of(answer: Page | Refused) -> Page:
    assert isinstance(answer, Page)
    return answer


def chunk(town: Town, basis: Basis, doc: UUID, file_no: int = 1, offset: int = 0) -> Chunk | Refused:
    with town.web() as session:
        return pulling.read_chunk(session, town.node, CLIENT, basis, doc, file_no, offset, NOW, "chunk-1")


def acknowledge(
    town: Town, basis: Basis, copies: tuple[Copy, ...], outcome: Arrival = Arrival.ACCEPTED, client: str = CLIENT
) -> bool:
    named = [Acknowledged(copy.doc, copy.version, copy.sha256) for copy in copies]
    with town.work() as session:
        return dossiers.acknowledge(
            session, town.jobs, basis.learner, basis, named, outcome, NOW, client_id=client, reference="ack-1",
            problems=["signature"] if outcome is Arrival.REJECTED else [],
        )  # fmt: skip


def ready_dossier(town: Town, family: Family, request: UUID) -> Basis:
    with town.work() as session:
        due = [one for one in reviews.due(session, REVIEWED) if one.request == request]
        assert len(due) == 1
        made = dossiers.make_ready(session, town.jobs, family.child, due[0].dossier, REVIEWED)
    assert made is not None
    assert made.state is DossierState.READY
    return Basis(BasisKind.DOSSIER, family.child, due[0].dossier)


def payload(copy: Copy) -> dict[str, Any]:
    part = copy.token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def correct(town: Town, child: UUID, record: UUID) -> None:
    """Let a second version of a record stand."""
    from pds.records.models import Record, RecordVersion
    from pds.records.service import RecordPlace, sign_and_seal

    with town.work() as session:
        row = session.get(Record, (child, record))
        assert row is not None
        place = RecordPlace(child, record, 2, Category(row.category), row.organisation_id, EAST[0], row.school_year)
        keyring, schema = town.node.keyring, f"urn:manabi:schema:{row.category}:1"
        sealed = sign_and_seal(
            town.node.node_id, place, schema, {"n": "corrected"}, issued_at=NOW, signing=keyring.signing_key(EAST[0]),
            subject_key=keyring.subject_key(child),
        )  # fmt: skip
        session.add(RecordVersion(learner_id=child, record_id=record, version=2, schema=schema, sealed=sealed,
                                  issued_at=NOW, origin=None, compensates=None))  # fmt: skip
        row.current_version = 2


def receive(town: Town, child: UUID, category: Category, lane: str = "statutory", version: int = 1) -> str:
    """Let a document of an earlier school lie here, as the case of an earlier move left it; return its token."""
    body = {"n": version}
    signed: dict[str, Any] = {
        "iss": "A120299000019", "node": "north.node", "aud": "test.node", "category": category.value, "body": body,
        "schema": "urn:x", "issued_at": "2024-04-01T00:00:00+00:00", "files": [],
    }  # fmt: skip
    token = town.node.keyring.signing_key("A120299000019").sign(json.dumps(signed).encode(), typ=COPY_TYP)
    case, doc = uuid5(child, "case"), uuid5(child, category.value + lane)
    sealed = seal(
        town.node.keyring.subject_key(child), received_binding(town.node, child, case, doc, version), token.encode()
    )
    values = {"c": child, "t": case, "d": doc, "v": version, "cat": category.value, "lane": lane, "s": sealed,
              "o": town.school, "now": NOW, "p": town.clerk, "ref": str(case)}  # fmt: skip
    with town.work() as session:
        session.execute(
            text(
                "INSERT INTO incoming_transfer (learner_id, transfer_id, organisation_id, move, state, consent_state, "
                "statutory_state, accepted_on, decided_by, decided_at, case_reference, sender_id, ticket) VALUES "
                "(:c, :t, :o, 'transfer', 'done', 'none', 'received', '2024-04-01', :p, :now, :ref, 'north.node', '') "
                "ON CONFLICT DO NOTHING"
            ),
            values,
        )
        session.execute(
            text(
                "INSERT INTO received_document (learner_id, transfer_id, doc_id, version, basis_id, lane, category, "
                "school_year, issuer_code, issuer_name, key_id, sha256, sealed, received_at) VALUES "
                "(:c, :t, :d, :v, :t, :lane, :cat, 2023, 'A120299000019', 'きた市立北小学校', 'k', '', :s, :now)"
            ),
            values,
        )
    return token
