"""The log entries of this room: what staff did with a case, and what the node took in or noted for another one."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from consent.decision import viewer_classes
from consent.verdict import Allowed, Denied, public_code
from consent.visibility import RELATION_OF_ROLE
from consent.vocabulary import Category
from pds.access_log import entries
from pds.access_log.entries import NODE_CHAIN, Act, Entry, Purpose, Who
from pds.node import Node
from pds.people.service import KnownChild
from pds.sharing.enforcement import Asking, Refused


def note_staff(
    session: Session,
    node: Node,
    asking: Asking,
    verdict: Allowed | Denied,
    child: KnownChild | None,
    act: Act,
    *,
    under: UUID | None = None,
    opened: Sequence[tuple[Category | None, tuple[tuple[UUID, int], ...]]] = ((None, ()),),
) -> Refused | None:
    """Log what staff did for a child, or were refused; `opened` are categories, each with documents and versions.

    One entry per category; all share the request's reference number. Returns the refusal to answer with, if it is one.
    """
    written = [_entry(node, asking, verdict, child, act, under, category, documents) for category, documents in opened]
    entries.write(session, node, written)
    return Refused(verdict.code, public_code(verdict)) if isinstance(verdict, Denied) else None


def _entry(
    node: Node,
    asking: Asking,
    verdict: Allowed | Denied,
    child: KnownChild | None,
    act: Act,
    under: UUID | None,
    category: Category | None,
    documents: tuple[tuple[UUID, int], ...],
) -> Entry:
    viewer = asking.viewer
    relation = verdict.relation if isinstance(verdict, Allowed) else None
    fitting = [office for office in viewer.offices if relation is None or RELATION_OF_ROLE[office.role] is relation]
    office = next(iter(fitting), None)
    return Entry(
        who=Who(
            viewer.actor.kind.value,
            viewer.person,
            None if relation is None else relation.value,
            None if office is None else office.organisation,
            None if office is None else office.organisation_name,
        ),
        act=act,
        purpose=Purpose.TRANSFER,
        learner=None if child is None else child.facts.learner,
        category=None if category is None else category.value,
        records=documents,
        allowed=isinstance(verdict, Allowed),
        rule=verdict.rule if isinstance(verdict, Allowed) else "",
        citation=verdict.citation if isinstance(verdict, Allowed) else "",
        reason=None if isinstance(verdict, Allowed) else verdict.code.value,
        at=asking.now,
        reference=asking.reference,
        classes=(NODE_CHAIN,) if child is None else viewer_classes(child.facts, asking.now, node.policy),
        under=under,
    )
