"""What a family may know of its child's part in a plan: decided, logged and opened like every read of the record."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from aggregator.plans.model import Plan
from consent.decision import Read, decide
from consent.verdict import Allowed
from consent.vocabulary import Category
from pds.access_log import entries
from pds.access_log.entries import Act
from pds.node import Node
from pds.people.service import KnownChild
from pds.sharing import enforcement
from pds.sharing.enforcement import Asking, Refused
from pds.statistics import facts, queries, reading
from pds.statistics.facts import Counted
from web.database import bind_context

_WHAT_IS_READ = "attendance"


class Standing(StrEnum):
    """Whether a child is among those a plan looks at, as the node's records stand now."""

    LOOKED_AT = "looked_at"
    ELSEWHERE = "elsewhere"
    """Not enrolled here at the plan's instant: another node looks, or none."""
    NO_RECORD = "no_record"
    """Enrolled, but the school has written no guidance record of the year."""
    NOT_ASKED = "not_asked"
    """The plan does not ask about the child's grade."""
    CLOSED = "closed"
    """What was read is closed to this reader by the rules about records."""


@dataclass(frozen=True, slots=True)
class OwnCount:
    """What a plan reads of one child; `counted` is None where nothing is, or nothing may be shown."""

    child: KnownChild
    standing: Standing
    counted: Counted | None

    @property
    def days(self) -> int:
        """Days of the year that count under the plan."""
        return 0 if self.counted is None else self.counted.days


def is_here(session: Session, asking: Asking, learner: UUID, plan: Plan) -> bool:
    """Tell a family whether its child was enrolled here at the plan's instant; opens no record.

    For the children that `pds.sharing.children` lists for this reader, and nobody else's.
    """
    bind_context(session, learners=[learner], person=asking.viewer.person)
    return bool(queries.page_of(session, learner, reading.day_of(plan), plan.school_year).children)


def read_own_count(session: Session, node: Node, asking: Asking, learner: UUID, plan: Plan) -> OwnCount | Refused:
    """Decide, log and open what a plan reads of a child: its guidance records of the year and nothing else.

    What an earlier school sent of the same year counts too, and is named in an entry of its own.
    """
    overview = enforcement.read_overview(
        session, node, asking, learner, [Category.GUIDANCE], school_year=plan.school_year
    )
    if isinstance(overview, Refused):
        return overview
    child = overview.child
    page = queries.page_of(session, learner, reading.day_of(plan), plan.school_year)
    if not page.children:
        return OwnCount(child, Standing.ELSEWHERE, None)
    if any(_WHAT_IS_READ in record.withheld for record in overview.records):
        return OwnCount(child, Standing.CLOSED, None)
    if page.received:
        verdict = decide(Read(asking.viewer.actor, child.facts, Category.GUIDANCE, asking.now), node.policy)
        if not isinstance(verdict, Allowed):
            return OwnCount(child, Standing.CLOSED, None)
        named = [(one.doc, one.version) for one in page.received]
        entry = enforcement.entry_by_viewer(
            node, asking, child, verdict, Act.RECEIVED_READ, Category.GUIDANCE, records=named
        )
        entries.write(session, node, [entry])
    row = page.children[0]
    school = queries.school_code(session, row.organisation)
    counted = reading.count_child(
        node, plan, row, school, page.records, page.received, node.keyring.subject_key(learner)
    )
    if counted is None:
        return OwnCount(child, Standing.NO_RECORD, None)
    return OwnCount(child, Standing.LOOKED_AT if facts.belongs(plan, counted) else Standing.NOT_ASKED, counted)
