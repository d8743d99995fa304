"""The establishers and schools of the sample municipality and its neighbours."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from manabi.sample.codes import school_code
from manabi.sample.tables import table


class Stage(StrEnum):
    """A stage of schooling, by the first letters of its grades and of its school code."""

    ELEMENTARY = "elementary"
    JUNIOR_HIGH = "junior_high"
    SENIOR_HIGH = "senior_high"


FIRST_GRADE: Final = {Stage.ELEMENTARY: 1, Stage.JUNIOR_HIGH: 7, Stage.SENIOR_HIGH: 10}
LAST_GRADE: Final = {Stage.ELEMENTARY: 6, Stage.JUNIOR_HIGH: 9, Stage.SENIOR_HIGH: 12}
_LETTER: Final = {Stage.ELEMENTARY: "P", Stage.JUNIOR_HIGH: "J", Stage.SENIOR_HIGH: "H"}
_KIND: Final = {Stage.ELEMENTARY: "B1", Stage.JUNIOR_HIGH: "C1", Stage.SENIOR_HIGH: "D1"}

MERGER_DAY: Final = date(2021, 4, 1)
"""From this day the closed school's children went to its successor."""


def stage_of(grade: int) -> Stage:
    """Return the stage of a grade counted from 1 to 12."""
    return Stage.ELEMENTARY if grade <= 6 else Stage.JUNIOR_HIGH if grade <= 9 else Stage.SENIOR_HIGH


def grade_code(grade: int) -> str:
    """Return the grade as files write it: P1 to P6, J1 to J3, H1 to H3."""
    stage = stage_of(grade)
    return f"{_LETTER[stage]}{grade - FIRST_GRADE[stage] + 1}"


@dataclass(frozen=True, slots=True)
class Establisher:
    """Who runs schools and hands in files: a municipal board, a prefectural board, a school corporation.

    `code` is the education-board code, empty for a corporation. `profile` names the OneRoster profile of its system.
    """

    key: str
    prefix: str
    name: str
    code: str
    profile: str
    system: str

    @property
    def sourced_id(self) -> str:
        """Its id in OneRoster files."""
        return f"{self.prefix}-org"


@dataclass(frozen=True, slots=True)
class School:
    """One school. `index` is unique over all schools; `successor` is set for a closed one."""

    index: int
    establisher: Establisher = field(repr=False)
    stage: Stage
    code: str
    name: str
    address: str
    opened: date = date(1985, 4, 1)
    closed_on: date | None = None
    successor: str = ""

    @property
    def sourced_id(self) -> str:
        """Its id in OneRoster files."""
        return f"{self.establisher.prefix}-sch-{self.index:03d}"


@dataclass(frozen=True, slots=True)
class Schools:
    """All schools by their part in the story; junior high school `i` takes the children of elementary school `i`."""

    elementary: tuple[School, ...]
    junior: tuple[School, ...]
    closed: School
    private: School
    senior: School
    establishers: tuple[Establisher, ...]
    municipality: str

    @property
    def every(self) -> tuple[School, ...]:
        """Every school, in the order of `index`."""
        return (*self.elementary, *self.junior, self.closed, self.private, self.senior)


def found_schools(per_stage: int, municipality: str) -> Schools:
    """Return the schools of a municipality with `per_stage` elementary and as many junior high schools."""
    words = table("places")
    places = words["municipalities"][municipality]
    prefecture, first = places["prefecture_number"], places["first_serial"]
    city = Establisher("municipal", "m", f"{places['municipality']}教育委員会", places["municipal_board"],
                       "jp_v1_2_1", "みらい校務支援")  # fmt: skip
    region = Establisher("prefectural", "k", f"{places['prefecture']}教育委員会", places["prefectural_board"],
                         "jp_k12_v1_0", "あおば県立学校校務")  # fmt: skip
    company = Establisher("private", "p", places["company"], "", "jp_k12_v1_0", "学園校務クラウド")

    def public(stage: Stage, number: int, suffix: str) -> School:
        place = _place(number)
        serial = first + number + 1 + (100 if stage is Stage.JUNIOR_HIGH else 0)
        index = number + (per_stage if stage is Stage.JUNIOR_HIGH else 0)
        return School(
            index, city, stage, school_code(_KIND[stage], prefecture, 2, serial),
            f"{places['municipality']}立{place}{suffix}", _address(places["municipality"], number, stage),
        )  # fmt: skip

    elementary = tuple(public(Stage.ELEMENTARY, number, "小学校") for number in range(per_stage))
    junior = tuple(public(Stage.JUNIOR_HIGH, number, "中学校") for number in range(per_stage))
    closed = School(
        2 * per_stage, city, Stage.ELEMENTARY, school_code("B1", prefecture, 2, first + 90),
        f"{places['municipality']}立{words['closed_school']}小学校", f"{places['municipality']}北町3丁目2番1号",
        closed_on=date(2021, 3, 31), successor=elementary[0].code,
    )  # fmt: skip
    private = School(
        2 * per_stage + 1, company, Stage.JUNIOR_HIGH, school_code("C1", prefecture, 3, first + 301),
        places["private_school"], f"{places['municipality']}青葉台5丁目1番1号", date(1998, 4, 1),
    )  # fmt: skip
    senior = School(
        2 * per_stage + 2, region, Stage.SENIOR_HIGH, school_code("D1", prefecture, 2, first + 201),
        places["senior_school"], f"{places['municipality']}富士見1丁目10番1号", date(1952, 4, 1),
    )  # fmt: skip
    return Schools(elementary, junior, closed, private, senior, (city, region, company), places["municipality"])


def _place(number: int) -> str:
    names = table("places")["school_names"]
    return str(names[number]) if number < len(names) else f"第{number + 1}"


def _address(municipality: str, number: int, stage: Stage) -> str:
    towns = table("places")["towns"]
    block = 1 if stage is Stage.ELEMENTARY else 4
    return f"{municipality}{towns[number % len(towns)]}{block}丁目{number % 9 + 1}番1号"
