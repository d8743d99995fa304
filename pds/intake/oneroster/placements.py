"""Enrollments of a OneRoster set: a student's place in a homeroom, a teacher's charge of it."""

from collections.abc import Sequence
from itertools import islice
from typing import Final
from uuid import UUID

from consent.age import school_year_begin, school_year_end
from consent.vocabulary import StaffRole as Role
from pds.intake import roster_problems
from pds.intake.oneroster.forms import Values
from pds.intake.oneroster.persons import People
from pds.intake.oneroster.roster import ROLELESS, TO_BE_DELETED, Roster
from pds.organisations import registry as organisations
from pds.organisations.registry import KnownClass, WantedEnrolment
from pds.people import registry, staffing
from pds.people.staffing import WantedRole

_BATCH: Final = 1000
_KEPT_ROLES: Final = ("student", "teacher")


class Placements:
    """Reads enrollments.csv and remembers which places it named or ended."""

    def __init__(self, roster: Roster, people: People) -> None:
        self._roster, self._people = roster, people
        self._named: set[bytes] = set()
        self._schools: set[UUID] = set()
        self._years: set[int] = set()
        self.ended: set[bytes] = set()

    def read(self) -> None:
        """Merge the file."""
        rows = self._roster.rows("enrollments")
        while batch := list(islice(rows, _BATCH)):
            self._settle(batch)

    def report_unnamed(self) -> None:
        """Report places of the set's schools and years that a complete set no longer names; they stay as they are."""
        roster, load = self._roster, self._roster.load
        if not roster.has("enrollments") or roster.is_delta("enrollments"):
            return
        standing = organisations.named_places(load.session, list(self._schools), list(self._years))
        for place, source_id in standing:
            if place.bytes not in self._named:
                load.tally["enrolment", "no_longer_named"] += 1
                load.findings.add(roster_problems.NO_LONGER_NAMED, "enrollments.csv", None, "sourcedId", source_id)

    def _settle(self, batch: Sequence[tuple[int, Values]]) -> None:
        roster, load = self._roster, self._roster.load
        users = {values.get("userSourcedId", "") for _, values in batch}
        learners = registry.find_learners(load.session, load.node, users - roster.learners.keys())
        staff = staffing.find_staff(load.session, load.node, users - roster.staff.keys())
        classes = self._outside_classes(batch)
        places: list[WantedEnrolment] = []
        roles: list[WantedRole] = []
        for row, values in batch:
            user, role = values.get("userSourcedId", ""), values.get("role", "")
            found, one = self._class_of(row, values, classes)
            if not found:
                continue
            if role not in _KEPT_ROLES:
                self._check_user(row, user, learners, staff)
                continue
            if role == "student" and values.get("primary") is True:
                load.findings.add(roster_problems.PRIMARY_OF_STUDENT, "enrollments.csv", row, "primary", "true")
            person = (
                roster.learners.get(user) or learners.get(user)
                if role == "student"
                else roster.staff.get(user) or staff.get(user)
            )
            if person is None:
                self._report_person(row, user, role)
            elif one is not None:
                self._place(row, values, person, one, places, roles)
        put = organisations.put_enrolments(load.session, load.place_key, places, write=load.write)
        load.take("enrolment", put)
        load.take("staff_role", staffing.put_roles(load.session, load.place_key, roles, write=load.write))

    def _place(
        self,
        row: int,
        values: Values,
        person: UUID,
        one: KnownClass,
        places: list[WantedEnrolment],
        roles: list[WantedRole],
    ) -> None:
        load, source_id = self._roster.load, values["sourcedId"]
        first, last = school_year_begin(one.school_year), school_year_end(one.school_year)
        begin, end = values.get("beginDate", first), values.get("endDate", last)
        for column, day in (("beginDate", begin), ("endDate", end)):
            if not first <= day <= last:
                load.findings.add(
                    roster_problems.OUTSIDE_SCHOOL_YEAR,
                    "enrollments.csv",
                    row,
                    column,
                    day.isoformat(),
                    year=one.school_year,
                )
                return
        if end < begin:
            load.findings.add(roster_problems.DATES_REVERSED, "enrollments.csv", row, "endDate", end.isoformat())
            return
        gone = values.get("status") == TO_BE_DELETED
        school = load.directory.by_id(one.organisation)
        establisher = school.parent or school.organisation
        if values["role"] == "teacher":
            origin = ("enrollments", str(establisher), source_id)
            gone = gone or values["userSourcedId"] in self._people.disabled
            roles.append(WantedRole(person, origin, Role.TEACHER, one.organisation, one.class_id, begin, end, gone))
            return
        number = values.get("metadata.jp.ShussekiNo", values.get("metadata.jp.shussekiNo"))
        places.append(
            WantedEnrolment(
                person,
                source_id,
                establisher,
                one.class_id,
                one.organisation,
                one.school_year,
                number,
                begin,
                end,
                gone,
            )
        )
        place = organisations.enrolment_id(load.place_key, person, establisher, source_id).bytes
        (self.ended if gone else self._named).add(place)
        self._schools.add(one.organisation)
        self._years.add(one.school_year)

    def _outside_classes(self, batch: Sequence[tuple[int, Values]]) -> dict[UUID, KnownClass]:
        roster, load = self._roster, self._roster.load
        asked = set()
        for _, values in batch:
            source_id = values.get("classSourcedId", "")
            school = roster.organisation(values.get("schoolSourcedId", ""))
            if source_id not in roster.classes and school is not None:
                asked.add(organisations.class_id(load.place_key, school.organisation, source_id))
        return organisations.find_classes(load.session, asked) if asked else {}

    def _class_of(self, row: int, values: Values, outside: dict[UUID, KnownClass]) -> tuple[bool, KnownClass | None]:
        """Return whether the class is known, and the class where it is a homeroom."""
        roster, load = self._roster, self._roster.load
        source_id, school_id = values.get("classSourcedId", ""), values.get("schoolSourcedId", "")
        school = roster.organisation(school_id)
        if school is None:
            roster.dangling("enrollments", row, "schoolSourcedId", school_id, "orgs")
            return False, None
        ending = values.get("status") == TO_BE_DELETED
        if source_id in roster.ended_classes:
            if ending:
                return True, roster.ended_classes[source_id][1]
            roster.dangling("enrollments", row, "classSourcedId", source_id, "classes")
            return False, None
        if source_id in roster.classes:
            one = roster.classes[source_id]
            keeper = None if one is None else load.directory.keeper_of(school, school_year_begin(one.school_year))
            if one is not None and keeper is not None and one.organisation != keeper.organisation:
                load.findings.add(
                    roster_problems.CLASS_OF_OTHER_SCHOOL, "enrollments.csv", row, "schoolSourcedId", school_id
                )
                return False, None
            return True, one
        one = outside.get(organisations.class_id(load.place_key, school.organisation, source_id))
        if one is None:
            roster.dangling("enrollments", row, "classSourcedId", source_id, "classes")
        elif not load.may_touch(school):
            load.findings.add(roster_problems.OUT_OF_REACH, "enrollments.csv", row, "schoolSourcedId", school_id)
            return False, None
        return one is not None, one

    def _check_user(self, row: int, user: str, learners: dict[str, UUID], staff: dict[str, UUID]) -> None:
        if user not in self._people.named and user not in learners and user not in staff:
            self._roster.dangling("enrollments", row, "userSourcedId", user, "users")

    def _report_person(self, row: int, user: str, role: str) -> None:
        if user not in self._people.named:
            self._roster.dangling("enrollments", row, "userSourcedId", user, "users")
            return
        if self._roster.was_refused("users", user) or self._roster.was_refused(ROLELESS, user):
            return
        problem = roster_problems.LEARNER_UNKNOWN if role == "student" else roster_problems.STAFF_UNKNOWN
        self._roster.load.findings.add(problem, "enrollments.csv", row, "userSourcedId", user)
