"""Sign-in codes: for whom somebody may issue one, and issuing it. Every code, and every refusal, is an entry.

Nothing here is shown twice: a code exists in the clear only in what `issue_*` returns, for the page that prints it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from consent.age import japan_day
from consent.offices import may_help_family, may_issue_family_code, may_issue_staff_code
from consent.verdict import Allowed, Denied
from consent.visibility import RELATION_OF_ROLE
from consent.vocabulary import Basis
from pds.node import Node
from pds.people import service as people
from pds.people.details import Name
from pds.people.service import KnownChild
from pds.school_work import queries
from pds.school_work.queries import StaffLine
from pds.sharing.enforcement import Asking, Refused, note_code, note_roster
from web.accounts import service as accounts
from web.accounts.models import AccountKind
from web.accounts.service import CODE_LASTS
from web.accounts.standing import Standing, standings
from web.database import bind_context


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a child's family who may get a code: the child (`basis` None) or a carer to whom it is open."""

    person: UUID
    name: Name
    basis: Basis | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class FamilyView:
    """A child and those of its family who may get a code from the asker."""

    child: KnownChild
    members: tuple[Member, ...]

    def member(self, person: UUID) -> Member | None:
        """Return one of them."""
        return next((member for member in self.members if member.person == person), None)


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed and handed over, once. `carer_of` is the child's name on the slip of a carer."""

    name: str
    carer_of: Name | None
    kind: AccountKind
    code: str
    until: datetime
    issuer: str


def open_family(session: Session, node: Node, asking: Asking, learner: UUID) -> FamilyView | Refused:
    """Decide whether codes for this family are the asker's to issue; return who may get one. An entry either way.

    Whoever may get no code is not named, and why is not told: an entry of authority is the board's to explain.
    """
    bind_context(session, learners=[learner], person=asking.viewer.person)
    child = people.find_child(session, node, learner)
    verdict = may_help_family(asking.viewer.actor, None if child is None else child.facts, asking.now, node.policy)
    if child is None or isinstance(verdict, Denied):
        refused = note_code(session, node, asking, verdict, child, learner)
        assert refused is not None  # noqa: S101  nothing is allowed for no child
        return refused
    note_roster(session, node, asking, verdict, None, None)
    return FamilyView(child, _members(session, node, asking, child))


def issue_family_code(session: Session, node: Node, asking: Asking, learner: UUID, person: UUID) -> Slip | Refused:
    """Decide, log and issue a code for a child or one of its carers; earlier unused codes of the person end."""
    bind_context(session, learners=[learner], person=asking.viewer.person)
    child = people.find_child(session, node, learner)
    facts = None if child is None else child.facts
    verdict = may_issue_family_code(asking.viewer.actor, facts, person, asking.now, node.policy)
    refused = note_code(session, node, asking, verdict, child, person)
    if refused is not None:
        return refused
    assert child is not None  # noqa: S101  nothing is allowed for no child
    code = accounts.issue_code(session, person, AccountKind.FAMILY, asking.viewer.person, asking.now)
    own = person == learner
    carer = None if own else people.carer_details(session, node, person)
    return Slip(
        name=(child.details if carer is None else carer).name.shown,
        carer_of=None if own else child.details.name,
        kind=AccountKind.FAMILY,
        code=code,
        until=asking.now + CODE_LASTS,
        issuer=_issuer(asking, verdict),
    )


def issue_staff_code(session: Session, node: Node, asking: Asking, staff: UUID) -> Slip | Refused:
    """Decide, log and issue a code for a colleague; earlier unused codes of theirs end."""
    found = queries.find_colleague(session, staff)
    colleague = None if found is None else found[1]
    verdict = may_issue_staff_code(asking.viewer.actor, colleague, asking.now, node.policy)
    refused = note_code(session, node, asking, verdict, None, staff)
    if refused is not None:
        return refused
    assert found is not None  # noqa: S101  nothing is allowed for nobody
    code = accounts.issue_code(session, staff, AccountKind.STAFF, asking.viewer.person, asking.now)
    return Slip(
        name=found[0].name,
        carer_of=None,
        kind=AccountKind.STAFF,
        code=code,
        until=asking.now + CODE_LASTS,
        issuer=_issuer(asking, verdict),
    )


def open_colleague(session: Session, node: Node, asking: Asking, staff: UUID) -> StaffLine | Refused:
    """Return a colleague for whom the asker may issue a code; a refusal is an entry."""
    found = queries.find_colleague(session, staff)
    colleague = None if found is None else found[1]
    verdict = may_issue_staff_code(asking.viewer.actor, colleague, asking.now, node.policy)
    if found is None or isinstance(verdict, Denied):
        refused = note_code(session, node, asking, verdict, None, staff)
        assert refused is not None  # noqa: S101  nothing is allowed for nobody
        return refused
    return found[0]


def colleagues_of(
    session: Session, node: Node, asking: Asking, organisation: UUID
) -> Sequence[tuple[StaffLine, Standing, bool]]:
    """Return who works at an organisation, how far their sign-in is, and whether the asker may issue them a code."""
    staff = queries.staff_of(session, organisation, japan_day(asking.now))
    known = standings(session, [line.staff for line, _ in staff], asking.now)
    actor = asking.viewer.actor
    return [
        (
            line,
            known[line.staff],
            isinstance(may_issue_staff_code(actor, colleague, asking.now, node.policy), Allowed),
        )
        for line, colleague in staff
    ]


def _members(session: Session, node: Node, asking: Asking, child: KnownChild) -> tuple[Member, ...]:
    bases: Mapping[UUID, Basis] = {
        care.carer_id: care.basis for care in child.facts.care if care.in_force_on(japan_day(asking.now))
    }
    entitled = [
        carer
        for carer in sorted(bases)
        if isinstance(may_issue_family_code(asking.viewer.actor, child.facts, carer, asking.now, node.policy), Allowed)
    ]
    learner = child.facts.learner
    known = standings(session, [learner, *entitled], asking.now)
    names = {carer: people.carer_details(session, node, carer) for carer in entitled}
    carers = (Member(carer, details.name, bases[carer], known[carer]) for carer, details in names.items() if details)
    return (Member(learner, child.details.name, None, known[learner]), *carers)


def _issuer(asking: Asking, verdict: Allowed | Denied) -> str:
    """Return the school or board in whose name the code is issued: that of the office the rule is about."""
    relation = verdict.relation if isinstance(verdict, Allowed) else None
    names = [office.organisation_name for office in asking.viewer.offices if RELATION_OF_ROLE[office.role] is relation]
    return next(iter(names), "")
