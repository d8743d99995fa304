"""The enrolment part of the register: one row per school attended, with both leaving dates."""

from datetime import timedelta

from manabi.sample.days import last_day_of_grade
from manabi.sample.health import Cells
from manabi.sample.people import Learner, Start, Stay, Tie
from manabi.sample.schools import grade_code
from manabi.sample.world import World

_ORDER = ("sole", "joint", "minor_guardian", "custodian", "facility_head", "foster_parent", "child_guidance_head")


def guardian_of(learner: Learner) -> Tie | None:
    """Return whom the register names as 保護者: a holder of parental authority, else who stands in for one."""
    able = [tie for tie in learner.ties if tie.state == "active" and not tie.contact_block and tie.basis in _ORDER]
    return min(able, key=lambda tie: _ORDER.index(tie.basis), default=None)


def enrolment_cells(world: World, learner: Learner, position: int) -> Cells:
    """Return one stay as cells of the layout `register_enrolment`, without the learner's id."""
    stay = learner.stays[position]
    following = learner.stays[position + 1] if position + 1 < len(learner.stays) else None
    name, guardian = learner.name, guardian_of(learner)
    cells: Cells = {
        "school_code": stay.school.code,
        "school_name": stay.school.name,
        "school_address": stay.school.address,
        "family_name": name.family,
        "given_name": f"{name.middle} {name.given}".strip(),
        "family_name_kana": name.family_kana,
        "given_name_kana": f"{name.middle_kana} {name.given_kana}".strip(),
        "preferred_name": name.preferred,
        "sex": learner.sex,
        "birth_date": learner.birth.isoformat(),
        "address": learner.address,
        "prior_history": learner.prior_history if stay.places[0].grade == 1 else "",
    }
    if guardian:
        cells["guardian1.name"] = guardian.carer.name.full
        cells["guardian1.name_kana"] = guardian.carer.name.full_kana
        cells["guardian1.address"] = guardian.carer.address if learner.address else ""
    _coming(cells, stay)
    _leaving(cells, stay, following)
    _years(cells, world, stay)
    return cells


def _coming(cells: Cells, stay: Stay) -> None:
    grade = grade_code(stay.places[0].grade)
    if stay.start is Start.ENTRY:
        cells |= {"admission.on": stay.begin.isoformat(), "admission.grade": grade, "admission.kind": "entry"}
        return
    cells |= {
        "transfer_in.on": stay.begin.isoformat(),
        "transfer_in.grade": grade,
        "transfer_in.from_school": stay.from_school,
        "transfer_in.from_address": stay.from_address,
        "transfer_in.reason": stay.reason,
    }


def _leaving(cells: Cells, stay: Stay, following: Stay | None) -> None:
    if stay.left_on is None:
        return
    if stay.graduated:
        last = stay.places[-1]
        cells["graduation.on"] = last_day_of_grade(last.school_year, last.grade).isoformat()
        if following:
            cells |= {"next_school.name": following.school.name, "next_school.address": following.school.address}
        return
    cells |= {"leaving.kind": "transfer", "leaving.left_on": stay.left_on.isoformat()}
    if following:
        cells |= {
            "leaving.day_before_acceptance": (following.begin - timedelta(days=1)).isoformat(),
            "leaving.to_school": following.school.name,
            "leaving.to_address": following.school.address,
            "leaving.grade": grade_code(following.places[0].grade),
            "leaving.reason": following.reason,
        }


def _years(cells: Cells, world: World, stay: Stay) -> None:
    faculty = world.staff.faculties[stay.school.index]
    for position, place in enumerate(stay.places, start=1):
        classes = world.classes[stay.school.index, place.school_year]
        teacher = faculty.homeroom(place.school_year, classes.ordinal(place.grade, place.class_number))
        year = f"year{position}."
        cells[year + "school_year"] = place.school_year
        cells[year + "grade"] = grade_code(place.grade)
        cells[year + "class_name"] = f"{place.class_number}組"
        cells[year + "number"] = place.number
        cells[year + "principal"] = faculty.principal(place.school_year).full
        cells[year + "homeroom_teacher"] = teacher.full
