"""Pulling what was granted or is due: page by page and chunk by chunk, verified, sealed, acknowledged.

The cursor of a case is committed with each page, the length of a file with its chunks, so whoever takes the job over
goes on where it was. Every write locks the case first and looks whether the ground still stands: what comes after a
grant has ended is thrown away. One document that is not believed refuses the whole pull: the sender is told what is
wrong, nothing of it is kept, and it can be sent again.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from consent.scope import Terms
from consent.verdict import Allowed
from consent.vocabulary import Category, Move, Relation
from pds.access_log import entries
from pds.access_log.entries import Act
from pds.node import Node
from pds.people import service as people
from pds.sharing.parties import BasisKind, entry_by_organisation
from pds.transfer import cases, storing
from pds.transfer.cases import GRANTED, CaseKey, find
from pds.transfer.documents import Believed, Expected, Fault, NotBelieved, believe, problem
from pds.transfer.incoming import PULL
from pds.transfer.messages import Kind, send
from pds.transfer.models import IncomingTransfer
from pds.transfer.others import reach, read_key, registry_in_force
from pds.transfer.remote import OutOfReach, Peer, Refused
from pds.transfer.sealed import CHUNK_BYTES, open_secret
from pds.transfer.states import IncomingState, Lane, StatutoryState
from pds.transfer.storing import OpenFile
from pds.transfer.wire import WirePage
from trust.files import nothing_follows
from trust.keys import Key
from trust.registry import Registry
from web.database import bind_context
from web.jobs.runner import JobRun

ALL_READ: Final = ""
"""A cursor: every page was read, files may still be on their way."""
CHUNKS_PER_COMMIT: Final = 16
"""1 MiB: what a killed worker fetches again at most."""
CALLS_AT_ONCE: Final = 4
CHUNKS_AHEAD: Final = 8
"""512 KiB that are on their way at most."""
MOST_PROBLEMS: Final = 200
_TOKEN_MARGIN: Final = timedelta(seconds=30)
_CAME_IN: Final = Allowed(Relation.OPERATOR, "transfer.received", "")
"""Under what a document of another school is kept: the case that asked for it."""

__all__ = ["PULL", "pull"]


class GroundGone(Exception):
    """The grant or dossier no longer stands, or the case was called off; nothing more is kept."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pull works with."""

    key: CaseKey
    lane: Lane
    basis: UUID
    expected: Expected
    refresh_token: str | None
    proof_key: Key
    registry: Registry


def pull(node: Node, run: JobRun, after: Callable[[str], None] = nothing_follows) -> None:
    """Fetch what one lane of a case offers, and acknowledge it.

    Steps: 'pull-page' (a page is here, nothing is kept), 'pull-page-kept', 'pull-chunk', 'pull-chunks-kept',
    'pull-file-whole', 'pull-concluded' (before the commit that acknowledges), 'pull-acknowledged'.
    """
    key, lane = CaseKey.of(run.lease.arguments), Lane(run.lease.arguments["lane"])
    with run.database.session() as session:
        plan = _plan(session, node, key, lane, run.clock())
        if plan is None:
            run.finish(session)
            session.commit()
            return
    try:
        with reach(node, plan.registry, plan.expected.sender, run.clock, plan.proof_key) as peer:
            _Pull(node, run, peer, plan, after).work()
    except GroundGone:
        cases.end_job(run)
    except (OutOfReach, Refused) as error:
        # A refusal may be a pause. Whether the ground has gone for good is told by a message, and ends the next try.
        with run.database.session() as session:
            at_least = node.settings.poll if isinstance(error, Refused) else timedelta()
            cases.try_later(run, session, at_least=at_least)
            session.commit()


class _Pull:
    def __init__(self, node: Node, run: JobRun, peer: Peer, plan: Plan, after: Callable[[str], None]) -> None:
        self._node, self._run, self._peer, self._plan, self._after = node, run, peer, plan, after
        self._token, self._token_until = "", datetime.min.replace(tzinfo=run.clock().tzinfo)
        self._done = 0

    def work(self) -> None:
        """Read every page, then every file, then conclude."""
        with ThreadPoolExecutor(CALLS_AT_ONCE) as ahead:
            self._read_pages(ahead)
            while (file := self._next_file()) is not None:
                self._fetch(file, ahead)
        self._conclude()

    def _read_pages(self, ahead: Executor) -> None:
        """Read page after page; the next one is on its way while one is verified and kept."""
        cursor = self._cursor()
        coming = None if cursor == ALL_READ else ahead.submit(self._peer.read_page, self._access(), cursor)
        while coming is not None:
            page = coming.result()
            self._after("pull-page")
            coming = None if page.next is None else ahead.submit(self._peer.read_page, self._access(), page.next)
            self._keep_page(page, cursor)
            self._after("pull-page-kept")
            cursor = page.next

    def _access(self) -> str:
        now = self._run.clock()
        if now >= self._token_until:
            plan = self._plan
            if plan.lane is Lane.STATUTORY:
                tokens = self._peer.dossier_token(str(plan.basis))
            else:
                tokens = self._peer.refresh(plan.refresh_token or "")
            self._token = tokens.access
            self._token_until = now + max(timedelta(seconds=tokens.expires_in) - _TOKEN_MARGIN, timedelta(seconds=1))
        return self._token

    def _cursor(self) -> str | None:
        with self._run.database.session() as session:
            return _cursor_of(self._standing(session, lock=False), self._plan.lane)

    def _next_file(self) -> OpenFile | None:
        plan = self._plan
        with self._run.database.session() as session:
            return storing.next_open_file(session, self._node, plan.key, plan.lane, plan.basis)

    def _standing(self, session: Session, *, lock: bool = True) -> IncomingTransfer:
        """Return the case if its ground still stands; raises `GroundGone`."""
        case = find(session, self._plan.key, lock=lock)
        if case is None or _basis_of(case, self._plan.lane) != self._plan.basis:
            raise GroundGone
        return case

    def _keep_page(self, page: WirePage, cursor: str | None) -> None:
        plan, node, now = self._plan, self._node, self._run.clock()
        believed: list[Believed] = []
        wrong: list[dict[str, Any]] = []
        for listed in page.documents:
            try:
                believed.append(believe(listed, plan.expected, plan.registry, now, node.policy))
            except NotBelieved as fault:
                wrong.append(fault.to_wire())
        with self._run.database.session() as session:
            case = self._standing(session)
            if _cursor_of(case, plan.lane) != cursor:
                raise GroundGone  # another worker has gone on from here
            storing.keep_documents(session, node, plan.key, plan.lane, plan.basis, believed, now)
            _note_received(session, node, plan, believed, now)
            before = [] if cursor is None else cases.problems_of(case, plan.lane)
            cases.set_problems(case, plan.lane, [*before, *wrong])
            if page.withheld:
                case.withheld = list(page.withheld)
            _set_cursor(case, plan.lane, page.next or ALL_READ)
            session.commit()
        self._done += len(page.documents)
        self._run.note_progress(self._done, None)

    def _fetch(self, file: OpenFile, ahead: Executor) -> None:
        """Fetch the rest of a file and hold it against the hash that the school signed."""
        plan, node = self._plan, self._node
        with self._run.database.session() as session:
            running = storing.digest_so_far(session, node, plan.key, file)
        waiting: list[bytes] = []
        received = file.received
        for chunk in self._chunks(file, ahead):
            self._after("pull-chunk")
            if len(chunk) != min(CHUNK_BYTES, file.size - received):
                return self._refuse_file(file, Fault.FILE_SIZE)
            running.update(chunk)
            waiting.append(chunk)
            received += len(chunk)
            if len(waiting) == CHUNKS_PER_COMMIT or received == file.size:
                self._keep_chunks(file, received, waiting)
                waiting = []
        if running.digest() != file.sha256:
            return self._refuse_file(file, Fault.FILE_HASH)
        with self._run.database.session() as session:
            self._standing(session)
            storing.mark_whole(session, plan.key, file)
            session.commit()
        self._after("pull-file-whole")
        return None

    def _chunks(self, file: OpenFile, ahead: Executor) -> Iterator[bytes]:
        """Yield the chunks of a file in their order; a few are on their way while one is kept."""
        offsets = iter(range(file.received, file.size, CHUNK_BYTES))
        coming: deque[Future[bytes]] = deque()

        def order() -> None:
            offset = next(offsets, None)
            if offset is not None:
                coming.append(ahead.submit(self._peer.read_chunk, self._access(), str(file.doc), file.file_no, offset))

        for _ in range(CHUNKS_AHEAD):
            order()
        while coming:
            chunk = coming.popleft().result()
            order()
            yield chunk

    def _keep_chunks(self, file: OpenFile, received: int, chunks: Sequence[bytes]) -> None:
        first = (received - sum(map(len, chunks))) // CHUNK_BYTES
        with self._run.database.session() as session:
            self._standing(session)
            storing.keep_chunks(session, self._node, self._plan.key, file, first, chunks)
            session.commit()
        self._after("pull-chunks-kept")
        self._run.note_progress(self._done, None)

    def _refuse_file(self, file: OpenFile, fault: Fault) -> None:
        plan = self._plan
        with self._run.database.session() as session:
            case = self._standing(session)
            said = problem(file.doc, file.version, fault)
            cases.set_problems(case, plan.lane, [*cases.problems_of(case, plan.lane), said])
            storing.mark_whole(session, plan.key, file)  # nothing more of it is fetched; all of it is about to go
            session.commit()

    def _conclude(self) -> None:
        """Accept or reject the whole of what came, tell the sender, and end the job, all at once."""
        plan, node, run = self._plan, self._node, self._run
        now = run.clock()
        with run.database.session() as session:
            case = self._standing(session)
            kept = storing.kept_documents(session, plan.key, plan.lane, plan.basis)
            wrong = cases.problems_of(case, plan.lane)
            if plan.lane is Lane.STATUTORY:
                wrong += _missing(case, kept, {(one["doc"], one["version"]) for one in wrong if "doc" in one})
            cases.set_problems(case, plan.lane, wrong)
            if wrong:
                storing.erase(session, plan.key, now, lane=plan.lane, basis=plan.basis)
            _set_cursor(case, plan.lane, None)
            _note_outcome(case, plan.lane, now, accepted=not wrong)
            cases.settle_state(case, now)
            kind = BasisKind.DOSSIER if plan.lane is Lane.STATUTORY else BasisKind.GRANT
            send(
                session, node, plan.key.learner, plan.expected.sender, Kind.DOCUMENTS_RECEIVED,
                {
                    "basis": {"kind": kind.value, "id": str(plan.basis)},
                    "documents": [
                        {"doc": str(doc), "version": version, "sha256": digest.hex()} for doc, version, digest in kept
                    ],
                    "outcome": "rejected" if wrong else "accepted",
                    "problems": wrong[:MOST_PROBLEMS],
                },
                now,
            )  # fmt: skip
            run.finish(session)
            self._after("pull-concluded")
            session.commit()
        self._after("pull-acknowledged")


def _plan(session: Session, node: Node, key: CaseKey, lane: Lane, now: datetime) -> Plan | None:
    """Return what to pull, or None where nothing may be (any more)."""
    case = find(session, key)
    basis = None if case is None else _basis_of(case, lane)
    if case is None or basis is None or case.dpop_key is None:
        return None
    refresh = None
    if lane is Lane.CONSENT:
        if case.refresh_token is None:
            return None
        refresh = open_secret(node, key.learner, key.transfer, "refresh_token", case.refresh_token)
    proof_key = read_key(open_secret(node, key.learner, key.transfer, "dpop_key", case.dpop_key))
    scope = None if lane is Lane.STATUTORY or case.granted is None else Terms.from_wire(case.granted).scope
    expected = Expected(case.sender_id, node.node_id, lane, scope, Move(case.move))
    return Plan(key, lane, basis, expected, refresh, proof_key, registry_in_force(session, node, now))


def _basis_of(case: IncomingTransfer, lane: Lane) -> UUID | None:
    """Return the grant or dossier that stands in a lane, None where none does."""
    if case.state == IncomingState.CANCELLED:
        return None
    if lane is Lane.CONSENT:
        return case.grant_id if case.consent_state in GRANTED else None
    return None if case.statutory_state == StatutoryState.WAITING else case.dossier_id


def _cursor_of(case: IncomingTransfer, lane: Lane) -> str | None:
    return case.consent_cursor if lane is Lane.CONSENT else case.statutory_cursor


def _set_cursor(case: IncomingTransfer, lane: Lane, cursor: str | None) -> None:
    if lane is Lane.CONSENT:
        case.consent_cursor = cursor
    else:
        case.statutory_cursor = cursor


def _note_outcome(case: IncomingTransfer, lane: Lane, now: datetime, *, accepted: bool) -> None:
    if lane is Lane.STATUTORY:
        case.statutory_state = StatutoryState.RECEIVED if accepted else StatutoryState.REJECTED
    elif accepted:
        case.granted = {**(case.granted or {}), "received_at": now.isoformat()}
    if accepted:
        case.received_at = now


def _missing(
    case: IncomingTransfer, kept: Sequence[tuple[UUID, int, bytes]], named: set[tuple[Any, Any]]
) -> list[dict[str, Any]]:
    """Return what the old school announced and what did not come so; what has a problem already is left out."""
    here = {(str(doc), version): digest.hex() for doc, version, digest in kept}
    found: list[dict[str, Any]] = []
    for line in case.manifest or ():
        place = (str(line.get("doc")), line.get("version"))
        if place in named:
            continue
        if place not in here:
            found.append({"doc": place[0], "version": place[1], "code": Fault.MISSING.value})
        elif here[place] != line.get("sha256"):
            found.append({"doc": place[0], "version": place[1], "code": Fault.HASH.value})
    return found


def _note_received(session: Session, node: Node, plan: Plan, believed: Sequence[Believed], now: datetime) -> None:
    """Write into the child's log here that documents came in: one entry per category of a page."""
    if not believed:
        return
    bind_context(session, learners=[plan.key.learner])
    child = people.find_child(session, node, plan.key.learner)
    if child is None:
        raise GroundGone
    kind = BasisKind.DOSSIER if plan.lane is Lane.STATUTORY else BasisKind.GRANT
    by_category: dict[Category | None, list[Believed]] = {}
    for one in believed:
        category = Category(one.category) if one.category in list(Category) else None
        by_category.setdefault(category, []).append(one)
    entries.write(
        session,
        node,
        [
            entry_by_organisation(
                node, found[0].chain[0].school_name, child, _CAME_IN, Act.DOCUMENT_RECEIVED, purpose=kind.purpose,
                relation=_CAME_IN.relation, now=now, reference=str(plan.key.transfer), under=plan.basis,
                category=category, records=[(one.doc, one.version) for one in found],
            )
            for category, found in by_category.items()
        ],
    )  # fmt: skip
