"""A recipient gets exactly what was given, page by page; each page and each piece is a decision of its own."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from sqlalchemy import text

from consent.receipt import disclosed_in
from consent.scope import Scope
from consent.verdict import DenialCode
from consent.vocabulary import Category, Frequency, Move
from pds.records import files
from pds.sharing import deciding, dossiers, pulling, queries, receipts, reviews
from pds.sharing.copies import COMMENT, COPY_TYP, Copy, pseudonym
from pds.sharing.dossiers import Acknowledged, AcknowledgementRefused
from pds.sharing.enforcement import Refused
from pds.sharing.papers import received_binding
from pds.sharing.parties import Arrival, Basis, BasisKind, DossierState
from pds.sharing.pulling import Chunk, CursorMalformed, NoSuchPiece, Page
from tests.factories.node import EAST
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.town import ASKED, CLIENT, Family, Town, narrower, only
from trust.sealing import seal
from trust.signing import VerifyingKey

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


def test_exactly_what_was_given_is_pulled_and_the_rest_is_named_as_withheld(town: Town) -> None:
    family = town.family()
    for year in (2024, 2025, 2026):
        town.record(family.child, Category.REPORT, {"year": year}, school_year=year)
        town.record(family.child, Category.PORTFOLIO, {"year": year}, school_year=year)
    town.record(family.child, Category.GUIDANCE)
    kept = narrower(scope=Scope.of({Category.REPORT: [2025, 2026]}))
    request = town.request(family.child)
    town.answer(family.mother, family.child, request, kept)
    outcome = town.answer(family.father, family.child, request, ASKED)
    assert isinstance(outcome, deciding.Outcome)
    assert outcome.grant_id is not None
    page = page_of(pull(town, Basis(BasisKind.GRANT, family.child, outcome.grant_id)))
    assert {(copy.category, copy.school_year) for copy in page.documents} == {("report", 2025), ("report", 2026)}
    assert page.withheld == Scope.of({Category.REPORT: [2024], Category.PORTFOLIO: [2025, 2026]})
    assert page.next is None
    assert page.basis_version == 1


def test_a_preview_is_the_very_bytes_that_are_pulled(town: Town) -> None:
    family = town.family()
    record = town.record(family.child, Category.REPORT, {"comment": "よくがんばりました。"})
    with town.work() as session:
        files.attach(session, town.jobs, family.child, record, 1, file_no=1, name="絵.png", media_type="image/png",
                     content=[b"picture"])  # fmt: skip
    request = town.request(family.child)
    with town.web() as session:
        previewed = deciding.preview(
            session, town.node, town.asking(family.mother), family.child, request, Category.REPORT, None
        )
    assert not isinstance(previewed, Refused)
    for person in (family.mother, family.father):
        outcome = town.answer(person, family.child, request, ASKED)
    assert isinstance(outcome, deciding.Outcome)
    assert outcome.grant_id is not None
    page = page_of(pull(town, Basis(BasisKind.GRANT, family.child, outcome.grant_id), days=3))
    assert page.documents == previewed
    assert [copy.token for copy in page.documents] == [copy.token for copy in previewed]


def test_a_copy_is_signed_by_the_school_and_names_nobody_to_anyone_else(town: Town) -> None:
    family = town.family()
    record = town.record(family.child, Category.REPORT, {"a": 1}, {"a": 2})
    (copy,) = page_of(pull(town, town.granted(family))).documents
    assert town.node.keyring.signing_key(EAST[0]).public().verify(copy.token, typ=COPY_TYP)
    said = payload(copy)
    assert (said["iss"], said["node"], said["aud"], said["version"]) == (EAST[0], "test.node", CLIENT, 2)
    assert said["sub"] == str(pseudonym(town.node, CLIENT, family.child))
    assert said["sub"] != str(pseudonym(town.node, "south.node", family.child))
    assert said["body"] == copy.body == {"a": 2}
    assert str(family.child) not in json.dumps(said)
    assert str(record) not in json.dumps(said)
    assert sha256(copy.token.encode()).hexdigest() == copy.sha256


def test_pages_hold_25_documents_and_go_on_where_they_stopped(town: Town) -> None:
    family = town.family()
    years = list(range(1990, 2021))
    for year in years:
        town.record(family.child, Category.REPORT, {"year": year}, school_year=year)
    basis = town.granted(family, only(Category.REPORT, years))
    first = page_of(pull(town, basis))
    assert len(first.documents) == 25
    assert first.next == str(first.documents[-1].doc)
    second = page_of(pull(town, basis, first.next))
    assert len(second.documents) == 6
    assert second.next is None
    assert {copy.school_year for copy in (*first.documents, *second.documents)} == set(years)
    assert page_of(pull(town, basis, str(UUID(int=2**128 - 1)))).documents == ()


def test_a_page_holds_bounded_bytes_and_always_one_document(town: Town) -> None:
    family = town.family()
    for year in (2024, 2025, 2026):
        town.record(family.child, Category.REPORT, {"text": "x" * 700_000}, school_year=year)
    basis = town.granted(family)
    first = page_of(pull(town, basis))
    assert len(first.documents) == 2
    assert len(page_of(pull(town, basis, first.next)).documents) == 1


def test_a_word_to_the_school_goes_with_what_is_shared(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.REPORT)
    request = town.request(family.child)
    town.answer(family.mother, family.child, request, ASKED, comment="音読が得意です。")
    outcome = town.answer(family.father, family.child, request, ASKED)
    assert isinstance(outcome, deciding.Outcome)
    assert outcome.grant_id is not None
    basis = Basis(BasisKind.GRANT, family.child, outcome.grant_id)
    page = page_of(pull(town, basis))
    (word,) = [copy for copy in page.documents if copy.category == COMMENT]
    assert (word.body["text"], word.body["by"], word.issuer) == ("音読が得意です。", "carer", EAST[0])
    assert chunk(town, basis, word.doc) == Refused(DenialCode.NOT_IN_SCOPE, DenialCode.NOT_IN_SCOPE)
    assert acknowledge(town, basis, page.documents)
    assert page_of(pull(town, basis)).documents == ()


def test_a_word_to_the_school_needs_a_school_that_passes_it_on(town: Town) -> None:
    child, mother = town.world.learner(), town.world.carer()
    town.world.care(child, mother)
    town.world.commit()
    request = town.request(child)
    outcome = town.answer(mother, child, request, ASKED, comment="よろしく")
    assert isinstance(outcome, deciding.Outcome)
    assert outcome.grant_id is not None
    assert page_of(pull(town, Basis(BasisKind.GRANT, child, outcome.grant_id))).documents == ()


def test_a_cursor_that_was_not_given_is_refused(town: Town) -> None:
    with pytest.raises(CursorMalformed):
        pull(town, Basis(BasisKind.GRANT, uuid4(), uuid4()), "somewhere")


def test_pulled_again_only_what_has_changed_comes(town: Town) -> None:
    family = town.family()
    kept, corrected = (town.record(family.child, Category.REPORT, {"n": n}, school_year=2024 + n) for n in (0, 1))
    basis = town.granted(family)
    first = page_of(pull(town, basis))
    assert page_of(pull(town, basis)).documents == first.documents, "not acknowledged yet"
    assert acknowledge(town, basis, first.documents)
    assert page_of(pull(town, basis)).documents == ()
    correct(town, family.child, corrected)
    (changed,) = page_of(pull(town, basis)).documents
    assert (changed.record, changed.version) == (corrected, 2)
    assert {copy.record for copy in page_of(pull(town, basis, everything=True)).documents} == {kept, corrected}


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


def test_what_is_given_once_does_not_come_again_even_changed(town: Town) -> None:
    family = town.family()
    record = town.record(family.child, Category.REPORT, {"n": 1})
    basis = town.granted(family, narrower(frequency=Frequency.ONCE))
    first = page_of(pull(town, basis))
    assert acknowledge(town, basis, first.documents)
    correct(town, family.child, record)
    assert page_of(pull(town, basis, everything=True)).documents == ()


def test_a_rejected_document_comes_again(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.REPORT)
    basis = town.granted(family)
    first = page_of(pull(town, basis))
    assert not acknowledge(town, basis, first.documents, Arrival.REJECTED)
    assert page_of(pull(town, basis)).documents == first.documents
    assert acknowledge(town, basis, first.documents)
    assert not acknowledge(town, basis, first.documents, Arrival.REJECTED), "what was accepted stays so"
    assert page_of(pull(town, basis)).documents == ()


def test_an_answer_for_what_never_left_is_refused(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.REPORT)
    basis = town.granted(family)
    (copy,) = page_of(pull(town, basis)).documents
    for wrong in (replace(copy, version=9), replace(copy, sha256="0" * 64), replace(copy, doc=uuid4())):
        with pytest.raises(AcknowledgementRefused):
            acknowledge(town, basis, (wrong,))
    assert not acknowledge(town, basis, (copy,), client="south.node")
    assert not acknowledge(town, replace(basis, learner=uuid4()), (copy,))


def test_each_page_is_an_entry_per_category_that_the_family_reads(town: Town) -> None:
    family = town.family()
    record = town.record(family.child, Category.REPORT)
    town.record(family.child, Category.PORTFOLIO)
    basis = town.granted(family)
    pull(town, basis)
    pulled = [entry for entry in town.log(family.child) if entry["act"] == "recipient:document:pull"]
    assert {entry["category"] for entry in pulled} == {"report", "portfolio"}
    assert {entry["under"] for entry in pulled} == {str(basis.id)}
    assert next(entry["records"] for entry in pulled if entry["category"] == "report") == [[str(record), 1]]
    assert {entry["who"]["organisation_name"] for entry in pulled} == {"となり市立西小学校"}
    assert {entry["who"]["relation"] for entry in pulled} == {"recipient"}
    assert {entry["purpose"] for entry in pulled} == {"sharing"}
    assert town.log(family.child, f"carer:{family.mother}")[-1] == pulled[-1]


def test_an_empty_page_is_an_entry_as_well(town: Town) -> None:
    family = town.family()
    basis = town.granted(family)
    assert page_of(pull(town, basis)).documents == ()
    assert town.acts(family.child)[-1] == ("recipient:document:pull", "allowed")


@pytest.mark.parametrize("kind", list(BasisKind))
def test_another_clients_another_childs_and_an_unknown_basis_are_answered_alike(town: Town, kind: BasisKind) -> None:
    family, other = town.family(), town.family()
    basis = town.granted(family)
    nothing = Refused(DenialCode.UNKNOWN_CHILD, DenialCode.NOTHING_HERE)
    assert pull(town, Basis(kind, family.child, uuid4())) == nothing
    assert pull(town, replace(basis, learner=other.child)) == nothing
    assert pull(town, basis, client="south.node") == nothing
    assert chunk(town, Basis(kind, family.child, uuid4()), uuid4()) == nothing
    assert ("recipient:document:pull", "refused") not in town.acts(other.child)


def test_after_its_end_a_grant_opens_nothing_and_the_attempt_is_logged(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.REPORT)
    basis = town.granted(family, narrower(until=NOW + timedelta(days=2)))
    assert page_of(pull(town, basis, days=1.9)).documents
    assert pull(town, basis, days=2) == Refused(DenialCode.GRANT_ENDED, DenialCode.GRANT_ENDED)
    assert town.acts(family.child)[-1] == ("recipient:document:pull", "refused")


def test_a_withdrawn_record_is_not_handed_out(town: Town) -> None:
    family = town.family()
    record = town.record(family.child, Category.REPORT)
    basis = town.granted(family)
    with town.work() as session:
        session.execute(text("UPDATE record SET withdrawn = true WHERE record_id = :r"), {"r": record})
    assert page_of(pull(town, basis)).documents == ()


def test_a_file_comes_in_pieces_each_an_entry(town: Town) -> None:
    family = town.family()
    record = town.record(family.child, Category.PORTFOLIO, school_year=2026)
    content = bytes(range(256)) * 600
    with town.work() as session:
        note = files.attach(
            session, town.jobs, family.child, record, 1, file_no=1, name="作文.pdf", media_type="application/pdf",
            content=[content[:100], content[100:]],
        )  # fmt: skip
    basis = town.granted(family)
    assert chunk(town, basis, uuid4()) == Refused(DenialCode.NOT_IN_SCOPE, DenialCode.NOT_IN_SCOPE)
    (copy,) = page_of(pull(town, basis)).documents
    (listed,) = copy.files
    assert (listed.name, listed.size, listed.sha256) == ("作文.pdf", len(content), note.sha256.hex())
    got = b""
    while len(got) < listed.size:
        piece = chunk(town, basis, copy.doc, offset=len(got))
        assert isinstance(piece, Chunk)
        assert 0 < len(piece.content) <= 64 * 1024
        got += piece.content
    assert sha256(got).hexdigest() == listed.sha256
    again = chunk(town, basis, copy.doc, offset=70_000)
    assert isinstance(again, Chunk)
    assert again.content == content[70_000 : 128 * 1024]
    assert [act for act, _ in town.acts(family.child)].count("recipient:file:pull") == 5
    for file_no, offset in ((2, 0), (1, len(content)), (1, -1)):
        with pytest.raises(NoSuchPiece):
            chunk(town, basis, copy.doc, file_no, offset)
    with town.work() as session:
        session.execute(text("DELETE FROM record_file_chunk WHERE record_id = :r"), {"r": record})
    with pytest.raises(NoSuchPiece):
        chunk(town, basis, copy.doc)


def test_the_law_sends_the_register_and_the_health_sheet_once_the_review_is_over(town: Town) -> None:
    family = town.family()
    guidance = town.record(family.child, Category.GUIDANCE, {"overall_remarks": "所見", "moral": "よい。"})
    sheet = town.record(family.child, Category.HEALTH_CHECK, {"height": 150})
    town.record(family.child, Category.REPORT)
    request = town.request(family.child)
    with town.web() as session:
        assert reviews.comment(
            session, town.node, town.asking(family.mother), family.child, request, "視力は回復しました。", objects=True
        ) is None  # fmt: skip
    with town.work() as session:
        dossier = next(one.dossier for one in reviews.due(session, REVIEWED) if one.request == request)
    early = pull(town, Basis(BasisKind.DOSSIER, family.child, dossier))
    assert early == Refused(DenialCode.DOSSIER_NOT_READY, DenialCode.DOSSIER_NOT_READY)
    basis = ready_dossier(town, family, request)
    page = page_of(pull(town, basis, days=31))
    assert {copy.category for copy in page.documents} == {"guidance", "health_check", COMMENT}
    bodies = {copy.category: copy.body for copy in page.documents}
    assert bodies["guidance"]["overall_remarks"] == "所見", "the school gets the whole register"
    assert bodies[COMMENT]["text"] == "視力は回復しました。"
    assert bodies[COMMENT]["objects"] is True
    assert bodies[COMMENT]["by"] == "carer"
    with town.web() as session:
        found = dossiers.find(session, basis.id, CLIENT)
        assert dossiers.find(session, basis.id, "south.node") is None
    assert found is not None
    assert found.manifest is not None
    assert {(UUID(line["doc"]), line["sha256"]) for line in found.manifest} == {
        (copy.doc, copy.sha256) for copy in page.documents
    }
    comment_copy = next(copy for copy in page.documents if copy.category == COMMENT)
    assert not acknowledge(town, basis, tuple(copy for copy in page.documents if copy is not comment_copy))
    assert acknowledge(town, basis, page.documents)
    assert acknowledge(town, basis, page.documents), "said again"
    with town.work() as session:
        sent = session.execute(text("SELECT record_id FROM record WHERE sent_at IS NOT NULL AND learner_id = :c"),
                               {"c": family.child}).scalars().all()  # fmt: skip
    assert sent == [sheet]
    assert pull(town, basis, days=32) == Refused(DenialCode.GRANT_ENDED, DenialCode.GRANT_ENDED)
    assert guidance


def test_a_rejected_dossier_is_made_ready_anew_and_a_cancelled_one_never(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.GUIDANCE)
    basis = ready_dossier(town, family, town.request(family.child))
    page = page_of(pull(town, basis, days=31))
    assert not acknowledge(town, basis, page.documents, Arrival.REJECTED)
    assert not acknowledge(town, basis, page.documents, Arrival.REJECTED)
    with town.work() as session:
        rejected = dossiers.look(session, family.child, basis.id)
        assert rejected is not None
        assert (rejected.state, rejected.problems) == (DossierState.REJECTED, ("signature",))
        again = dossiers.make_ready(session, town.jobs, family.child, basis.id, REVIEWED)
        assert again is not None
        assert again.state is DossierState.READY
        assert again == dossiers.make_ready(session, town.jobs, family.child, basis.id, REVIEWED)
        cancelled = dossiers.cancel(session, town.jobs, family.child, basis.id, REVIEWED)
        assert cancelled is not None
        assert cancelled.state is DossierState.CANCELLED
        assert dossiers.cancel(session, town.jobs, family.child, basis.id, REVIEWED) == cancelled
        assert dossiers.make_ready(session, town.jobs, family.child, basis.id, REVIEWED) == cancelled
        assert dossiers.make_ready(session, town.jobs, family.child, uuid4(), REVIEWED) is None
        assert dossiers.cancel(session, town.jobs, uuid4(), basis.id, REVIEWED) is None
        assert dossiers.look(session, family.child, uuid4()) is None
    assert pull(town, basis, days=31) == Refused(DenialCode.GRANT_ENDED, DenialCode.GRANT_ENDED)
    assert not acknowledge(town, basis, page.documents)


def test_a_dossier_goes_without_the_school_being_on_any_roll(town: Town) -> None:
    child, mother = town.world.learner(), town.world.carer()
    town.world.care(child, mother)
    town.world.commit()
    request = town.request(child)
    with town.web() as session:
        assert reviews.comment(
            session, town.node, town.asking(mother), child, request, "なし", objects=False
        ) is None  # fmt: skip
    town.record(child, Category.GUIDANCE)
    basis = ready_dossier(town, Family(child, mother, mother), request)
    assert len(page_of(pull(town, basis, days=31)).documents) == 2


def test_a_comment_alone_goes_nowhere_without_a_school_that_passes_it_on(town: Town) -> None:
    child, mother = town.world.learner(), town.world.carer()
    town.world.care(child, mother)
    town.world.commit()
    request = town.request(child)
    with town.web() as session:
        reviews.comment(session, town.node, town.asking(mother), child, request, "あり", objects=False)
    basis = ready_dossier(town, Family(child, mother, mother), request)
    assert page_of(pull(town, basis, days=31)).documents == ()


def test_a_dossier_gives_the_versions_of_its_manifest_and_pieces_of_their_files_alone(town: Town) -> None:
    family = town.family()
    guidance = town.record(family.child, Category.GUIDANCE, {"n": 1})
    with town.work() as session:
        files.attach(session, town.jobs, family.child, guidance, 1, file_no=1, name="a.pdf",
                     media_type="application/pdf", content=[b"abc"])  # fmt: skip
    request = town.request(family.child)
    with town.web() as session:
        reviews.comment(session, town.node, town.asking(family.mother), family.child, request, "あり", objects=False)
    basis = ready_dossier(town, family, request)
    correct(town, family.child, guidance)
    town.record(family.child, Category.GUIDANCE, school_year=2025)
    page = page_of(pull(town, basis, days=31))
    assert [(copy.category, copy.version) for copy in sorted(page.documents, key=lambda one: one.category)] == [
        (COMMENT, 1), ("guidance", 1)
    ]  # fmt: skip
    by_category = {copy.category: copy for copy in page.documents}
    assert isinstance(chunk(town, basis, by_category["guidance"].doc), Chunk)
    assert chunk(town, basis, by_category[COMMENT].doc) == Refused(DenialCode.NOT_IN_SCOPE, DenialCode.NOT_IN_SCOPE)
    with town.work() as session:
        assert queries.sent_originals(session, family.child) == frozenset()


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


def test_copies_of_earlier_schools_go_on_with_the_child_enclosed_whole(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.GUIDANCE)
    receive(town, family.child, Category.GUIDANCE)
    newest = receive(town, family.child, Category.GUIDANCE, version=2)
    receive(town, family.child, Category.REPORT, lane="consent")
    basis = ready_dossier(town, family, town.request(family.child))
    page = page_of(pull(town, basis, days=31))
    (own,) = [copy for copy in page.documents if "enclosed" not in payload(copy)]
    (earlier,) = [copy for copy in page.documents if "enclosed" in payload(copy)]
    assert (own.school_year, earlier.school_year, earlier.version) == (2026, 2023, 2)
    said = payload(earlier)
    assert said["enclosed"] == newest
    assert (said["iss"], said["body"]) == (EAST[0], {"n": 2})
    assert said["original_sha256"] == sha256(newest.encode()).hexdigest()
    assert acknowledge(town, basis, page.documents)
    with town.web() as session:
        notes = receipts.list_for(session, town.node, town.asking(family.mother), family.child)
        assert not isinstance(notes, Refused)
        found = receipts.read(session, town.node, town.asking(family.mother), family.child, notes[0].receipt_id)
    assert not isinstance(found, Refused)
    told = json.loads(VerifyingKey.from_jwk(found["key"]).verify(found["receipt"], typ=receipts.RECEIPT_TYP))
    assert {item.sha256 for item in disclosed_in(told)} == {copy.sha256 for copy in page.documents}


def test_what_an_earlier_school_sent_goes_on_only_once_it_was_accepted_here(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.GUIDANCE)
    receive(town, family.child, Category.GUIDANCE)
    with town.work() as session:
        case = {"child": family.child}
        session.execute(
            text("UPDATE incoming_transfer SET statutory_state = 'announced' WHERE learner_id = :child"), case
        )
    (own,) = page_of(pull(town, ready_dossier(town, family, town.request(family.child)), days=31)).documents
    assert "enclosed" not in payload(own)


def test_what_an_earlier_school_sends_after_the_manifest_was_fixed_does_not_slip_in(town: Town) -> None:
    family = town.family()
    town.record(family.child, Category.GUIDANCE)
    basis = ready_dossier(town, family, town.request(family.child))
    receive(town, family.child, Category.GUIDANCE)
    assert len(page_of(pull(town, basis, days=31)).documents) == 1


def test_a_receipt_names_what_was_pulled_though_it_was_withdrawn_since(town: Town) -> None:
    family = town.family()
    record = town.record(family.child, Category.REPORT)
    basis = town.granted(family)
    (copy,) = page_of(pull(town, basis)).documents
    with town.work() as session:
        session.execute(text("UPDATE record SET withdrawn = true WHERE record_id = :r"), {"r": record})
    assert acknowledge(town, basis, (copy,))
    with town.web() as session:
        notes = receipts.list_for(session, town.node, town.asking(family.mother), family.child)
    assert not isinstance(notes, Refused)
    assert "disclosed" in {note.event.value for note in notes}


def test_a_request_without_a_move_has_no_dossier_and_gives_by_choice_alone(town: Town) -> None:
    family = town.family()
    request = town.request(family.child, move=Move.NONE)
    with town.work() as session:
        assert request not in {one.request for one in reviews.due(session, REVIEWED)}
