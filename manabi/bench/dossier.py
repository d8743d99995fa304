"""`bench dossier`: nine years of a child, 600 records with 50 MB of files, pulled, verified and stored.

The sending node serves as it does in earnest: each page and each 64 KiB is authenticated by token and fresh proof,
decided, logged and committed. The receiving side is one worker process; its time and its peak memory are measured.
Lodging, ticket, look-up and the family's answer are the real ones and not measured.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from consent.decision import Actor
from consent.lanes import arrange
from consent.placement import RoleHeld
from consent.receipt import ShownText
from consent.scope import Scope, Terms
from consent.vocabulary import ActorKind, Category, Channel, Frequency, Locale, Mode, Move
from consent.vocabulary import StaffRole as Role
from manabi.bench.cpu import machine_seconds, used_seconds
from manabi.bench.lines import Bar, Line, Relation
from manabi.bench.two_nodes import Town, introduce, serving, two_towns
from manabi.sample.codes import school_code
from pds.access_log.entries import Purpose
from pds.node import Node
from pds.organisations.models import Enrolment, Organisation, SchoolClass
from pds.people.details import LearnerDetails, Name
from pds.people.models import Learner, Person
from pds.people.service import Viewer
from pds.records import files
from pds.records.bodies import published_categories
from pds.records.models import Record, RecordVersion
from pds.records.service import RecordPlace, sign_and_seal
from pds.sharing import deciding, tickets
from pds.sharing.enforcement import Asking, Refused
from pds.transfer import incoming
from pds.transfer.cases import CaseKey, find
from pds.transfer.incoming import PULL, Decision
from pds.transfer.states import ConsentState, Lane
from pds.transfer.tasks import handlers
from trust.errors import N_, ManabiError
from web.jobs import service as jobs
from web.jobs.runner import Runner

BENCH: Final = "dossier"
RECORDS: Final = 600
YEARS: Final = range(2018, 2027)
BODY_BYTES: Final = 8_000
FILES: Final = 25
FILE_BYTES: Final = 2 * 1024 * 1024
"""Twenty-five files of 2 MiB: works, scans and photographs of nine years."""
SECONDS: Final = Bar(Relation.AT_MOST, 15)
MEGABYTES: Final = Bar(Relation.AT_MOST, 300)
_BIRTH: Final = date(2006, 6, 3)
"""Of age: the learner decides alone, so that the bench needs nobody else."""
Given = TypeVar("Given")
_LANE: Final = {"lane": Lane.CONSENT.value}


class PullFailed(ManabiError):
    """The pull did not bring everything; a time without its result would mean nothing."""

    code = "bench.pull_failed"
    status = 500
    title = N_("The pull brought %(documents)s documents and %(bytes)s bytes of files. %(said)s")
    remedy = N_("Run the bench again with one round and look at what the node wrote.")


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one round took: time and memory of the pulling process, processor time of everything that had a part.

    `others` is the share of the machine that went to anybody else meanwhile.
    """

    seconds: float
    peak: int
    cpu: float
    others: float


def measure(rounds: int) -> list[Line]:
    """Run the bench: every round pulls everything anew, since the sender has heard of no acknowledgement."""
    with two_towns() as (sender, receiver, registrar, folder):
        learner, schools = _stock_sender(sender)
        school, room = _stock_receiver(receiver)
        introduce(registrar, sender, receiver)
        with serving(sender, folder):
            key = _ask(sender, receiver, learner, schools[0], school, room)
            pulled = [_pull(receiver, key) for _ in range(rounds)]
    worst = max(one.seconds for one in pulled)
    return [
        Line(BENCH, "pull_seconds", worst, "s", RECORDS * rounds, SECONDS),
        Line(BENCH, "peak_memory", max(one.peak for one in pulled) / 1e6, "MB", rounds, MEGABYTES),
        Line(BENCH, "document_rate", RECORDS / worst, "documents/s", RECORDS * rounds),
        Line(BENCH, "cpu_of_both_nodes", max(one.cpu for one in pulled), "s", rounds),
        Line(BENCH, "used_by_others", max(one.others for one in pulled) * 100, "%", rounds),
        Line(BENCH, "file_rate", FILES * FILE_BYTES / 1e6 / worst, "MB/s", FILES * rounds),
    ]


def _pull(receiver: Town, key: CaseKey) -> Pulled:
    """Forget what came before, pull everything in a process of its own, and count what is here."""
    now = receiver.jobs.clock()
    with receiver.owner.database.session() as session:
        session.execute(text("DELETE FROM job"))
        session.execute(text("DELETE FROM received_document"))
        session.commit()
    with receiver.jobs.database.session() as session:
        case = find(session, key, lock=True)
        if case is None:
            raise PullFailed(documents=0, bytes=0, said="The case is gone.")
        case.consent_cursor = None
        jobs.enqueue(session, PULL, {**key.to_arguments(), **_LANE}, now=now)
        session.commit()
    machine, own, begun = machine_seconds(), used_seconds([os.getpid()]), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "manabi.bench.puller"], env={**os.environ, **receiver.environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    machine, own = machine_seconds() - machine, used_seconds([os.getpid()]) - own
    others = max(machine - own, 0.0) / ((time.monotonic() - begun) * len(os.sched_getaffinity(0)))
    with receiver.jobs.database.session() as session:
        documents = session.execute(text("SELECT count(*) FROM received_document WHERE sealed IS NOT NULL")).scalar()
        size = session.execute(text("SELECT coalesce(sum(size), 0) FROM received_file WHERE complete")).scalar()
    if done.returncode != 0 or documents != RECORDS or int(size or 0) != FILES * FILE_BYTES:
        raise PullFailed(documents=documents or 0, bytes=int(size or 0), said=done.stderr[-1500:])
    said = json.loads(done.stdout.splitlines()[-1])
    return Pulled(said["seconds"], said["peak"], own, others)


def _ask(sender: Town, receiver: Town, learner: UUID, old_school: UUID, school: UUID, room: UUID) -> CaseKey:
    """Go the real way from the ticket to the grant, without pages."""
    now = sender.jobs.clock()
    with sender.jobs.database.session() as session:
        ticket = tickets.issue(session, sender.jobs, learner, old_school, by=uuid4(), number=1, now=now)
        session.commit()
    officer = _staff(Role.BOARD_OFFICER, school)
    clerk = _staff(Role.CLERK, school)
    decision = Decision(school, room, "山田", "花子", ("やまだ", "はなこ"), _BIRTH, "female", now.date(), ticket.text)
    categories = _categories(receiver.jobs, now)
    terms = Terms(
        Scope.of(dict.fromkeys(categories, YEARS)), Mode.STORE, now + timedelta(days=90), None,
        Frequency.REPEATED,
    )  # fmt: skip
    with receiver.jobs.database.session() as session:
        transfer = _allowed(incoming.decide(session, receiver.jobs, _asking(officer, now), decision, now))
        session.commit()
        there = session.execute(text("SELECT learner_id FROM incoming_transfer")).scalar_one()
        _allowed(incoming.ask(session, receiver.jobs, _asking(clerk, now), there, transfer, terms, now))
        session.commit()
    _work(receiver)
    _work(sender)
    with sender.jobs.database.session() as session:
        request = session.execute(text("SELECT request_id FROM share_request")).scalar_one()
        me = _asking(Viewer(Actor(ActorKind.LEARNER, learner)), sender.jobs.clock())
        offered = _allowed(deciding.look(session, sender.jobs, me, learner, request)).offered
        _allowed(
            deciding.answer(
                session, sender.jobs, me, learner, request, kept=offered, comment=None, channel=Channel.ONLINE,
                shown=ShownText.of("bench", Locale.EN), step_up="bench",
            )
        )  # fmt: skip
        session.commit()
    key = CaseKey(there, transfer)
    while not _granted(receiver, key):
        _work(receiver, without=(PULL,))
    return key


def _granted(receiver: Town, key: CaseKey) -> bool:
    with receiver.jobs.database.session() as session:
        case = find(session, key)
        if case is None or case.consent_state in (ConsentState.REFUSED, ConsentState.EXPIRED):
            raise PullFailed(documents=0, bytes=0, said="The request was not granted.")
        return case.consent_state == ConsentState.GRANTED


def _work(town: Town, without: Sequence[str] = ()) -> None:
    """Run what is due; jobs of a kind in `without` are put off."""
    known = {kind: handler for kind, handler in handlers(town.jobs).items() if kind not in without}
    known |= {kind: (lambda run: None) for kind in without}
    runner = Runner(town.jobs.database, known, town.jobs.clock, sweep=timedelta(seconds=1), lease=timedelta(hours=1))
    while runner.run_one():
        pass


def _categories(node: Node, now: datetime) -> list[Category]:
    """Return eight kinds of records that a family may give and that have no form to be filled in here."""
    choosable = arrange(Category, Move.TRANSFER, now, node.policy).choosable
    return [category for category in choosable if category not in published_categories()][:8]


def _stock_sender(town: Town) -> tuple[UUID, list[UUID]]:
    """Write a learner with nine years at nine schools: 600 records, 25 of them with a file."""
    node, now = town.owner, town.owner.clock()
    learner = uuid4()
    node.keyring.create_subject_key(learner)
    key = node.keyring.subject_key(learner)
    codes = [school_code("B1", "13", 2, 100 + number) for number in range(9)]
    with node.database.session() as session:
        schools = _add_schools(session, "132999", codes)
        room = _add_class(session, schools[0])
        _add_learner(session, node, learner, schools[0], room, now)
        categories = _categories(node, now)
        wanted = [
            (category, school, code, year)
            for school, code in zip(schools, codes, strict=True)
            for year in YEARS
            for category in categories
        ][:RECORDS]
        for number, (category, school, code, year) in enumerate(wanted):
            place = RecordPlace(learner, uuid4(), 1, category, school, code, year)
            schema = f"urn:manabi:schema:{category.value}:1"
            body = {"text": secrets.token_hex(BODY_BYTES // 2)}
            sealed = sign_and_seal(
                node.node_id, place, schema, body, issued_at=now, signing=node.keyring.signing_key(code),
                subject_key=key,
            )  # fmt: skip
            session.execute(
                insert(Record),
                {
                    "learner_id": learner, "record_id": place.record, "category": category.value,
                    "organisation_id": school, "school_year": year, "current_version": 1, "withdrawn": False,
                },
            )  # fmt: skip
            session.execute(
                insert(RecordVersion),
                {
                    "learner_id": learner, "record_id": place.record, "version": 1, "schema": schema,
                    "sealed": sealed, "issued_at": now, "origin": None, "compensates": None,
                },
            )  # fmt: skip
            if number % (RECORDS // FILES) == 0:
                files.attach(
                    session, node, learner, place.record, 1, file_no=1, name="work.jpg", media_type="image/jpeg",
                    content=[secrets.token_bytes(FILE_BYTES)],
                )  # fmt: skip
        session.commit()
    return learner, schools


def _stock_receiver(town: Town) -> tuple[UUID, UUID]:
    with town.owner.database.session() as session:
        (school,) = _add_schools(session, "142999", [school_code("B1", "14", 2, 1)])
        room = _add_class(session, school)
        session.commit()
    return school, room


def _add_schools(session: Session, board_code: str, codes: Sequence[str]) -> list[UUID]:
    board = uuid4()
    rows: list[dict[str, Any]] = [{"organisation_id": board, "kind": "board", "code": board_code, "parent_id": None}]
    rows += [{"organisation_id": uuid4(), "kind": "school", "code": code, "parent_id": board} for code in codes]
    for row in rows:
        session.add(
            Organisation(
                **row, name=f"学校 {row['code']}", source_id=row["code"], successor_code=None, valid_from=None,
                valid_to=None, revision=1,
            )
        )  # fmt: skip
        session.flush()
    return [row["organisation_id"] for row in rows[1:]]


def _add_class(session: Session, school: UUID) -> UUID:
    room = uuid4()
    session.add(
        SchoolClass(
            class_id=room, organisation_id=school, source_id="c", school_year=2026, name="3年1組", grades=["J3"],
            special_needs=False, revision=1,
        )
    )  # fmt: skip
    session.flush()
    return room


def _add_learner(session: Session, node: Node, learner: UUID, school: UUID, room: UUID, now: datetime) -> None:
    details = LearnerDetails(Name("山田", "花子", "やまだ", "はなこ"), _BIRTH, "female")
    sealed = details.sealed(node.keyring.subject_key(learner), node.node_id, learner, 1)
    session.execute(insert(Person), {"person_id": learner, "kind": "learner"})
    session.execute(
        insert(Learner),
        {"learner_id": learner, "details": sealed, "withdrawn": False, "created_at": now, "revision": 1},
    )
    session.execute(
        insert(Enrolment),
        {
            "learner_id": learner, "enrolment_id": uuid4(), "source_id": "e", "class_id": room,
            "organisation_id": school, "school_year": 2026, "number": 1, "begin": date(2026, 4, 1),
            "end": date(2027, 3, 31), "withdrawn": False, "revision": 1,
        },
    )  # fmt: skip


def _staff(role: Role, organisation: UUID) -> Viewer:
    held = RoleHeld(role, organisation, frozenset(), date(2020, 4, 1), None)
    return Viewer(Actor(ActorKind.STAFF, uuid4(), (held,)))


def _asking(viewer: Viewer, now: datetime) -> Asking:
    return Asking(viewer, Purpose.TRANSFER, now, "bench")


def _allowed(answer: Given | Refused) -> Given:
    if isinstance(answer, Refused):
        raise PullFailed(documents=0, bytes=0, said=f"Refused: {answer.code}.")
    return answer
