"""The rows of an establisher's OneRoster 1.2 files: organisations, classes, users, roles, enrolments."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from manabi.sample.classes import class_id, class_title
from manabi.sample.days import SCHOOL_YEAR, year_begin, year_end
from manabi.sample.people import Carer, Learner, Name, Tie, master_id
from manabi.sample.registers import carer_id, learner_id
from manabi.sample.schools import Establisher, School, grade_code, stage_of
from manabi.sample.staff import StaffMember
from manabi.sample.world import World

Row = dict[str, str]
"""Cells by column name; a column without a cell stays empty."""

_STAFF_ROLE = {
    "principal": "principal",
    "teacher": "teacher",
    "nurse_teacher": "teacher",
    "clerk": "siteAdministrator",
    "board_officer": "districtAdministrator",
    "operator": "systemAdministrator",
}
"""OneRoster has no word for 養護教諭, clerk, board officer and operator; `staff_roles` names them exactly."""


@dataclass(slots=True)
class Roll:
    """Everybody on one establisher's files: present children, former ones, the carers of the present, the staff."""

    establisher: Establisher
    present: list[Learner] = field(default_factory=list)
    former: list[Learner] = field(default_factory=list)
    ties: dict[int, list[tuple[Tie, Learner]]] = field(default_factory=dict)
    staff: list[StaffMember] = field(default_factory=list)

    def carers(self) -> Iterator[tuple[Carer, list[tuple[Tie, Learner]]]]:
        """Yield each carer with the ties that bring them here."""
        for _, found in sorted(self.ties.items()):
            yield found[0][0].carer, found


def call_roll(world: World, establisher: Establisher) -> Roll:
    """Gather everybody who belongs on an establisher's files."""
    roll = Roll(establisher, staff=[member for member in world.staff.members if member.establisher is establisher])
    for learner in world.learners:
        if learner.now.school.establisher is establisher:
            roll.present.append(learner)
            for tie in learner.ties:
                roll.ties.setdefault(tie.carer.number, []).append((tie, learner))
        elif any(stay.school.establisher is establisher for stay in learner.stays):
            roll.former.append(learner)
    return roll


def session_rows(roll: Roll) -> Iterator[Row]:
    """The school year."""
    yield {
        "sourcedId": session_id(roll.establisher),
        "title": f"{SCHOOL_YEAR}年度",
        "type": "schoolYear",
        "startDate": year_begin(SCHOOL_YEAR).isoformat(),
        "endDate": year_end(SCHOOL_YEAR).isoformat(),
        "schoolYear": str(SCHOOL_YEAR),
    }


def org_rows(world: World, roll: Roll) -> Iterator[Row]:
    """The establisher and its schools, closed ones included: registers still name them."""
    own = roll.establisher
    yield {"sourcedId": own.sourced_id, "name": own.name, "type": "district", "identifier": own.code}
    for school in world.schools.every:
        if school.establisher is own:
            yield {
                "sourcedId": school.sourced_id,
                "name": school.name,
                "type": "school",
                "identifier": school.code,
                "parentSourcedId": own.sourced_id,
            }


def course_rows(world: World, roll: Roll) -> Iterator[Row]:
    """One course per grade, as homerooms need one to belong to."""
    stages = {school.stage for school in world.schools.every if school.establisher is roll.establisher}
    for grade in range(1, 13):
        if stage_of(grade) in stages:
            yield {
                "sourcedId": course_id(roll.establisher, grade),
                "schoolYearSourcedId": session_id(roll.establisher),
                "title": f"学級（{grade_code(grade)}）",
                "grades": grade_code(grade),
                "orgSourcedId": roll.establisher.sourced_id,
            }


def class_rows(world: World, roll: Roll) -> Iterator[Row]:
    """The homerooms of the running year."""
    for school in world.schools.every:
        year = world.classes.get((school.index, SCHOOL_YEAR))
        if school.establisher is not roll.establisher or year is None:
            continue
        for grade, count in sorted(year.counts.items()):
            for number in range(1, count + 1):
                yield {
                    "sourcedId": class_id(school, SCHOOL_YEAR, grade, number),
                    "title": class_title(grade, number),
                    "grades": grade_code(grade),
                    "courseSourcedId": course_id(roll.establisher, grade),
                    "classCode": f"{grade_code(grade)}-{number}",
                    "classType": "homeroom",
                    "schoolSourcedId": school.sourced_id,
                    "termSourcedIds": session_id(roll.establisher),
                    "metadata.jp.specialNeeds": "false",
                }


def user_rows(world: World, roll: Roll) -> Iterator[Row]:
    """Children (former ones disabled), carers and staff."""
    for learner in roll.present:
        yield learner_row(world, roll.establisher, learner)
    for learner in roll.former:
        yield _user(world, learner_id(roll.establisher, learner), "learner", learner.number, learner.name) | {
            "enabledUser": "false"
        }
    for carer, ties in roll.carers():
        children = sorted({learner.number: learner for _, learner in ties}.items())
        yield _user(world, carer_id(roll.establisher, carer.number), "carer", carer.number, carer.name) | {
            "agentSourcedIds": ",".join(learner_id(roll.establisher, child) for _, child in children),
            "primaryOrgSourcedId": children[0][1].now.school.sourced_id,
        }
    for member in roll.staff:
        yield staff_row(world, member)


def learner_row(world: World, establisher: Establisher, learner: Learner) -> Row:
    """A present child's row of users.csv."""
    place = learner.now.places[-1]
    return _user(world, learner_id(establisher, learner), "learner", learner.number, learner.name) | {
        "agentSourcedIds": ",".join(carer_id(establisher, tie.carer.number) for tie in learner.ties),
        "grades": grade_code(learner.grade),
        "primaryOrgSourcedId": learner.now.school.sourced_id,
        "metadata.jp.homeClass": class_id(learner.now.school, SCHOOL_YEAR, place.grade, place.class_number),
    }


def staff_row(world: World, member: StaffMember) -> Row:
    """A staff member's row of users.csv."""
    org = member.school.sourced_id if member.school else member.establisher.sourced_id
    return _user(world, member.sourced_id, "staff", member.number, member.name) | {
        "primaryOrgSourcedId": org,
        "metadata.jp.homeClass": member.class_id,
    }


def role_rows(roll: Roll) -> Iterator[Row]:
    """Who is what where: children, carers at each school of their children, staff."""
    for learner in roll.present:
        yield student_role(roll.establisher, learner, learner.now.school)
    for learner in roll.former:
        stay = next(stay for stay in reversed(learner.stays) if stay.school.establisher is roll.establisher)
        end = stay.left_on.isoformat() if stay.left_on else ""
        yield student_role(roll.establisher, learner, stay.school) | {
            "beginDate": stay.begin.isoformat(),
            "endDate": end,
        }
    for carer, ties in roll.carers():
        who = carer_id(roll.establisher, carer.number)
        role = "relative" if all(tie.basis == "contact" for tie, _ in ties) else "guardian"
        schools = sorted({learner.now.school.sourced_id for _, learner in ties})
        for position, school in enumerate(schools):
            yield _role(f"{who}-r{position + 1}", who, role, school, primary=position == 0)
    for member in roll.staff:
        yield staff_role(member)


def student_role(establisher: Establisher, learner: Learner, school: School) -> Row:
    """A child's role at a school for the running year."""
    who = learner_id(establisher, learner)
    return _role(f"{who}-r1", who, "student", school.sourced_id) | _year()


def staff_role(member: StaffMember) -> Row:
    """A staff member's role at school or board, from appointment to the end of the year."""
    org = member.school.sourced_id if member.school else member.establisher.sourced_id
    dates = {"beginDate": member.since.isoformat(), "endDate": year_end(SCHOOL_YEAR).isoformat()}
    return _role(f"{member.sourced_id}-r1", member.sourced_id, _STAFF_ROLE[member.role], org) | dates


def enrollment_rows(roll: Roll, number_column: str, public_column: str) -> Iterator[Row]:
    """Children in their homerooms with 出席番号, and the teachers who lead them."""
    for learner in roll.present:
        row = student_enrollment(roll.establisher, learner)
        place = learner.now.places[-1]
        hidden = any(tie.contact_block for tie in learner.ties)
        yield row | {number_column: str(place.number), public_column: "false" if hidden else "true"}
    for member in roll.staff:
        if member.class_ and member.school:
            yield teacher_enrollment(member)


def student_enrollment(establisher: Establisher, learner: Learner) -> Row:
    """A child's place in the present homeroom."""
    place, school = learner.now.places[-1], learner.now.school
    return {
        "sourcedId": f"{learner_id(establisher, learner)}-e1",
        "classSourcedId": class_id(school, SCHOOL_YEAR, place.grade, place.class_number),
        "schoolSourcedId": school.sourced_id,
        "userSourcedId": learner_id(establisher, learner),
        "role": "student",
        "primary": "false",
        "beginDate": place.begin.isoformat(),
        "endDate": year_end(SCHOOL_YEAR).isoformat(),
    }


def teacher_enrollment(member: StaffMember) -> Row:
    """A homeroom teacher's place in the class."""
    if member.school is None or member.class_ is None:
        raise ValueError(f"{member.sourced_id} leads no class")
    return {
        "sourcedId": f"{member.sourced_id}-e1",
        "classSourcedId": member.class_id,
        "schoolSourcedId": member.school.sourced_id,
        "userSourcedId": member.sourced_id,
        "role": "teacher",
        "primary": "true",
    } | _year()


def demographic_rows(roll: Roll) -> Iterator[Row]:
    """Birth date and sex of every child."""
    for learner in (*roll.present, *roll.former):
        yield {
            "sourcedId": learner_id(roll.establisher, learner),
            "birthDate": learner.birth.isoformat(),
            "sex": learner.sex,
        }


def session_id(establisher: Establisher) -> str:
    """Return the `sourcedId` of the running school year."""
    return f"{establisher.prefix}-y-{SCHOOL_YEAR}"


def course_id(establisher: Establisher, grade: int) -> str:
    """Return the `sourcedId` of a grade's course."""
    return f"{establisher.prefix}-co-{SCHOOL_YEAR}-{grade_code(grade)}"


def _user(world: World, sourced_id: str, kind: str, number: int, name: Name) -> Row:
    return {
        "sourcedId": sourced_id,
        "enabledUser": "true",
        "username": sourced_id,
        "givenName": name.given,
        "familyName": name.family,
        "middleName": name.middle,
        "userMasterIdentifier": master_id(world.seed, kind, number),
        "preferredGivenName": name.preferred_given or name.given,
        "preferredFamilyName": name.preferred_family or name.family,
        "metadata.jp.kanaGivenName": name.given_kana,
        "metadata.jp.kanaFamilyName": name.family_kana,
        "metadata.jp.kanaMiddleName": name.middle_kana,
        "metadata.jp.kanaPreferredFamilyName": name.preferred_family_kana or name.family_kana,
        "metadata.jp.kanaPreferredGivenName": name.preferred_given_kana or name.given_kana,
    }


def _role(sourced_id: str, user: str, role: str, org: str, primary: bool = True) -> Row:
    return {
        "sourcedId": sourced_id,
        "userSourcedId": user,
        "roleType": "primary" if primary else "secondary",
        "role": role,
        "orgSourcedId": org,
    }


def _year() -> Row:
    return {"beginDate": year_begin(SCHOOL_YEAR).isoformat(), "endDate": year_end(SCHOOL_YEAR).isoformat()}
