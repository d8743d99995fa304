"""SIGKILL of either town's worker at every named step, and of its server in the middle of every kind of call.

Nothing rings a doorbell here: work is found in the database alone, as after a broker was emptied.
"""

from hashlib import sha256

import pytest

from consent.vocabulary import Category
from pds.sharing import grants
from pds.sharing.enforcement import Refused
from pds.transfer import storing
from pds.transfer.cases import CaseKey
from pds.transfer.reading import read_file
from pds.transfer.states import ConsentState, IncomingState, OutgoingState
from pds.transfer.tasks import STEPS
from tests.integration.pds.transfer.family_move import FamilyMove, settle_family
from tests.integration.pds.transfer.towns import CHOSEN, Side, Towns

WORK = bytes(range(256)) * 4700
"""1.2 MB: nineteen chunks, in two commits."""
OF_A = frozenset({"looked-up", "request-opened", "dossier-ready", "dossier-announced", "grant-told", "grant-telling"})
BOTH = frozenset({"message-sent", "message-noted", "message-acted", "message-handled"})
KILLS = [(town, step) for step in STEPS for town in ("a", "b") if step in BOTH or (step in OF_A) is (town == "a")]
CALLS = [
    ("a", "/oauth/bc-authorize"), ("a", "/oauth/token"), ("a", "/shared/v1/documents"), ("a", "/files/"),
    ("a", "/transfer/v1/messages"), ("b", "/transfer/v1/messages"),
]  # fmt: skip
FEW = [("b", "pull-chunks-kept")]


def walk(towns: Towns, move: FamilyMove, *, by_time: bool = False) -> None:
    """The whole move, with everything granted and then withdrawn, or over by time; killed workers' leases lapse."""

    def go_on(**parts: float) -> None:
        towns.pass_time(**parts)
        towns.pass_time(minutes=3)
        towns.pass_time(minutes=3)

    move.start()
    move.decide()
    move.ask(move.terms((*CHOSEN, Category.PORTFOLIO)))
    go_on()
    grant = move.answer(move.offered()).grant_id
    assert grant is not None
    go_on(minutes=3)
    go_on(days=14)
    check_arrived(towns, move)
    if by_time:
        go_on(days=70)
    else:
        with towns.a.asking(move.mother) as (session, asking):
            assert not isinstance(grants.revoke(session, towns.a.web, asking, move.learner, grant), Refused)
    go_on()
    check_erased(towns, move)


def check_arrived(towns: Towns, move: FamilyMove) -> None:
    there = move.look_in()
    assert there.row.state is IncomingState.DONE
    assert not there.problems
    came = sorted((one.category, one.school_year) for one in there.received)
    assert came == sorted(
        [("enrolment", 2021), ("guidance", 2024), ("guidance", 2025), ("portfolio", 2026)]
        + [(name, year) for name in ("health_check", "report", "attendance_daily") for year in (2024, 2025, 2026)]
    )
    assert move.look_out().row.state is OutgoingState.DONE
    with towns.b.session() as session:
        file = next(one for one in there.received if one.files)
        key = CaseKey(move.there, move.incoming)
        content = b"".join(storing.read_chunks(session, towns.b.jobs, key, file.doc, file.version, 1))
    assert sha256(content).digest() == sha256(WORK).digest()
    with towns.b.asking(move.clerk_b) as (session, asking):
        opened = read_file(session, towns.b.web, asking, move.there, move.incoming, file.doc, file.version, 1)
    assert not isinstance(opened, Refused)
    assert opened.name == "作品.bin"
    in_the_clear = "SELECT count(*) FROM received_file f WHERE to_jsonb(f)::text LIKE '%' || :digest || '%'"
    assert towns.b.count(in_the_clear, digest=sha256(WORK).hexdigest()) == 0
    assert towns.a.count("SELECT count(*) FROM share_request") == 1
    assert towns.a.count("SELECT count(*) FROM share_grant") == 1
    assert towns.a.count("SELECT count(*) FROM lodged_request") == 1
    assert towns.a.count("SELECT count(*) FROM share_disclosure WHERE outcome = 'accepted'") == len(came)
    assert towns.a.count("SELECT count(*) FROM share_disclosure") == len(came)
    assert_quiet(towns)


def check_erased(towns: Towns, move: FamilyMove) -> None:
    there = move.look_in()
    assert there.row.consent is ConsentState.ENDED
    left = {one.category for one in there.received if one.erased_at is None}
    assert left == {"enrolment", "guidance", "health_check"}
    assert towns.b.count("SELECT count(*) FROM received_file_chunk") == 0
    assert towns.a.count("SELECT count(*) FROM share_grant WHERE end_answer = 'erased'") == 1
    assert_quiet(towns)


def assert_quiet(towns: Towns) -> None:
    """Every message went out, came in and was handled once; no job is left half done."""
    for side, other in ((towns.a, towns.b), (towns.b, towns.a)):
        sent = side.count("SELECT count(*) FROM message_out")
        assert sent == side.count("SELECT count(*) FROM message_out WHERE state = 'acknowledged'")
        assert sent == other.count("SELECT count(*) FROM message_in WHERE handled_at IS NOT NULL")
        assert sent == side.count("SELECT count(DISTINCT (kind, learner_id, token)) FROM message_out")
        assert side.count("SELECT count(*) FROM job WHERE state IN ('running', 'failed')") == 0


def killed(towns: Towns, town: str) -> Side:
    return towns.a if town == "a" else towns.b


@pytest.mark.faults
@pytest.mark.parametrize(("town", "step"), FEW)
def test_a_worker_killed_at_a_step_does_it_once(towns: Towns, town: str, step: str) -> None:
    move = settle_family(towns, works={2026: WORK})
    killed(towns, town).dies_at = step
    walk(towns, move)
    assert killed(towns, town).dies_at is None, "the step was never reached"


@pytest.mark.long
@pytest.mark.faults
@pytest.mark.parametrize(("town", "step"), [kill for kill in KILLS if kill not in FEW])
def test_a_worker_killed_at_any_step_does_it_once(towns: Towns, town: str, step: str) -> None:
    move = settle_family(towns, works={2026: WORK})
    killed(towns, town).dies_at = step
    walk(towns, move, by_time=step in ("erased", "erasure-noted"))
    assert killed(towns, town).dies_at is None, "the step was never reached"


@pytest.mark.long
@pytest.mark.faults
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("town", "path"), CALLS)
def test_a_server_killed_in_any_call_changes_nothing_in_the_end(
    towns: Towns, town: str, path: str, moment: str
) -> None:
    move = settle_family(towns, works={2026: WORK})
    side = killed(towns, town)
    side.serve_until(path, moment)
    walk(towns, move)
    assert side.doomed is None, "the call never came"
