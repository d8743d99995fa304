"""Users of a OneRoster set: students become learners, parents and the like carers, all others staff."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import islice
from typing import Final
from uuid import UUID

from consent.age import school_year_begin
from consent.vocabulary import StaffRole as Role
from pds.intake import roster_problems
from pds.intake.oneroster.forms import Values
from pds.intake.oneroster.naming import name_of, named, office_name
from pds.intake.oneroster.roster import ROLELESS, TO_BE_DELETED, Roster
from pds.people import authority, registry, staffing
from pds.people.identity import IdentityFault, Named
from pds.people.registry import PutPeople, PutPerson, WantedCarer, WantedLearner
from pds.people.staffing import WantedRole, WantedStaff
from pds.records import issuing

_BATCH: Final = 1000
_CARERS: Final = frozenset({"guardian", "parent", "relative"})
_STAFF_ROLES: Final = {"principal": Role.PRINCIPAL, "teacher": Role.TEACHER}
_FAULTS: Final = {
    IdentityFault.UNKNOWN: (roster_problems.LEARNER_UNKNOWN, "sourcedId"),
    IdentityFault.TWO_PEOPLE: (roster_problems.TWO_PEOPLE, "userMasterIdentifier"),
    IdentityFault.OTHER_PERSON: (roster_problems.OTHER_PERSON, "userMasterIdentifier"),
    IdentityFault.NO_BIRTH_DATE: (roster_problems.BIRTH_DATE_MISSING, "sourcedId"),
}


class _Part(StrEnum):
    LEARNER = "learner"
    CARER = "carer"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class _StaffRoleRow:
    row: int
    source_id: str
    user: str
    role: Role
    school: str
    begin: date | None
    end: date | None
    ends: bool


@dataclass(slots=True)
class People:
    """What users.csv and its neighbours have said so far."""

    named: dict[str, int] = field(default_factory=dict)
    """Rows of users.csv by sourcedId, read ahead so that references forward can be held against them."""
    facts: dict[str, tuple[int, date | None, str | None]] = field(default_factory=dict)
    """Birth date and sex by sourcedId, with the row of demographics.csv."""
    parts: dict[str, set[_Part]] = field(default_factory=dict)
    parts_said: set[str] = field(default_factory=set)
    """Users whose role stands in the set itself."""
    role_rows: list[_StaffRoleRow] = field(default_factory=list)
    outside: list[tuple[str, int, str]] = field(default_factory=list)
    """References to users outside the set: file, row, sourcedId."""
    agents: list[tuple[int, UUID, list[str]]] = field(default_factory=list)
    masters: dict[str, int] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)


def read_people(roster: Roster) -> People:
    """Read users, roles and demographics, and merge learners, carers, staff, contacts and roles without a class."""
    people = People()
    _look_ahead(roster, people)
    _read_demographics(roster, people)
    _read_roles(roster, people)
    users = roster.rows("users")
    while batch := list(islice(users, _BATCH)):
        _merge_users(roster, people, batch)
    _merge_lone_facts(roster, people)
    _link_agents(roster, people)
    _check_outside(roster, people)
    for start in range(0, len(people.role_rows), _BATCH):
        _merge_roles(roster, people, people.role_rows[start : start + _BATCH])
    _check_profiles(roster, people)
    return people


def _look_ahead(roster: Roster, people: People) -> None:
    if not roster.has("users"):
        return
    for row, cells in roster.sheets["users"].rows():
        if cells:
            people.named.setdefault(cells[0], row)


def _read_demographics(roster: Roster, people: People) -> None:
    for row, values in roster.rows("demographics"):
        source_id = values["sourcedId"]
        if values.get("status") == TO_BE_DELETED:
            continue
        people.facts[source_id] = (row, values.get("birthDate"), values.get("sex"))
        if source_id not in people.named:
            people.outside.append(("demographics", row, source_id))


def _read_roles(roster: Roster, people: People) -> None:
    for row, values in roster.rows("roles"):
        ends = values.get("status") == TO_BE_DELETED
        if ends and "userSourcedId" not in values:
            continue
        user, role = values["userSourcedId"], values.get("role", "")
        if user not in people.named:
            people.outside.append(("roles", row, user))
        part = _Part.LEARNER if role == "student" else _Part.CARER if role in _CARERS else _Part.STAFF
        if not ends:
            people.parts.setdefault(user, set()).add(part)
            people.parts_said.add(user)
        school = roster.organisation(values.get("orgSourcedId", ""))
        if school is None:
            roster.dangling("roles", row, "orgSourcedId", values.get("orgSourcedId", ""), "orgs")
            continue
        if not roster.load.may_touch(school):
            roster.load.findings.add(roster_problems.OUT_OF_REACH, "roles.csv", row, "orgSourcedId", school.source_id)
            continue
        begin, end = values.get("beginDate"), values.get("endDate")
        if begin is not None and end is not None and end < begin:
            roster.load.findings.add(roster_problems.DATES_REVERSED, "roles.csv", row, "endDate", end.isoformat())
            continue
        if role in _STAFF_ROLES:
            people.role_rows.append(
                _StaffRoleRow(row, values["sourcedId"], user, _STAFF_ROLES[role], school.source_id, begin, end, ends)
            )


def _merge_users(roster: Roster, people: People, batch: Sequence[tuple[int, Values]]) -> None:
    load = roster.load
    unsaid = [values["sourcedId"] for _, values in batch if values["sourcedId"] not in people.parts]
    known = _known_parts(roster, unsaid)
    learners: list[tuple[int, Values]] = []
    carers: list[tuple[int, Values]] = []
    staff: list[tuple[int, Values]] = []
    leaving: list[tuple[int, Values]] = []
    for row, values in batch:
        source_id = values["sourcedId"]
        if values.get("status") == TO_BE_DELETED:
            leaving.append((row, values))
            continue
        if not _is_first_of_its_master(roster, people, row, values):
            continue
        parts = people.parts.get(source_id) or known.get(source_id, set())
        if not parts and not roster.was_refused(ROLELESS, source_id):
            load.findings.add(roster_problems.USER_WITHOUT_ROLE, "users.csv", row, "sourcedId", source_id)
        if _Part.LEARNER in parts and _Part.STAFF in parts:
            load.findings.add(roster_problems.ROLE_CONFLICT, "users.csv", row, "sourcedId", source_id)
            roster.refuse("users", source_id)
            continue
        primary = values.get("primaryOrgSourcedId")
        if primary is not None and roster.organisation(primary) is None:
            roster.dangling("users", row, "primaryOrgSourcedId", primary, "orgs")
        people.parts.setdefault(source_id, parts)
        for part, rows in ((_Part.LEARNER, learners), (_Part.CARER, carers), (_Part.STAFF, staff)):
            if part in parts:
                rows.append((row, values))
    _check_reach(roster, people, [*learners, *staff], leaving)
    _merge_learners(roster, people, learners)
    _merge_carers(roster, carers)
    _merge_staff(roster, people, staff)
    _take_off(roster, leaving)


def _check_reach(
    roster: Roster, people: People, staying: Sequence[tuple[int, Values]], leaving: Sequence[tuple[int, Values]]
) -> None:
    """Refuse changes to people whom nothing in the set, and no place of theirs, puts in the officer's reach."""
    load = roster.load
    if load.reach.is_whole:
        return
    rows = {values["sourcedId"]: row for row, values in staying if values["sourcedId"] not in people.parts_said}
    rows |= {values["sourcedId"]: row for row, values in leaving}
    learners = registry.find_learners(load.session, load.node, rows)
    staff = staffing.find_staff(load.session, load.node, rows)
    carers = registry.find_carers(load.session, load.node, rows)
    children = authority.children_of(load.session, carers.values())
    beyond = load.reach.learners_beyond(
        [*learners.values(), *(child for found in children.values() for child in found)]
    )
    beyond_staff = load.reach.staff_beyond(staff.values())
    for source_id, row in rows.items():
        carer = carers.get(source_id)
        if (
            learners.get(source_id) in beyond
            or staff.get(source_id) in beyond_staff
            or (carer is not None and children.get(carer, set()) <= beyond)
        ):
            load.findings.add(roster_problems.OUT_OF_REACH, "users.csv", row, "sourcedId", source_id)


def _merge_learners(roster: Roster, people: People, rows: Sequence[tuple[int, Values]]) -> None:
    load = roster.load
    wanted = []
    for _, values in rows:
        _, birth_date, sex = people.facts.get(values["sourcedId"], (0, None, None))
        wanted.append(WantedLearner(named(values), name_of(values), birth_date, sex))
    put = registry.put_learners(load.session, load.node, load.person_key, wanted, now=load.now, write=load.write)
    for (row, values), result in zip(rows, _settle(roster, "learner", rows, put, roster.learners), strict=True):
        source_id = values["sourcedId"]
        if result.moved_birth_date:
            line = people.facts[source_id][0]
            load.findings.add(roster_problems.BIRTH_DATE_MOVED, "demographics.csv", line, "birthDate", source_id)
        if result.person is not None and "agentSourcedIds" in values:
            people.agents.append((row, result.person, values["agentSourcedIds"]))


def _merge_carers(roster: Roster, rows: Sequence[tuple[int, Values]]) -> None:
    load = roster.load
    wanted = [WantedCarer(named(values), name_of(values)) for _, values in rows]
    put = registry.put_carers(load.session, load.node, load.person_key, wanted, write=load.write)
    _settle(roster, "carer", rows, put, roster.carers)


def _merge_staff(roster: Roster, people: People, rows: Sequence[tuple[int, Values]]) -> None:
    load = roster.load
    wanted = [WantedStaff(named(values), *office_name(values)) for _, values in rows]
    put = staffing.put_staff(load.session, load.node, load.person_key, wanted, write=load.write)
    _settle(roster, "staff", rows, put, roster.staff)
    for row, values in rows:
        if values["enabledUser"] is False:
            people.disabled.add(values["sourcedId"])
            load.findings.add(roster_problems.STAFF_DISABLED, "users.csv", row, "enabledUser", values["sourcedId"])


def _is_first_of_its_master(roster: Roster, people: People, row: int, values: Values) -> bool:
    """Whether no row before has the same userMasterIdentifier; it names one person, and a set names each once."""
    master = values.get("userMasterIdentifier", "")
    first = people.masters.setdefault(master, row) if master else row
    if first == row:
        return True
    roster.load.findings.add(roster_problems.DUPLICATE, "users.csv", row, "userMasterIdentifier", master, first=first)
    roster.refuse("users", values["sourcedId"])
    return False


def _settle(
    roster: Roster, kind: str, rows: Sequence[tuple[int, Values]], put: PutPeople, known: dict[str, UUID]
) -> list[PutPerson]:
    """Count what came of some users, note who they are, and report those of whom that is not certain."""
    load = roster.load
    load.changes.add(put.changes)
    for (row, values), result in zip(rows, put.results, strict=True):
        source_id = values["sourcedId"]
        if result.person is not None:
            load.count(kind, [result.outcome])
            known[source_id] = result.person
        elif result.fault is not None:
            roster.refuse("users", source_id)
            if result.fault is IdentityFault.NO_BIRTH_DATE and roster.was_refused("demographics", source_id):
                continue
            problem, column = _FAULTS[result.fault]
            load.findings.add(problem, "users.csv", row, column, values.get(column, ""))
    return put.results


def _merge_lone_facts(roster: Roster, people: People) -> None:
    """Merge dates of birth of learners whom the set names in demographics.csv alone."""
    load = roster.load
    alone = [
        (row, WantedLearner(Named(source_id, ""), None, birth_date, sex))
        for source_id, (row, birth_date, sex) in people.facts.items()
        if source_id not in people.named
    ]
    known = registry.find_learners(load.session, load.node, [one.named.source_id for _, one in alone])
    alone = [(row, one) for row, one in alone if one.named.source_id in known]
    beyond = load.reach.learners_beyond(known.values())
    for row, one in alone:
        if known[one.named.source_id] in beyond:
            load.findings.add(roster_problems.OUT_OF_REACH, "demographics.csv", row, "sourcedId", one.named.source_id)
    for start in range(0, len(alone), _BATCH):
        part = alone[start : start + _BATCH]
        put = registry.put_learners(
            load.session, load.node, load.person_key, [one for _, one in part], now=load.now, write=load.write
        )
        load.changes.add(put.changes)
        load.count("learner", [result.outcome for result in put.results])
        for (row, one), result in zip(part, put.results, strict=True):
            if result.moved_birth_date:
                load.findings.add(
                    roster_problems.BIRTH_DATE_MOVED, "demographics.csv", row, "birthDate", one.named.source_id
                )


def _link_agents(roster: Roster, people: People) -> None:
    """Note the adults named for each student, unless an entry of authority says more."""
    load = roster.load
    for start in range(0, len(people.agents), _BATCH):
        part = people.agents[start : start + _BATCH]
        outside = {agent for _, _, agents in part for agent in agents if agent not in people.named}
        known = registry.find_carers(load.session, load.node, outside)
        pairs: list[tuple[UUID, UUID]] = []
        for row, learner, agents in part:
            for agent in agents:
                carer = roster.carers.get(agent) or known.get(agent)
                if carer is not None:
                    pairs.append((learner, carer))
                elif agent in people.named:
                    load.findings.add(roster_problems.AGENT_NOT_CARER, "users.csv", row, "agentSourcedIds", agent)
                else:
                    roster.dangling("users", row, "agentSourcedIds", agent, "users")
        since = school_year_begin(roster.newest_school_year)
        load.take("care", authority.put_contacts(load.session, load.node, pairs, since=since, write=load.write))


def _merge_roles(roster: Roster, people: People, rows: Sequence[_StaffRoleRow]) -> None:
    load = roster.load
    outside = {one.user for one in rows if one.user not in roster.staff}
    known = staffing.find_staff(load.session, load.node, outside)
    wanted: list[WantedRole] = []
    for one in rows:
        staff = roster.staff.get(one.user) or known.get(one.user)
        school = roster.organisation(one.school)
        if staff is None or school is None:
            continue
        begin = one.begin or school_year_begin(roster.newest_school_year)
        keeper = load.directory.keeper_of(school, begin)
        origin = ("roles", str(keeper.parent or keeper.organisation), one.source_id)
        gone = one.ends or one.user in people.disabled
        wanted.append(WantedRole(staff, origin, one.role, keeper.organisation, None, begin, one.end, gone))
    load.take("staff_role", staffing.put_roles(load.session, load.place_key, wanted, write=load.write))


def _take_off(roster: Roster, rows: Sequence[tuple[int, Values]]) -> None:
    """Take people off the roster; a child with records, or a carer with authority, stays."""
    load = roster.load
    lines = {values["sourcedId"]: row for row, values in rows}
    if not lines:
        return
    learners = registry.find_learners(load.session, load.node, lines)
    recorded = issuing.learners_with_records(load.session, list(learners.values()))
    for source_id, learner in learners.items():
        if learner in recorded:
            load.findings.add(roster_problems.RECORDS_STAY, "users.csv", lines[source_id], "status", source_id)
    going = [learner for learner in learners.values() if learner not in recorded]
    load.take("learner", registry.end_learners(load.session, load.node, going, write=load.write))

    carers = registry.find_carers(load.session, load.node, lines)
    ended, kept = authority.end_contacts(load.session, load.node, carers.values(), write=load.write)
    load.take("care", ended)
    for source_id, carer in carers.items():
        if carer in kept:
            load.findings.add(roster_problems.AUTHORITY_STAYS, "users.csv", lines[source_id], "status", source_id)
    leaving = [carer for carer in carers.values() if carer not in kept]
    load.take("carer", registry.end_carers(load.session, load.node, leaving, write=load.write))

    staff = staffing.find_staff(load.session, load.node, lines)
    gone, roles = staffing.end_staff(load.session, list(staff.values()), write=load.write)
    load.take("staff", gone)
    load.take("staff_role", roles)


def _check_outside(roster: Roster, people: People) -> None:
    """Hold references to users outside the set against who is known here."""
    for start in range(0, len(people.outside), _BATCH):
        part = people.outside[start : start + _BATCH]
        known = _known_parts(roster, [source_id for _, _, source_id in part])
        for file, row, source_id in part:
            if source_id not in known:
                column = "sourcedId" if file == "demographics" else "userSourcedId"
                roster.dangling(file, row, column, source_id, "users")


def _check_profiles(roster: Roster, people: People) -> None:
    """userProfiles.csv is checked for its references alone; what it holds (accounts, passwords) is not kept."""
    profiles = [
        (row, values["userSourcedId"]) for row, values in roster.rows("userProfiles") if "userSourcedId" in values
    ]
    people.outside = [("userProfiles", row, user) for row, user in profiles if user not in people.named]
    _check_outside(roster, people)


def _known_parts(roster: Roster, source_ids: Iterable[str]) -> dict[str, set[_Part]]:
    load, asked = roster.load, list(source_ids)
    found: dict[str, set[_Part]] = {}
    if not asked:
        return found
    for source_id in registry.find_learners(load.session, load.node, asked):
        found.setdefault(source_id, set()).add(_Part.LEARNER)
    for source_id in registry.find_carers(load.session, load.node, asked):
        found.setdefault(source_id, set()).add(_Part.CARER)
    for source_id in staffing.find_staff(load.session, load.node, asked):
        found.setdefault(source_id, set()).add(_Part.STAFF)
    return found
