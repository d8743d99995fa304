"""The whole move between two nodes, without pages: from the ticket to the answer that everything was erased."""

from collections import Counter
from dataclasses import replace
from datetime import date
from uuid import UUID

from consent.scope import Scope
from consent.vocabulary import Category
from pds.access_log.entries import Act
from pds.access_log.reading import entries_for
from pds.access_log.sequencer import Sequencer
from pds.sharing import grants
from pds.sharing.copies import COMMENT
from pds.sharing.enforcement import Refused
from pds.transfer.states import ConsentState, IncomingState, OutgoingState, StatutoryState
from tests.integration.pds.transfer.family_move import FamilyMove
from tests.integration.pds.transfer.towns import Side, Towns


def test_a_child_moves_and_exactly_what_was_granted_goes_along(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    assert move.look_in().row.state is IncomingState.PENDING
    seen = move.look_out()
    assert seen.row.state is OutgoingState.REQUESTED
    assert (seen.row.recipient_name, seen.accepted_on) == ("みなみ市立南小学校", date(2026, 11, 30))

    move.comment("水泳が好きです。")
    offered = move.offered()
    assert set(offered.scope.categories) == {Category.REPORT, Category.ATTENDANCE_DAILY}
    kept = replace(offered, scope=Scope.of({Category.REPORT: [2026]}))
    assert move.answer(kept).grant_id is not None
    towns.pass_time(minutes=2)
    there = move.look_in()
    assert there.row.consent is ConsentState.GRANTED_IN_PART
    assert there.granted is not None
    assert there.granted.scope == kept.scope
    assert [(one.category, one.school_year) for one in there.received] == [("report", 2026)]

    assert move.look_out().row.state is OutgoingState.REQUESTED, "the family still has its time to read"
    towns.pass_time(days=14)
    there = move.look_in()
    assert there.row.statutory is StatutoryState.RECEIVED
    assert not there.problems
    assert there.row.state is IncomingState.DONE
    came = sorted((one.category, one.school_year) for one in there.received)
    assert came == sorted(
        [("report", 2026), ("enrolment", 2021), ("guidance", 2024), ("guidance", 2025), (COMMENT, 2026)]
        + [("health_check", year) for year in (2024, 2025, 2026)]
    )
    assert {one.issuer_name for one in there.received} == {"みらい市立東小学校"}
    seen = move.look_out()
    assert seen.row.state is OutgoingState.DONE
    assert seen.health_sheet_sent


def test_both_logs_tell_what_left_and_what_came(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    move.answer(move.offered())
    towns.pass_time(minutes=2)
    towns.pass_time(days=14)
    acts = told(towns.a, move.learner)
    assert acts[Act.TICKET_ISSUED] == acts[Act.REQUEST_OPENED] == acts[Act.DOSSIER_READY] == 1
    assert acts[Act.DOCUMENT_PULLED] == 5, "one entry for each kind of record that left"
    assert acts[Act.DOCUMENTS_ACKNOWLEDGED] == 2
    acts = told(towns.b, move.there)
    assert acts[Act.ENROLMENT_DECIDED] == acts[Act.RECORDS_ASKED] == 1
    assert acts[Act.DOCUMENT_RECEIVED] == 5, "one entry for each kind of record that came"


def told(side: Side, learner: UUID) -> Counter[str]:
    """How often each act stands in the child's own chain."""
    while Sequencer(side.jobs).run_once(side.jobs.clock()):
        pass
    with side.jobs.database.session() as session:
        seen = entries_for(session, side.jobs, learner, "child", before=None, limit=500).entries
    return Counter(one.entry["act"] for one in seen)


def test_a_withdrawn_grant_is_erased_and_answered(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    grant = move.answer(move.offered()).grant_id
    assert grant is not None
    towns.pass_time(minutes=2)
    assert len(move.look_in().received) == 6

    with towns.a.asking(move.mother) as (session, asking):
        ended = grants.revoke(session, towns.a.web, asking, move.learner, grant)
        assert not isinstance(ended, Refused)
    towns.work()
    there = move.look_in()
    assert there.row.consent is ConsentState.ENDED
    assert all(one.erased_at is not None for one in there.received)
    assert towns.b.count("SELECT count(*) FROM received_document WHERE sealed IS NOT NULL") == 0
    assert towns.a.count("SELECT count(*) FROM share_grant WHERE end_answer = 'erased'") == 1
