"""The households that every sample holds: one for each case that the rules or the pages must get right."""

from dataclasses import dataclass
from datetime import date

from manabi.sample.arrangements import Arrangement
from manabi.sample.people import Absence, Sex


@dataclass(frozen=True, slots=True)
class Part:
    """One child of the cast; what is left out is drawn. Grades and ways as in `paths.Way`."""

    grade: int
    sex: Sex
    given: tuple[str, str] | None = None
    birth: date | None = None
    north: bool | None = None
    private: bool = False
    arrived: int = 0
    switched: int = 0
    mid_year: bool = False
    absence: Absence = Absence.NONE
    absent_grades: tuple[int, ...] = ()
    preferred: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One household of the cast. `zone` 0 is the zone of the first school of each stage."""

    family: str
    arrangement: Arrangement
    children: tuple[Part, ...]
    zone: int = 0


CAST: tuple[Scene, ...] = (
    # The student and guardian of the demonstration: three schools, one of them closed since, two siblings.
    Scene(
        "佐藤",
        Arrangement.MARRIED,
        (
            Part(9, "female", ("美咲", "ミサキ"), date(2011, 6, 14), north=True),
            Part(5, "male", ("陽太", "ヒナタ"), date(2015, 11, 3)),
            Part(2, "female", ("花", "ハナ"), date(2019, 1, 22)),
        ),
    ),
    Scene("髙橋", Arrangement.MOTHER_ALONE, (Part(1, "female", birth=date(2020, 2, 29)), Part(4, "male"))),
    Scene("𠮷田", Arrangement.DIVORCED_JOINT, (Part(6, "male", switched=4, mid_year=True),)),
    Scene("渡邊", Arrangement.CUSTODIAN, (Part(8, "female"),)),
    Scene("山﨑", Arrangement.MINOR_GUARDIAN, (Part(7, "male"),), 1),
    Scene("小林", Arrangement.FACILITY, (Part(3, "female", arrived=2), Part(6, "male", arrived=5)), 1),
    Scene("阿部", Arrangement.FOSTER, (Part(2, "male"),)),
    Scene("前田", Arrangement.STEPFATHER, (Part(5, "female", preferred=("小川", "オガワ")),)),
    Scene("石川", Arrangement.GRANDMOTHER, (Part(4, "female"),), 1),
    Scene("斎藤", Arrangement.BLOCKED, (Part(3, "male", arrived=3), Part(8, "female", arrived=8))),
    Scene("岡田", Arrangement.SUSPENDED, (Part(7, "female"),), 1),
    Scene("林", Arrangement.UNABLE, (Part(6, "female"),)),
    Scene("近藤", Arrangement.LOST, (Part(9, "male"),), 1),
    Scene("NGUYEN", Arrangement.MARRIED, (Part(2, "female"), Part(8, "male", arrived=5))),
    Scene(
        "DA SILVA SANTOS DE OLIVEIRA",
        Arrangement.MARRIED,
        (Part(7, "male", arrived=3, mid_year=True), Part(4, "female")),
    ),
    Scene("金", Arrangement.MARRIED, (Part(6, "female"),), 1),
    Scene(
        "渡邉",
        Arrangement.MARRIED,
        (Part(4, "male", birth=date(2016, 8, 8)), Part(4, "female", birth=date(2016, 8, 8))),
    ),
    # Born on 1 and on 2 April: a day apart, a grade apart.
    Scene("齋藤", Arrangement.MARRIED, (Part(8, "male", birth=date(2013, 4, 1)),)),
    Scene("澤田", Arrangement.MARRIED, (Part(7, "male", birth=date(2013, 4, 2)),)),
    # Of age, still at school: the guardians' access has ended for the elder, not for the younger.
    Scene(
        "青木",
        Arrangement.MARRIED,
        (Part(12, "male", birth=date(2008, 6, 10)), Part(9, "female", birth=date(2011, 9, 30))),
    ),
    Scene("池田", Arrangement.MARRIED, (Part(11, "female"), Part(10, "male")), 1),
    Scene("橋本", Arrangement.MARRIED, (Part(8, "female", private=True), Part(5, "male"))),
    Scene(
        "中野", Arrangement.MOTHER_ALONE, (Part(8, "female", absence=Absence.SCHOOL_REFUSAL, absent_grades=(6, 7, 8)),)
    ),
    Scene("櫻井", Arrangement.MARRIED, (Part(6, "male", absence=Absence.ILLNESS, absent_grades=(5,)),)),
    Scene(
        "山下",
        Arrangement.MARRIED,
        (Part(5, "male", birth=date(2016, 2, 29)), Part(9, "male", birth=date(2012, 2, 29))),
    ),
    # Moves to the other zone in the delta roster.
    Scene("小川", Arrangement.MARRIED, (Part(3, "male"),), 1),
    Scene("王", Arrangement.MARRIED, (Part(3, "female", arrived=2), Part(1, "male"))),
)

STUDENT_SCENE = 0
MOVING_SCENE = 1
MOVER_SCENE = len(CAST) - 2
CAST_SIZE = sum(len(scene.children) for scene in CAST)
"""The least number of learners a sample can have is a little above this."""
