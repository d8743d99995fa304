"""The first page of staff: which offices they hold, what needs them, and the classes in their care."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from consent.age import japan_day
from consent.placement import RoleHeld
from consent.vocabulary import StaffRole
from pds.intake.service import RunView
from pds.intake.showing import Waiting, waiting_for
from pds.look_back.forms import find_form
from pds.look_back.words import Listing, Part, Sentence
from pds.people.service import Office
from pds.school_work.queries import ClassLine, SchoolLine
from pds.transfer.worklist import CaseRow, Standing
from trust.errors import N_

ENDS_SOON = timedelta(days=30)
"""From how long before its end a role is announced to be ending."""
_GRADES = tuple(find_form("urn:manabi:schema:guidance:1").inner("grade").codes.items())


@dataclass(frozen=True, slots=True)
class Held:
    """An office as a page names it. `until` is its last day, None where none is entered; `soon` announces it."""

    role: StaffRole
    organisation: UUID
    organisation_name: str
    until: date | None
    soon: bool


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for this person: one sentence, and where to do it."""

    sentence: Sentence
    address: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A class in a list: what it is called, its grade, how many children sit in it."""

    class_id: UUID
    name: str
    grade: Part
    special_needs: bool
    pupils: int


@dataclass(frozen=True, slots=True)
class School:
    """The classes of one school that somebody holds or serves."""

    name: str
    rows: tuple[Row, ...]

    @property
    def pupils(self) -> int:
        """How many children sit in these classes today."""
        return sum(row.pupils for row in self.rows)


@dataclass(frozen=True, slots=True)
class SchoolSize:
    """A school under a board in numbers; without a class its roster of the school year is still to come."""

    organisation: UUID
    name: str
    classes: int
    pupils: int


def size_schools(lines: Iterable[SchoolLine], sizes: Mapping[UUID, tuple[int, int]]) -> tuple[SchoolSize, ...]:
    """Return the schools among some organisations with their numbers, those without a roster first."""
    schools = [
        SchoolSize(line.organisation, line.name, *sizes.get(line.organisation, (0, 0)))
        for line in lines
        if line.kind == "school"
    ]
    return tuple(sorted(schools, key=lambda school: school.classes > 0))


def held_on(offices: Sequence[Office], roles: Sequence[RoleHeld], day: date) -> tuple[Held, ...]:
    """Return the offices in force on a day; a person who leads several classes of a school holds one office there."""
    found: dict[tuple[StaffRole, UUID], Held] = {}
    for office, role in zip(offices, roles, strict=True):
        if not role.in_force_on(day):
            continue
        key = (office.role, office.organisation)
        before = found.get(key)
        until = role.valid_to if before is None else _later(before.until, role.valid_to)
        soon = until is not None and until - day <= ENDS_SOON
        found[key] = Held(office.role, office.organisation, office.organisation_name, until, soon)
    return tuple(found.values())


def group_classes(classes: Iterable[ClassLine]) -> tuple[School, ...]:
    """Put classes under their schools, by grade as schools count, then by name; classes of special needs last."""
    ordered = sorted(classes, key=lambda line: (line.organisation_name, line.organisation, *_order(line)))
    return tuple(
        School(name, tuple(_row(line) for line in lines))
        for (name, _), lines in groupby(ordered, key=lambda line: (line.organisation_name, line.organisation))
    )


def name_grades(grades: Sequence[str]) -> Listing:
    """Say one grade, or several in one class, in order."""
    return Listing(tuple(text for code, text in _GRADES if code in grades))


def find_needs(
    held: Sequence[Held], runs: Iterable[RunView], moves: Iterable[CaseRow], lights: int, now: datetime
) -> tuple[Need, ...]:
    """Return what waits: lights of the node that do not shine green, moves, files that wait, offices that end soon."""
    return (*_lights(lights), *_moves(moves, japan_day(now)), *_files_that_wait(runs, now), *_ending(held))


def _lights(count: int) -> Iterator[Need]:
    if count:
        sentence = Sentence(
            N_("%(count)s light of the service needs you."), {}, count, "%(count)s lights of the service need you."
        )
        yield Need(sentence, "/staff/node/", urgent=True)


def _moves(moves: Iterable[CaseRow], today: date) -> Iterator[Need]:
    todo = [move for move in moves if move.standing is Standing.UNTOUCHED]
    if todo:
        sentence = Sentence(
            N_("%(count)s move between schools needs you."), {}, len(todo), "%(count)s moves between schools need you."
        )
        urgent = any(move.due is not None and move.due <= today for move in todo)
        yield Need(sentence, "/staff/transfers/?standing=untouched", urgent=urgent)


def _files_that_wait(runs: Iterable[RunView], now: datetime) -> Iterator[Need]:
    for run in runs:
        address, file = f"/staff/imports/{run.run_id}/", {"file": run.file_name}
        match waiting_for(run, now):
            case Waiting.SECOND_TRY:
                yield Need(Sentence(N_("The work on %(file)s stopped."), file), address, urgent=True)
            case Waiting.APPLY:
                yield Need(Sentence(N_("%(file)s is checked and waits to be applied."), file), address, urgent=True)
            case Waiting.CORRECTION:
                yield Need(Sentence(N_("%(file)s has errors and was not applied."), file), address)


def _ending(held: Iterable[Held]) -> Iterator[Need]:
    for office in held:
        if office.soon and office.until is not None:
            yield Need(
                Sentence(
                    N_(
                        "Your role at %(place)s ends on %(day)s. "
                        "If you go on, ask for it to be entered anew in good time."
                    ),
                    {"place": office.organisation_name, "day": office.until},
                ),
                "",
            )


def _later(one: date | None, other: date | None) -> date | None:
    return None if one is None or other is None else max(one, other)


def _order(line: ClassLine) -> tuple[bool, int, str]:
    places = [place for place, (code, _) in enumerate(_GRADES) if code in line.grades]
    return (line.special_needs, min(places, default=len(_GRADES)), line.name)


def _row(line: ClassLine) -> Row:
    return Row(line.class_id, line.name, name_grades(line.grades), line.special_needs, line.pupils)
