"""The way of a child through schools, from grade 1 (or from arrival) to the running year."""

from dataclasses import dataclass
from datetime import date

from manabi.sample.days import SCHOOL_YEAR, year_begin, year_end
from manabi.sample.people import Place, Start, Stay
from manabi.sample.schools import FIRST_GRADE, LAST_GRADE, MERGER_DAY, School, Schools, Stage

MOVED = "転居のため"
MERGED = "学校統合のため"


@dataclass(frozen=True, slots=True)
class Way:
    """What a child's way depends on.

    `zone` is the home zone, `north` whether it lay in the closed school's zone. `arrived` and `switched` are grades
    (0: never): arrival from another municipality, and a move from the neighbouring zone into the home zone.
    `mid_year` puts the change after the summer holidays instead of 1 April. `outside` is the earlier school's name
    and address.
    """

    zone: int
    north: bool = False
    private: bool = False
    arrived: int = 0
    switched: int = 0
    mid_year: bool = False
    outside: tuple[str, str] = ("", "")


def first_year_of(grade: int) -> int:
    """Return the school year in which a child who is now in `grade` was in grade 1."""
    return SCHOOL_YEAR - grade + 1


def plan_stays(way: Way, grade: int, schools: Schools) -> list[Stay]:
    """Return the stays of a child who is now in `grade`, oldest first, each with its school years."""
    first_year = first_year_of(grade)
    arrival = _change_day(way, first_year, way.arrived) if way.arrived > 1 else year_begin(first_year)
    first_grade = max(way.arrived, 1)
    stays: list[Stay] = []
    for stage in Stage:
        if first_grade > LAST_GRADE[stage] or grade < FIRST_GRADE[stage]:
            continue
        begins = max(arrival, year_begin(first_year + FIRST_GRADE[stage] - 1))
        ends = year_end(first_year + LAST_GRADE[stage] - 1) if grade > LAST_GRADE[stage] else None
        start = Start.OUTSIDE if way.arrived > 1 and begins == arrival else Start.ENTRY
        part = _stage_stays(stage, way, schools, (begins, ends, start), first_year)
        part[-1].left_on, part[-1].graduated = ends, ends is not None
        stays += part
    for stay in stays:
        stay.places = _places(stay, first_year)
    return stays


def _stage_stays(
    stage: Stage, way: Way, schools: Schools, span: tuple[date, date | None, Start], first_year: int
) -> list[Stay]:
    begins, ends, start = span
    days = {begins}
    switch = _change_day(way, first_year, way.switched) if way.switched and stage is Stage.ELEMENTARY else None
    if switch and begins < switch:
        days.add(switch)
    if stage is Stage.ELEMENTARY and begins < MERGER_DAY <= (ends or MERGER_DAY):
        days.add(MERGER_DAY)
    stays: list[Stay] = []
    for day in sorted(days):
        school = _school_on(stage, way, schools, day, switch)
        if not stays:
            stay = Stay(school, day, start, [])
            if start is Start.OUTSIDE:
                stay.from_school, stay.from_address, stay.reason = *way.outside, MOVED
        elif school is stays[-1].school:
            continue
        else:
            merged = stays[-1].school is schools.closed and day == MERGER_DAY
            stays[-1].left_on = _left_before(day)
            stay = Stay(
                school, day, Start.MERGER if merged else Start.TRANSFER, [],
                from_school=stays[-1].school.name, from_address=stays[-1].school.address,
                reason=MERGED if merged else MOVED,
            )  # fmt: skip
        stays.append(stay)
    return stays


def _school_on(stage: Stage, way: Way, schools: Schools, day: date, switch: date | None) -> School:
    if stage is Stage.SENIOR_HIGH:
        return schools.senior
    if stage is Stage.JUNIOR_HIGH:
        return schools.private if way.private else schools.junior[way.zone]
    if switch and day < switch:
        return schools.elementary[(way.zone + 1) % len(schools.elementary)]
    return schools.closed if way.north and day < MERGER_DAY else schools.elementary[way.zone]


def _change_day(way: Way, first_year: int, grade: int) -> date:
    year = first_year + grade - 1
    return date(year, 8, 28) if way.mid_year else year_begin(year)


def _left_before(day: date) -> date:
    """The last day at the old school: the end of term where the change came with the new term."""
    return date(day.year, 7, 20) if (day.month, day.day) == (8, 28) else date(day.year, 3, 31)


def _places(stay: Stay, first_year: int) -> list[Place]:
    begin_year = stay.begin.year if stay.begin.month >= 4 else stay.begin.year - 1
    last = stay.left_on or year_end(SCHOOL_YEAR)
    last_year = last.year if last.month >= 4 else last.year - 1
    return [
        Place(year, year - first_year + 1, max(stay.begin, year_begin(year)), min(last, year_end(year)))
        for year in range(begin_year, last_year + 1)
    ]
