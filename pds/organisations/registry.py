"""Writing organisations, classes and enrolments: what files of schools and boards say of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from pds.organisations.models import Enrolment, Organisation, SchoolClass
from pds.rows import Change, Key, Merged, Shelf, Stuck, Values, Wanted, derive_id, merge, standing_rows, take_back

ORGANISATIONS: Final = Shelf(
    "organisation", Organisation, ("organisation_id",),
    ("kind", "code", "name", "source_id", "parent_id", "successor_code", "valid_from", "valid_to", "withdrawn"),
)  # fmt: skip
CLASSES: Final = Shelf(
    "school_class", SchoolClass, ("class_id",),
    ("organisation_id", "source_id", "school_year", "name", "grades", "special_needs", "withdrawn"),
)  # fmt: skip
ENROLMENTS: Final = Shelf(
    "enrolment", Enrolment, ("learner_id", "enrolment_id"),
    ("source_id", "class_id", "organisation_id", "school_year", "number", "begin", "end", "withdrawn"), learner=0,
)  # fmt: skip


class OrganisationKind(StrEnum):
    """A board of education (教育委員会), another establisher (設置者) without a board code, or a school."""

    BOARD = "board"
    ESTABLISHER = "establisher"
    SCHOOL = "school"


@dataclass(frozen=True, slots=True)
class KnownOrganisation:
    """An organisation as the files of a run name it."""

    organisation: UUID
    kind: OrganisationKind
    code: str
    name: str
    source_id: str
    parent: UUID | None
    successor_code: str | None
    valid_from: date | None
    valid_to: date | None

    def closed_by(self, day: date) -> bool:
        """Whether the school was closed before `day`; the last day is still a day of the school."""
        return self.valid_to is not None and self.valid_to < day

    def values(self) -> Values:
        """The columns of its row."""
        return {
            "kind": self.kind.value, "code": self.code, "name": self.name, "source_id": self.source_id,
            "parent_id": self.parent, "successor_code": self.successor_code, "valid_from": self.valid_from,
            "valid_to": self.valid_to, "withdrawn": False,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownClass:
    """A class as the files of a run name it."""

    class_id: UUID
    organisation: UUID
    source_id: str
    school_year: int
    name: str
    grades: tuple[str, ...]
    special_needs: bool

    def values(self) -> Values:
        """The columns of its row."""
        return {
            "organisation_id": self.organisation, "source_id": self.source_id, "school_year": self.school_year,
            "name": self.name, "grades": list(self.grades), "special_needs": self.special_needs, "withdrawn": False,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class WantedEnrolment:
    """A learner's place in a class. `establisher` tells apart the files of two establishers that number alike."""

    learner: UUID
    source_id: str
    establisher: UUID
    class_id: UUID
    organisation: UUID
    school_year: int
    number: int | None
    begin: date
    end: date
    withdrawn: bool = False


class Directory:
    """All organisations of the node while a file is read: found by code and by sourcedId, successors followed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows = {
            (row.organisation_id,): dict(row._mapping) for row in session.execute(select(Organisation.__table__))
        }
        self._known: dict[UUID, KnownOrganisation] = {}
        self._by_code: dict[str, UUID] = {}
        self._by_source: dict[str, set[UUID]] = {}
        for row in self._rows.values():
            if not row["withdrawn"]:
                self._learn(_known_organisation(row))

    def by_code(self, code: str) -> KnownOrganisation | None:
        """Return the organisation with a school code or board code."""
        found = self._by_code.get(code)
        return None if found is None else self._known[found]

    def by_source(self, source_id: str) -> KnownOrganisation | None:
        """Return the one organisation that rosters call by this sourcedId; None where two of them are called so."""
        found = self._by_source.get(source_id, set())
        return self._known[next(iter(found))] if len(found) == 1 else None

    def by_id(self, organisation: UUID) -> KnownOrganisation:
        """Return an organisation by its id."""
        return self._known[organisation]

    def keeper_of(self, school: KnownOrganisation, day: date) -> KnownOrganisation:
        """Return who keeps a school's records on `day`: itself, or the successor where it has closed.

        Successors are followed as far as they are known; a ring of codes ends at the school itself.
        """
        seen = {school.code}
        here = school
        while here.closed_by(day) and here.successor_code is not None:
            there = self.by_code(here.successor_code)
            if there is None or there.code in seen:
                break
            seen.add(there.code)
            here = there
        return here

    def put(self, wanted: Sequence[KnownOrganisation], *, write: bool) -> Merged:
        """Merge organisations, parents before children, and know them from now on, written or not."""
        merged = merge(
            self._session, ORGANISATIONS, [Wanted((one.organisation,), one.values()) for one in wanted], self._rows,
            write=write,
        )  # fmt: skip
        for one in wanted:
            self._learn(one)
        return merged

    def _learn(self, one: KnownOrganisation) -> None:
        known = self._known.get(one.organisation)
        if known is not None:
            self._by_source[known.source_id].discard(known.organisation)
        self._known[one.organisation] = one
        self._by_code[one.code] = one.organisation
        self._by_source.setdefault(one.source_id, set()).add(one.organisation)


def organisation_id(id_key: bytes, code: str) -> UUID:
    """Return the id of an organisation that is not known yet."""
    return derive_id(id_key, "organisation", code)


def standing_organisations(session: Session) -> tuple[KnownOrganisation, ...]:
    """Return every organisation that stands, closed schools too, in the order of their codes."""
    rows = session.execute(select(Organisation.__table__).order_by(Organisation.code)).all()
    return tuple(_known_organisation(dict(row._mapping)) for row in rows if not row.withdrawn)


def establishers_of(session: Session, wanted: Iterable[UUID]) -> dict[UUID, UUID | None]:
    """Return the establisher of each of some organisations; one that does not stand is absent."""
    rows = standing_rows(session, ORGANISATIONS, [(one,) for one in wanted])
    return {key[0]: row["parent_id"] for key, row in rows.items() if not row["withdrawn"]}


def class_id(id_key: bytes, organisation: UUID, source_id: str) -> UUID:
    """Return the id of a class: the same sourcedId at the same school is the same class."""
    return derive_id(id_key, "class", str(organisation), source_id)


def find_classes(session: Session, classes: Iterable[UUID]) -> dict[UUID, KnownClass]:
    """Return classes by id, withdrawn ones left out."""
    rows = standing_rows(session, CLASSES, [(one,) for one in classes])
    return {key[0]: _known_class(row) for key, row in rows.items() if not row["withdrawn"]}


def put_classes(session: Session, wanted: Sequence[KnownClass], *, write: bool) -> Merged:
    """Merge classes."""
    rows = [Wanted((one.class_id,), one.values()) for one in wanted]
    return merge(session, CLASSES, rows, standing_rows(session, CLASSES, [row.key for row in rows]), write=write)


def end_classes(session: Session, classes: Sequence[UUID], *, write: bool) -> Merged:
    """Withdraw classes."""
    rows = [Wanted((one,), {"withdrawn": True}) for one in classes]
    return merge(session, CLASSES, rows, standing_rows(session, CLASSES, [row.key for row in rows]), write=write)


def enrolment_id(id_key: bytes, learner: UUID, establisher: UUID, source_id: str) -> UUID:
    """Return the id of a place: the same sourcedId of the same establisher and child is the same place."""
    return derive_id(id_key, "enrolment", str(learner), str(establisher), source_id)


def places_in_classes(session: Session, classes: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    """Return the enrolments that stand in some classes, by class."""
    found: dict[UUID, set[UUID]] = {}
    for row in session.execute(_PLACES_IN_CLASSES, {"classes": list(classes)}):
        found.setdefault(row.class_id, set()).add(row.enrolment_id)
    return found


def named_places(session: Session, schools: Sequence[UUID], years: Sequence[int]) -> Iterator[tuple[UUID, str]]:
    """Yield id and sourcedId of every enrolment that stands at some schools in some school years."""
    for row in session.execute(_NAMED_PLACES, {"schools": list(schools), "years": list(years)}):
        yield row.enrolment_id, row.source_id


def named_classes(session: Session, schools: Sequence[UUID], years: Sequence[int]) -> Iterator[tuple[UUID, str]]:
    """Yield id and sourcedId of every class that stands at some schools in some school years."""
    for row in session.execute(_NAMED_CLASSES, {"schools": list(schools), "years": list(years)}):
        yield row.class_id, row.source_id


def places_of(session: Session, learners: Iterable[UUID], day: date) -> dict[UUID, set[tuple[UUID, UUID | None]]]:
    """Return the schools, each with its establisher, where learners have a place on or after a day."""
    found: dict[UUID, set[tuple[UUID, UUID | None]]] = {}
    for row in session.execute(_PLACES_OF, {"learners": list(learners), "day": day}):
        found.setdefault(row.learner_id, set()).add((row.organisation_id, row.parent_id))
    return found


def put_enrolments(session: Session, id_key: bytes, wanted: Sequence[WantedEnrolment], *, write: bool) -> Merged:
    """Merge enrolments; one that is wanted withdrawn and does not stand is nothing."""
    rows = [
        Wanted(
            (one.learner, enrolment_id(id_key, one.learner, one.establisher, one.source_id)),
            {
                "source_id": one.source_id, "class_id": one.class_id, "organisation_id": one.organisation,
                "school_year": one.school_year, "number": one.number, "begin": one.begin, "end": one.end,
                "withdrawn": one.withdrawn,
            },
        )
        for one in wanted
    ]  # fmt: skip
    return merge(session, ENROLMENTS, rows, standing_rows(session, ENROLMENTS, [row.key for row in rows]), write=write)


def take_back_rows(session: Session, kind: str, changes: Sequence[Change]) -> list[Stuck]:
    """Take back changes of this room's rows; a class or school that something hangs on stays."""
    match kind:
        case "organisation":
            standing = standing_rows(session, ORGANISATIONS, [change.key for change in changes])
            schools = {key for key, row in standing.items() if row["kind"] == OrganisationKind.SCHOOL}
            return [
                stuck
                for part in (
                    [change for change in changes if change.key in schools],
                    [change for change in changes if change.key not in schools],  # what schools stand under comes last
                )
                for stuck in take_back(
                    session, ORGANISATIONS, part, in_use=lambda keys: _organisations_in_use(session, keys)
                )
            ]
        case "school_class":
            return take_back(session, CLASSES, changes, in_use=lambda keys: _classes_in_use(session, keys))
        case "enrolment":
            return take_back(session, ENROLMENTS, changes)
        case _:
            raise ValueError(f"{kind} is not kept by this room")


def _organisations_in_use(session: Session, keys: Sequence[Key]) -> set[Key]:
    rows = session.execute(_ORGANISATIONS_IN_USE, {"ids": [key[0] for key in keys]})
    return {(found,) for found in rows.scalars()}


def _classes_in_use(session: Session, keys: Sequence[Key]) -> set[Key]:
    rows = session.execute(_CLASSES_IN_USE, {"ids": [key[0] for key in keys]})
    return {(found,) for found in rows.scalars()}


_ORGANISATIONS_IN_USE = text(
    """
    SELECT organisation_id FROM school_class WHERE organisation_id = ANY(:ids) AND NOT withdrawn
    UNION SELECT organisation_id FROM enrolment WHERE organisation_id = ANY(:ids) AND NOT withdrawn
    UNION SELECT organisation_id FROM staff_role WHERE organisation_id = ANY(:ids) AND NOT withdrawn
    UNION SELECT organisation_id FROM record WHERE organisation_id = ANY(:ids) AND NOT withdrawn
    UNION SELECT parent_id FROM organisation WHERE parent_id = ANY(:ids) AND NOT withdrawn
    """
)
_CLASSES_IN_USE = text(
    """
    SELECT class_id FROM enrolment WHERE class_id = ANY(:ids) AND NOT withdrawn
    UNION SELECT class_id FROM staff_role WHERE class_id = ANY(:ids) AND NOT withdrawn
    """
)


_PLACES_IN_CLASSES = text(
    "SELECT class_id, enrolment_id FROM enrolment WHERE class_id = ANY(:classes) AND NOT withdrawn"
)
_PLACES_OF = text(
    "SELECT DISTINCT e.learner_id, e.organisation_id, o.parent_id FROM enrolment e JOIN organisation o "
    'USING (organisation_id) WHERE e.learner_id = ANY(:learners) AND NOT e.withdrawn AND e."end" >= :day'
)
_NAMED_PLACES = text(
    "SELECT enrolment_id, source_id FROM enrolment "
    "WHERE organisation_id = ANY(:schools) AND school_year = ANY(:years) AND NOT withdrawn ORDER BY source_id"
)
_NAMED_CLASSES = text(
    "SELECT class_id, source_id FROM school_class "
    "WHERE organisation_id = ANY(:schools) AND school_year = ANY(:years) AND NOT withdrawn ORDER BY source_id"
)


def _known_organisation(row: Values) -> KnownOrganisation:
    return KnownOrganisation(
        row["organisation_id"], OrganisationKind(row["kind"]), row["code"], row["name"], row["source_id"],
        row["parent_id"], row["successor_code"], row["valid_from"], row["valid_to"],
    )  # fmt: skip


def _known_class(row: Values) -> KnownClass:
    return KnownClass(
        row["class_id"], row["organisation_id"], row["source_id"], row["school_year"], row["name"],
        tuple(row["grades"]), row["special_needs"],
    )  # fmt: skip
