"""What came goes on into the new school's systems: a roster that reads in cleanly, register rows, and JSON."""

import csv
import io
import json
import zipfile
from datetime import timedelta

from pds.intake import service as intake
from pds.intake import tasks
from pds.intake.findings import Severity
from pds.intake.models import RunState
from pds.sharing.enforcement import Refused
from pds.transfer import exports
from pds.transfer.documents import payload_of
from tests.integration.pds.transfer.family_move import FamilyMove
from tests.integration.pds.transfer.towns import LEASE, SOUTH, Towns
from web.jobs.runner import Runner


def arrived(move: FamilyMove, towns: Towns) -> None:
    move.lodge()
    towns.pass_time(days=14)


def test_the_roster_of_a_new_child_reads_in_without_a_finding(move: FamilyMove, towns: Towns) -> None:
    arrived(move, towns)
    b = towns.b
    with b.asking(move.clerk_b) as (session, asking):
        package = exports.oneroster(session, b.web, asking, move.there, move.incoming)
    assert isinstance(package, bytes)
    with b.session() as session:
        run = intake.receive(
            session, b.jobs, filename="roster.zip", stream=io.BytesIO(package), by=None, now=b.jobs.clock()
        )
    runner = Runner(b.jobs.database, tasks.handlers(b.jobs), b.jobs.clock, sweep=timedelta(seconds=1), lease=LEASE)
    while runner.run_one():
        pass
    with b.session() as session:
        seen, found = intake.view_run(session, run), intake.findings_of(session, b.jobs, run)
    assert seen is not None
    assert [(one.code, one.file, one.column) for one in found if one.severity is Severity.ERROR] == []
    assert seen.state is RunState.CHECKED


def test_register_rows_and_json_hold_what_came_and_say_who_signed(move: FamilyMove, towns: Towns) -> None:
    arrived(move, towns)
    b = towns.b
    with b.asking(move.clerk_b) as (session, asking):
        rows = exports.register_csv(session, b.web, asking, move.there, move.incoming)
        said = exports.register_json(session, b.web, asking, move.there, move.incoming)
    assert isinstance(rows, bytes)
    assert isinstance(said, bytes)
    with zipfile.ZipFile(io.BytesIO(rows)) as package:
        assert set(package.namelist()) == {"register_enrolment.csv", "register_guidance.csv", "health_check.csv"}
        text = package.read("register_guidance.csv").decode()
    assert [row["school_year"] for row in csv.DictReader(io.StringIO(text))] == ["2024", "2025"]
    document = json.loads(said)
    assert document["school"] == SOUTH[0]
    assert len(document["documents"]) == 6
    for one in document["documents"]:
        assert one["body"] == payload_of(one["signed"])["body"]
        assert [link["name"] for link in one["signatures"]] == ["みらい市立東小学校"]


def test_nobody_exports_for_another_school(move: FamilyMove, towns: Towns) -> None:
    arrived(move, towns)
    with towns.b.asking(move.officer_b) as (session, asking):
        stranger = exports.register_json(session, towns.b.web, asking, move.there, move.outgoing)
    assert isinstance(stranger, Refused)
