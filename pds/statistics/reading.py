"""The node's records as facts of a plan: streamed in pages, each opened, checked, counted and forgotten.

One transaction reads one state of the node. What is exact lives in local variables of this pass alone: it is not kept,
not logged, and not in any exception. A damaged record stops the pass.
"""

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from aggregator.plans.model import Plan
from aggregator.reporter.facts import Areas, ChildFact
from consent.age import japan_day, school_year_begin
from consent.vocabulary import Category
from pds.node import Node
from pds.people.details import LearnerDetails
from pds.records.service import RecordPlace, open_sealed
from pds.sharing.copies import payload_of
from pds.sharing.papers import received_binding
from pds.statistics import facts, queries
from pds.statistics.areas import all_areas, areas_of
from pds.statistics.facts import Counted, RecordUnreadable, SchoolPart
from pds.statistics.queries import ChildRow, Page, ReceivedRow, RecordRow
from trust.errors import N_, ManabiError
from trust.framing import frame
from trust.sealing import SealBroken, unseal
from trust.signing import SignatureRefused, VerifyingKey

PAGE: Final = 1000
"""Children in memory at once."""
_LONGEST_CHAIN: Final = 16
Passed = Callable[[float], None]
"""Is told, page by page, how far it is: a share of the space of ids, which tells nothing of how many children."""


class SchoolOutOfPlace(ManabiError):
    """A child is enrolled at a school that was closed or withdrawn before the school year: it counts nowhere."""

    code = "statistics.school_out_of_place"
    status = 409
    title = N_("Somebody is enrolled at school %(school)s, which did not stand in that school year.")
    remedy = N_(
        "Nothing was sent. Import the roster of the school that followed it; the report then goes on by itself."
    )


class KeyLost(ManabiError):
    """A child is enrolled whose key was neither made here nor erased: database and keyring do not belong together."""

    code = "statistics.key_lost"
    status = 409
    title = N_("A record cannot be opened, because its key is missing.")
    remedy = N_("Nothing was sent. Check that database and keyring were restored from the same day.")


def day_of(plan: Plan) -> date:
    """Return the day at whose beginning, 00:00 in Japan, a child belongs to the node of its open enrolment."""
    return japan_day(plan.attributed_at)


class Reading:
    """One pass over the node's records for a plan."""

    def __init__(self, session: Session, node: Node, plan: Plan, passed: Passed) -> None:
        facts.require_known(plan)
        self._session, self._node, self._plan, self._passed = session, node, plan, passed
        day = day_of(plan)
        schools = queries.schools(session, school_year_begin(plan.school_year), day)
        self._places = areas_of(node.node_id, schools)
        self._codes = {school.organisation: school.code for school in schools}

    @property
    def areas(self) -> Areas:
        """All areas of the node."""
        return all_areas(self._places)

    @property
    def digest(self) -> bytes:
        """What this pass reads, as a keyed hash of ids and versions: equal as long as nothing that counts changes."""
        state = queries.state_of(self._session, day_of(self._plan), self._plan.school_year)
        lines = [
            f"{school}/{self._places[school].establisher}/{self._places[school].prefecture}"
            for school in sorted(self._places)
        ]
        said = frame(self._plan.digest, state, *(line.encode() for line in lines))
        return hmac.digest(self._node.keyring.node_key("statistics-read"), said, "sha256")

    def facts(self) -> Iterator[ChildFact]:
        """Yield one fact for every child of the plan's population; raises `RecordUnreadable` and the like."""
        for page in queries.pages(self._session, day_of(self._plan), self._plan.school_year, most=PAGE):
            yield from self._open(page)
            self._passed(page.children[-1].learner.int / (1 << 128))

    def _open(self, page: Page) -> Iterator[ChildFact]:
        keys = self._node.keyring.subject_keys(child.learner for child in page.children)
        if len(keys) < len(page.children):
            self._require_erased(page, keys)
        records, received = defaultdict(list), defaultdict(list)
        for record in page.records:
            records[record.learner].append(record)
        for document in page.received:
            received[document.learner].append(document)
        for child in page.children:
            key = keys.get(child.learner)
            if key is None or child.learner not in records:
                continue
            place = self._places.get(child.organisation)
            if place is None:
                raise SchoolOutOfPlace(school=str(child.organisation))
            counted = count_child(
                self._node, self._plan, child, self._codes[child.organisation], records[child.learner],
                received.get(child.learner, ()), key,
            )  # fmt: skip
            if counted is not None and facts.belongs(self._plan, counted):
                yield facts.fact_of(self._plan, counted, establisher=place.establisher, prefecture=place.prefecture)

    def _require_erased(self, page: Page, keys: Mapping[UUID, bytes]) -> None:
        erased = self._node.keyring.journal.erased()
        if any(child.learner not in keys and child.learner not in erased for child in page.children):
            raise KeyLost


class NodeRecords:
    """The node's sealed records, as the reporter's source of facts. `passed` is told how far a pass is."""

    def __init__(self, node: Node, passed: Passed = lambda _: None) -> None:
        self._node, self._passed = node, passed

    @contextmanager
    def read(self, plan: Plan) -> Iterator[Reading]:
        """Open a pass over one state of the node; nothing is written in its transaction."""
        with self._node.database.session() as session:
            queries.begin_snapshot(session)
            yield Reading(session, self._node, plan, self._passed)
            session.rollback()

    def digest(self, plan: Plan) -> bytes:
        """Return what a pass would read now, without opening any record."""
        with self.read(plan) as reading:
            return reading.digest


def count_child(
    node: Node,
    plan: Plan,
    child: ChildRow,
    school: str,
    records: Sequence[RecordRow],
    received: Sequence[ReceivedRow],
    key: bytes,
) -> Counted | None:
    """Return what is counted of a child at `school`; None without that school's own guidance record of the year.

    Every record is unsealed and its school's signature checked. A copy of another school was checked when it was
    accepted and has lain under the child's seal since. Raises `RecordUnreadable`.
    """
    parts = [_own_part(node, plan, row, key) for row in records]
    parts += [_received_part(node, plan, row, key) for row in received]
    try:
        sex = LearnerDetails.opened(child.details, key, node.node_id, child.learner, child.revision).sex
    except SealBroken as error:
        raise RecordUnreadable(record=str(child.learner), reason="the child's details do not open") from error
    return facts.sum_up(school, sex, parts)


def _own_part(node: Node, plan: Plan, row: RecordRow, key: bytes) -> SchoolPart:
    place = RecordPlace(
        row.learner, row.record, row.version, Category.GUIDANCE, row.organisation, row.school, plan.school_year
    )
    name = str(row.record)
    try:
        opened = open_sealed(node.node_id, place, "", row.schema, row.sealed, key=key, issuer=_issuer(node, row.school))
    except SealBroken as error:
        raise RecordUnreadable(record=name, reason="its seal is broken") from error
    except SignatureRefused as error:
        raise RecordUnreadable(record=name, reason="its signature does not hold") from error
    except (KeyError, TypeError, ValueError) as error:
        raise RecordUnreadable(record=name, reason="what was signed is not a record") from error
    return facts.read_part(
        plan, opened.body, name=name, school=row.school, own=True, issued_at=row.issued_at,
        version=row.version,
    )  # fmt: skip


def _received_part(node: Node, plan: Plan, row: ReceivedRow, key: bytes) -> SchoolPart:
    name = str(row.doc)
    try:
        token = unseal(key, received_binding(node, row.learner, row.case, row.doc, row.version), row.sealed).decode()
        said, first = payload_of(token), _first_writer(token)
        issued_at = datetime.fromisoformat(said["issued_at"])
    except SealBroken as error:
        raise RecordUnreadable(record=name, reason="its seal is broken") from error
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise RecordUnreadable(record=name, reason="what was signed is not a copy") from error
    return facts.read_part(
        plan, said["body"], name=name, school=first, own=False, issued_at=issued_at,
        version=row.version,
    )  # fmt: skip


def _first_writer(token: str) -> str:
    """Return the code of the school that wrote a record first; a school that passes it on encloses that one's copy."""
    for _ in range(_LONGEST_CHAIN):
        said: dict[str, Any] = payload_of(token)
        if said.get("enclosed") is None:
            return str(said["iss"])
        token = said["enclosed"]
    raise ValueError("enclosed too deep")


def _issuer(node: Node, school: str) -> VerifyingKey:
    return node.keyring.signing_key(school).public()
