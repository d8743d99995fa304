"""Who something is shared with, the ground it stands on, and how the log tells what such an organisation did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from consent.decision import viewer_classes
from consent.verdict import Allowed, Denied
from consent.vocabulary import ActorKind, Category, Relation
from pds.access_log.entries import NODE_CHAIN, Act, Entry, Purpose, Who
from pds.node import Node
from pds.people.service import KnownChild


@dataclass(frozen=True, slots=True)
class Recipient:
    """An organisation of the participant registry: its node as a client, and the school it asks for."""

    client_id: str
    school_code: str
    school_name: str


class BasisKind(StrEnum):
    """What a recipient reads under: a family's grant, or the documents that the law moves."""

    GRANT = "grant"
    DOSSIER = "dossier"

    @property
    def purpose(self) -> Purpose:
        """Why something is read under it, in the words of the log."""
        return Purpose.SHARING if self is BasisKind.GRANT else Purpose.TRANSFER

    @property
    def relation(self) -> Relation:
        """What the reading organisation is to the child."""
        return Relation.RECIPIENT if self is BasisKind.GRANT else Relation.NEXT_SCHOOL


@dataclass(frozen=True, slots=True)
class Basis:
    """One grant or dossier of one learner."""

    kind: BasisKind
    learner: UUID
    id: UUID


class DossierState(StrEnum):
    """How far the documents that the law moves have come."""

    REVIEWING = "reviewing"  # the family reads and comments
    READY = "ready"  # the manifest is fixed, the next school may pull
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"  # the next school named what is wrong; made ready again, it goes once more
    CANCELLED = "cancelled"


class Arrival(StrEnum):
    """What a recipient answers for documents that it pulled."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


def entry_by_organisation(
    node: Node,
    name: str,
    child: KnownChild | None,
    verdict: Allowed | Denied,
    act: Act,
    *,
    purpose: Purpose,
    relation: Relation,
    now: datetime,
    reference: str,
    under: UUID | None,
    category: Category | None = None,
    records: Sequence[tuple[UUID, int]] = (),
) -> Entry:
    """Return the entry of what another organisation did or was refused; `name` as the registry had it that day."""
    return _entry(
        node, Who(ActorKind.ORGANISATION.value, None, relation.value, None, name), child, verdict, act,
        purpose, now, reference, under, category, records,
    )  # fmt: skip


def entry_by_node(
    node: Node,
    child: KnownChild | None,
    act: Act,
    *,
    rule: str,
    citation: str = "",
    purpose: Purpose,
    now: datetime,
    reference: str,
    under: UUID | None,
    records: Sequence[tuple[UUID, int]] = (),
) -> Entry:
    """Return the entry of what the node did by itself: a review period that ended, a revocation taken up again."""
    who = Who(ActorKind.JOB.value, None, None, None, node.settings.operator)
    allowed = Allowed(Relation.OPERATOR, rule, citation)
    return _entry(node, who, child, allowed, act, purpose, now, reference, under, None, records)


def _entry(
    node: Node,
    who: Who,
    child: KnownChild | None,
    verdict: Allowed | Denied,
    act: Act,
    purpose: Purpose,
    now: datetime,
    reference: str,
    under: UUID | None,
    category: Category | None,
    records: Sequence[tuple[UUID, int]],
) -> Entry:
    allowed = isinstance(verdict, Allowed)
    return Entry(
        who=who, act=act, purpose=purpose, learner=None if child is None else child.facts.learner,
        category=None if category is None else category.value, records=tuple(records), allowed=allowed,
        rule=verdict.rule if isinstance(verdict, Allowed) else "",
        citation=verdict.citation if isinstance(verdict, Allowed) else "",
        reason=None if isinstance(verdict, Allowed) else verdict.code.value, at=now, reference=reference,
        classes=(NODE_CHAIN,) if child is None else viewer_classes(child.facts, now, node.policy), under=under,
    )  # fmt: skip
