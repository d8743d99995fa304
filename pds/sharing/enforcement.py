"""The one policy enforcement point: every read of a record by anyone is decided, logged and opened here.

Each function asks `consent.decision`, writes the entry into the caller's transaction, and only then opens anything.
The edge commits before it answers, so no byte leaves without its entry; refusals are entries too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from consent.decision import Read, decide, own_chain, viewer_classes
from consent.verdict import Allowed, DenialCode, Denied, public_code
from consent.vocabulary import ActorKind, Category, Relation
from pds.access_log import entries
from pds.access_log.entries import NODE_CHAIN, Act, Entry, Purpose, Who
from pds.node import Node
from pds.people import service as people
from pds.people.service import KnownChild, Office, Viewer
from pds.records import files
from pds.records import service as records
from pds.records.files import FileNote
from pds.records.service import OpenedRecord
from web.database import bind_context


@dataclass(frozen=True, slots=True)
class Asking:
    """The circumstances of a read: who, why, when, and the reference number of the request."""

    viewer: Viewer
    purpose: Purpose
    now: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A record as this viewer may see it. `withheld` names fields that exist and stay closed.

    `earlier` are the versions before it, the oldest first, where they were asked for, without closed fields as well.
    """

    record: OpenedRecord
    body: dict[str, Any]
    withheld: tuple[str, ...]
    relation: Relation
    earlier: tuple[OpenedRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class DisclosedFile:
    """A file of a record that this viewer may see, held against the hash that the school signed."""

    note: FileNote
    content: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal. `shown` is what the person may be told; `code` is for the log alone."""

    code: DenialCode
    shown: DenialCode


@dataclass(frozen=True, slots=True)
class Overview:
    """All that a viewer may see of some categories of one child; refused categories are named, without reason."""

    child: KnownChild
    records: tuple[Disclosed, ...]
    refused: tuple[Category, ...]


def read_record(
    session: Session, node: Node, asking: Asking, learner: UUID, record: UUID, *, every_version: bool = False
) -> Disclosed | Refused:
    """Decide, log and open one record. An unknown record is answered like a child that is not the viewer's own.

    With `every_version` the versions before the standing one are opened as well, and named in the entry.
    """
    child = approach(session, node, asking, learner)
    stored = None if child is None else records.find_current(session, learner, record)
    if child is None or stored is None:
        return refuse(session, node, asking, child, unknown_child(node, asking), Act.RECORD_READ, None)
    category = stored.place.category
    verdict = decide(Read(asking.viewer.actor, child.facts, category, asking.now, stored.sent), node.policy)
    if isinstance(verdict, Denied):
        return refuse(session, node, asking, child, verdict, Act.RECORD_READ, category)
    opened = records.open_record(node, stored)
    earlier = records.open_earlier(session, node, learner, record) if every_version else ()
    shown = [opened, *earlier]
    entries.write(session, node, [entry_by_viewer(node, asking, child, verdict, Act.RECORD_READ, category, shown)])
    return disclose(opened, verdict, earlier)


def read_file(
    session: Session, node: Node, asking: Asking, learner: UUID, record: UUID, file_no: int
) -> DisclosedFile | Refused | None:
    """Decide, log and open the record, then one of the files that its standing version names; None: no such file.

    To fetch a file is to look at its record: the decision and the entry are those of the record.
    """
    disclosed = read_record(session, node, asking, learner, record)
    if isinstance(disclosed, Refused):
        return disclosed
    version = disclosed.record.place.version
    notes = files.notes_of(session, node, learner, [(record, version)]).get((record, version), ())
    note = next((one for one in notes if one.no == file_no), None)
    if note is None or (file_no, note.sha256.hex()) not in _named_files(disclosed.body):
        return None
    content = b"".join(files.read_content(session, node, learner, record, version, note))
    return DisclosedFile(note, content)


def read_overview(
    session: Session,
    node: Node,
    asking: Asking,
    learner: UUID,
    categories: Iterable[Category],
    *,
    school_year: int | None = None,
) -> Overview | Refused:
    """Decide each category by itself and open what is allowed; one entry per category, refused if none is allowed.

    With `school_year` only that year is opened, beside the enrolment records that place the child in it.
    """
    child = approach(session, node, asking, learner)
    if child is None:
        return refuse(session, node, asking, None, unknown_child(node, asking), Act.OVERVIEW_READ, None)
    verdicts = {
        category: decide(Read(asking.viewer.actor, child.facts, category, asking.now), node.policy)
        for category in categories
    }
    allowed = {category: verdict for category, verdict in verdicts.items() if isinstance(verdict, Allowed)}
    denied = {category: verdict for category, verdict in verdicts.items() if isinstance(verdict, Denied)}
    if not allowed:
        category, verdict = next(iter(denied.items()))
        return refuse(session, node, asking, child, verdict, Act.OVERVIEW_READ, category)
    opened = records.open_all_current(session, node, learner, allowed, school_year)
    for category in {one.place.category for one in opened if one.sent}:
        # The whole category is asked again: what the rules say of an original that has gone is for them to say.
        again = decide(Read(asking.viewer.actor, child.facts, category, asking.now, True), node.policy)
        if isinstance(again, Denied):
            opened = [one for one in opened if not (one.sent and one.place.category is category)]
            if not any(one.place.category is category for one in opened):
                denied[category] = again
                del allowed[category]
    if not allowed:
        category, verdict = next(iter(denied.items()))
        return refuse(session, node, asking, child, verdict, Act.OVERVIEW_READ, category)
    entries.write(
        session,
        node,
        [
            entry_by_viewer(
                node, asking, child, verdict, Act.OVERVIEW_READ, category,
                [record for record in opened if record.place.category is category],
            )
            for category, verdict in allowed.items()
        ],
    )  # fmt: skip
    return Overview(child, tuple(disclose(record, allowed[record.place.category]) for record in opened), tuple(denied))


def approach_log(session: Session, node: Node, asking: Asking, learner: UUID) -> tuple[KnownChild, str] | Refused:
    """Decide whether a viewer may see who looked at a child's record; return the child and the viewer's chain.

    The family's own look at its log is not an entry of that log: it would only ever show itself. A refusal is one.
    """
    return _approach_as_family(session, node, asking, learner, Act.LOG_READ, None)


def approach_family(
    session: Session, node: Node, asking: Asking, learner: UUID, act: Act, *, under: UUID | None = None
) -> KnownChild | Refused:
    """Decide whether a viewer is of the child's family, with anything of the child open to them; a refusal is logged.

    For what a family may see of its own affairs: who asked, what was given to whom. Whoever has no log to read, has
    none of these to see.
    """
    found = _approach_as_family(session, node, asking, learner, act, under)
    return found if isinstance(found, Refused) else found[0]


def family_verdict(asking: Asking) -> Allowed:
    """Return the verdict for what a family sees of its own affairs, once `approach_family` has let it in."""
    own = asking.viewer.actor.kind is ActorKind.LEARNER
    return Allowed(Relation.SELF if own else Relation.CARER, "family.own_affairs", "")


def note_roster(
    session: Session, node: Node, asking: Asking, verdict: Allowed | Denied, organisation: UUID | None, name: str | None
) -> Refused | None:
    """Log that somebody opened a class list, or was refused it: names of children in their care, no record."""
    entry = entry_by_viewer(node, asking, None, verdict, Act.ROSTER_READ, None, [])
    if organisation is not None and isinstance(verdict, Allowed):
        entry = replace(entry, who=replace(entry.who, organisation=organisation, organisation_name=name))
    entries.write(session, node, [entry])
    return Refused(verdict.code, public_code(verdict)) if isinstance(verdict, Denied) else None


def note_code(
    session: Session, node: Node, asking: Asking, verdict: Allowed | Denied, child: KnownChild | None, person: UUID
) -> Refused | None:
    """Log that somebody issued a sign-in code for `person`, or was refused it.

    A code for a child or one of its carers stands in the child's log, so that the family sees it; one for staff in the
    node's.
    """
    entry = replace(entry_by_viewer(node, asking, child, verdict, Act.CODE_ISSUED, None, []), concerns=person)
    entries.write(session, node, [entry])
    return Refused(verdict.code, public_code(verdict)) if isinstance(verdict, Denied) else None


def approach(session: Session, node: Node, asking: Asking, learner: UUID) -> KnownChild | None:
    """Bind the transaction to a learner and return what is known of the child. Every look at a child begins here."""
    bind_context(session, learners=[learner], person=asking.viewer.person)
    return people.find_child(session, node, learner)


def _approach_as_family(
    session: Session, node: Node, asking: Asking, learner: UUID, act: Act, under: UUID | None
) -> tuple[KnownChild, str] | Refused:
    child = approach(session, node, asking, learner)
    chain = own_chain(asking.viewer.actor, None if child is None else child.facts, asking.now, node.policy)
    if isinstance(chain, Denied):
        return refuse(session, node, asking, child, chain, act, None, under=under)
    assert child is not None  # noqa: S101  nobody has a chain of no child
    return child, chain


def unknown_child(node: Node, asking: Asking) -> Denied:
    """Return the refusal for what does not exist: the very one that this viewer gets for a stranger's child."""
    verdict = decide(Read(asking.viewer.actor, None, Category.ENROLMENT, asking.now), node.policy)
    assert isinstance(verdict, Denied)  # noqa: S101  nothing is ever allowed for no child
    return verdict


def refuse(
    session: Session,
    node: Node,
    asking: Asking,
    child: KnownChild | None,
    verdict: Denied,
    act: Act,
    category: Category | None,
    *,
    under: UUID | None = None,
) -> Refused:
    """Log a refusal and return it with what the person may be told."""
    entries.write(session, node, [entry_by_viewer(node, asking, child, verdict, act, category, [], under=under)])
    return Refused(verdict.code, public_code(verdict))


def entry_by_viewer(
    node: Node,
    asking: Asking,
    child: KnownChild | None,
    verdict: Allowed | Denied,
    act: Act,
    category: Category | None,
    opened: Sequence[OpenedRecord] = (),
    *,
    under: UUID | None = None,
    records: Sequence[tuple[UUID, int]] | None = None,
) -> Entry:
    """Return the entry of what somebody signed in did, with the records `opened`, or `records` by their ids."""
    allowed = isinstance(verdict, Allowed)
    return Entry(
        who=_who(asking.viewer, verdict.relation if isinstance(verdict, Allowed) else None, child),
        act=act,
        purpose=asking.purpose,
        learner=None if child is None else child.facts.learner,
        category=None if category is None else category.value,
        records=tuple((one.place.record, one.place.version) for one in opened) if records is None else tuple(records),
        allowed=allowed,
        rule=verdict.rule if isinstance(verdict, Allowed) else "",
        citation=verdict.citation if isinstance(verdict, Allowed) else "",
        reason=None if isinstance(verdict, Allowed) else verdict.code.value,
        at=asking.now,
        reference=asking.reference,
        classes=(NODE_CHAIN,) if child is None else viewer_classes(child.facts, asking.now, node.policy),
        under=under,
    )


def _who(viewer: Viewer, relation: Relation | None, child: KnownChild | None) -> Who:
    office = _office_for(viewer, child)
    return Who(
        viewer.actor.kind.value,
        viewer.person,
        None if relation is None else relation.value,
        None if office is None else office.organisation,
        None if office is None else office.organisation_name,
    )


def _office_for(viewer: Viewer, child: KnownChild | None) -> Office | None:
    """Return the office under which staff act for this child: at the child's school if they hold one there."""
    schools = set() if child is None else {placement.organisation for placement in child.facts.placements}
    here = [office for office in viewer.offices if office.organisation in schools]
    return next(iter(here or viewer.offices), None)


def disclose(record: OpenedRecord, verdict: Allowed, earlier: Sequence[OpenedRecord] = ()) -> Disclosed:
    """Return a record as a verdict opens it: without the fields that stay closed, which are named."""
    withheld = tuple(name for name in verdict.withheld_fields if record.body.get(name))
    before = tuple(replace(version, body=_open_fields(version.body, verdict)) for version in earlier)
    return Disclosed(record, _open_fields(record.body, verdict), withheld, verdict.relation, before)


def _open_fields(body: dict[str, Any], verdict: Allowed) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in verdict.withheld_fields}


def _named_files(value: object) -> set[tuple[int, str]]:
    """Return number and hash of every file that a body names, wherever in it."""
    match value:
        case {"no": int(no), "sha256": str(digest)}:
            return {(no, digest)}
        case dict():
            return set().union(*(_named_files(inner) for inner in value.values()))
        case list():
            return set().union(*(_named_files(inner) for inner in value))
        case _:
            return set()
