"""Every event gives the family a receipt that anybody can check, in the very words that were shown."""

import base64
import json
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from consent.receipt import disclosed_in
from consent.verdict import DenialCode
from consent.vocabulary import Category, ReceiptEvent
from pds.sharing import deciding, dossiers, grants, pulling, receipts
from pds.sharing.dossiers import Acknowledged
from pds.sharing.enforcement import Refused
from pds.sharing.parties import Arrival
from pds.sharing.pulling import Page
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.town import ASKED, CLIENT, WORDS, Town, only
from trust.signing import VerifyingKey


def bundle(town: Town, person: UUID, child: UUID, receipt: UUID) -> dict[str, Any]:
    with town.web() as session:
        found = receipts.read(session, town.node, town.asking(person), child, receipt)
    assert not isinstance(found, Refused)
    return found


def said(found: dict[str, Any]) -> dict[str, Any]:
    raw = VerifyingKey.from_jwk(found["key"]).verify(found["receipt"], typ="manabi-receipt+jws")
    content: dict[str, Any] = json.loads(raw)
    return content


def notes(town: Town, person: UUID, child: UUID) -> list[receipts.ReceiptNote]:
    with town.web() as session:
        found = receipts.list_for(session, town.node, town.asking(person), child)
    assert not isinstance(found, Refused)
    return list(found)


def test_an_answer_gives_a_receipt_with_the_words_the_person_had_before_them(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    outcome = town.answer(family.mother, family.child, request, only(Category.REPORT, [2026]))
    assert isinstance(outcome, deciding.Outcome)
    receipt = said(bundle(town, family.mother, family.child, outcome.receipt_id))
    assert receipt["record_id"] == str(request)
    assert receipt["pii_processing"]["privacy_notice"] == WORDS.text
    assert receipt["pii_processing"]["privacy_notice_sha256"] == WORDS.version
    (event,) = receipt["events"]
    assert (event["event_type"], event["entity_id"]) == ("given_in_part", str(family.mother))
    assert receipt["pii_processing"]["terms"]["categories"] == [{"category": "report", "school_years": [2026]}]
    assert ("learner:receipt:read", "allowed") in town.acts(family.child)


def test_a_no_and_the_learners_own_yes_are_receipts_as_well(town: Town) -> None:
    from datetime import date

    family = town.family(birth_date=date(2011, 4, 2))
    request = town.request(family.child)
    own = town.answer(family.child, family.child, request, ASKED)
    no = town.answer(family.father, family.child, request, None)
    assert isinstance(own, deciding.Outcome)
    assert isinstance(no, deciding.Outcome)
    (event,) = said(bundle(town, family.child, family.child, own.receipt_id))["events"]
    assert event["entity_role"].endswith("DataSubject")
    (event,) = said(bundle(town, family.child, family.child, no.receipt_id))["events"]
    assert event["event_type"] == "refused"


def test_a_receipt_of_a_disclosure_names_exactly_what_was_pulled(town: Town) -> None:
    family = town.family()
    for year in (2025, 2026):
        town.record(family.child, Category.REPORT, {"y": year}, school_year=year)
    basis = town.granted(family)
    with town.web() as session:
        page = pulling.read_page(session, town.node, CLIENT, basis, None, NOW, "pull")
    assert isinstance(page, Page)
    named = [Acknowledged(copy.doc, copy.version, copy.sha256) for copy in page.documents]
    with town.work() as session:
        for _ in range(2):
            dossiers.acknowledge(
                session, town.jobs, family.child, basis, named, Arrival.ACCEPTED, NOW, client_id=CLIENT, reference="a"
            )
    disclosures = [note for note in notes(town, family.mother, family.child) if note.event is ReceiptEvent.DISCLOSED]
    assert len(disclosures) == 1
    receipt = said(bundle(town, family.mother, family.child, disclosures[0].receipt_id))
    assert {(item.document, item.version, item.sha256) for item in disclosed_in(receipt)} == {
        (copy.doc, copy.version, copy.sha256) for copy in page.documents
    }


def test_pause_resume_and_end_each_give_one(town: Town) -> None:
    family = town.family()
    basis = town.granted(family)
    for act in (grants.pause, grants.resume, grants.revoke):
        with town.web() as session:
            assert not isinstance(act(session, town.node, town.asking(family.mother), family.child, basis.id), Refused)
    events = sorted(note.event for note in notes(town, family.child, family.child) if note.grant_id == basis.id)
    assert events == sorted([ReceiptEvent.GIVEN, ReceiptEvent.PAUSED, ReceiptEvent.RESUMED, ReceiptEvent.REVOKED])


def test_receipts_are_sealed_and_for_the_family_alone(town: Town) -> None:
    family = town.family()
    request = town.request(family.child)
    outcome = town.answer(family.mother, family.child, request, ASKED)
    assert isinstance(outcome, deciding.Outcome)
    with town.work() as session:
        row = session.execute(text("SELECT sealed FROM share_receipt WHERE learner_id = :c"), {"c": family.child}).one()
    body = base64.urlsafe_b64encode("西小学校".encode())[:8]
    assert body not in bytes(row.sealed)
    with town.web() as session:
        asking = town.asking(town.clerk)
        assert isinstance(receipts.read(session, town.node, asking, family.child, outcome.receipt_id), Refused)
        assert isinstance(receipts.list_for(session, town.node, asking, family.child), Refused)
        assert receipts.read(session, town.node, town.asking(family.mother), family.child, uuid4()) == Refused(
            DenialCode.UNKNOWN_CHILD, DenialCode.NOTHING_HERE
        )
