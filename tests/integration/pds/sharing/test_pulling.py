"""A recipient gets exactly what was given, page by page; each page and each piece is a decision of its own."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from consent.scope import Scope
from consent.verdict import DenialCode
from consent.vocabulary import Category, Frequency
from pds.records import files
from pds.sharing import deciding, receipts
from pds.sharing.copies import COMMENT, COPY_TYP, pseudonym
from pds.sharing.dossiers import AcknowledgementRefused
from pds.sharing.enforcement import Refused
from pds.sharing.parties import Arrival, Basis, BasisKind
from pds.sharing.pulling import Chunk, CursorMalformed, NoSuchPiece
from tests.factories.node import EAST
from tests.integration.conftest import NOW
from tests.integration.pds.sharing.pulling import acknowledge, chunk, correct, page_of, payload, pull
from tests.integration.pds.sharing.town import ASKED, CLIENT, Town, narrower, only


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
