"""What the law sends: the register and the health sheet, with copies of earlier schools, once the review is over."""

import json
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy import text

from consent.receipt import disclosed_in
from consent.verdict import DenialCode
from consent.vocabulary import Category, Move
from pds.records import files
from pds.sharing import dossiers, queries, receipts, reviews
from pds.sharing.copies import COMMENT
from pds.sharing.enforcement import Refused
from pds.sharing.parties import Arrival, Basis, BasisKind, DossierState
from pds.sharing.pulling import Chunk
from tests.factories.node import EAST
from tests.integration.pds.sharing.pulling import (
    REVIEWED,
    acknowledge,
    chunk,
    correct,
    page_of,
    payload,
    pull,
    ready_dossier,
    receive,
)
from tests.integration.pds.sharing.town import CLIENT, Family, Town
from trust.signing import VerifyingKey


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


def test_a_request_without_a_move_has_no_dossier_and_gives_by_choice_alone(town: Town) -> None:
    family = town.family()
    request = town.request(family.child, move=Move.NONE)
    with town.work() as session:
        assert request not in {one.request for one in reviews.due(session, REVIEWED)}
