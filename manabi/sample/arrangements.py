"""How the children of the sample are cared for: every basis and state of authority that the rules know."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from random import Random
from typing import Any

from manabi.sample.names import Family, NameBook
from manabi.sample.people import Carer, Name, Tie

CHILDREN_PER_FACILITY = 12


class Arrangement(StrEnum):
    """One way of living with, or apart from, the people who decide for a child."""

    MARRIED = "married"
    MOTHER_ALONE = "mother_alone"
    FATHER_ALONE = "father_alone"
    DIVORCED_JOINT = "divorced_joint"  # 共同親権、別居
    CUSTODIAN = "custodian"  # 親権者は父、監護者は母
    MINOR_GUARDIAN = "minor_guardian"  # 未成年後見人（祖母）
    FACILITY = "facility"  # 児童養護施設、親権停止
    FOSTER = "foster"  # 里親、親権者なし
    STEPFATHER = "stepfather"  # 親権のない継父
    GRANDMOTHER = "grandmother"  # 連絡先だけの祖母
    BLOCKED = "blocked"  # 接触を止める命令のある父
    SUSPENDED = "suspended"  # 親権停止中の父
    UNABLE = "unable"  # 親権を行えない母
    LOST = "lost"  # 親権を失った父


WEIGHTS: dict[Arrangement, float] = {
    Arrangement.MARRIED: 82, Arrangement.MOTHER_ALONE: 9.5, Arrangement.FATHER_ALONE: 1.5,
    Arrangement.DIVORCED_JOINT: 1.2, Arrangement.CUSTODIAN: 0.4, Arrangement.MINOR_GUARDIAN: 0.2,
    Arrangement.FACILITY: 0.3, Arrangement.FOSTER: 0.15, Arrangement.STEPFATHER: 1.8, Arrangement.GRANDMOTHER: 2,
    Arrangement.BLOCKED: 0.4, Arrangement.SUSPENDED: 0.1, Arrangement.UNABLE: 0.3, Arrangement.LOST: 0.15,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bond:
    """A tie before it is written for each child; `since` None means from the child's birth."""

    carer: Carer
    relationship: str
    basis: str
    since: date | None = None
    details: tuple[tuple[str, Any], ...] = ()

    def to(self, birth: date) -> Tie:
        """Write the bond for one child."""
        return Tie(self.carer, self.relationship, self.basis, self.since or birth, **dict(self.details))


class Registry:
    """Numbers carers over the whole sample, and knows the homes and offices that several children share."""

    def __init__(self, book: NameBook, municipality: str) -> None:
        self.carers: list[Carer] = []
        self.book = book
        self._municipality = municipality
        self._facility: Carer | None = None
        self._facility_children = 0
        self._guidance: Carer | None = None

    def add(self, name: Name, address: str) -> Carer:
        """Enter a new carer."""
        carer = Carer(len(self.carers) + 1, name, address)
        self.carers.append(carer)
        return carer

    def facility_head(self, rng: Random) -> Carer:
        """Return the head of a children's home with a free place."""
        if self._facility is None or self._facility_children >= CHILDREN_PER_FACILITY:
            self._facility = self.add(
                self.book.japanese(rng).adult(rng, "male"), f"{self._municipality}山手7丁目7番7号"
            )
            self._facility_children = 0
        self._facility_children += 1
        return self._facility

    def guidance_head(self, rng: Random) -> Carer:
        """Return the head of the child guidance centre (児童相談所長)."""
        if self._guidance is None:
            self._guidance = self.add(
                self.book.japanese(rng).adult(rng, "female"), f"{self._municipality}中央1丁目1番2号"
            )
        return self._guidance


@dataclass(frozen=True, slots=True)
class Home:
    """Where an arrangement is written: the household's names and address, and the means to draw more."""

    rng: Random
    family: Family
    address: str
    registry: Registry

    def mother(self, address: str | None = None) -> Carer:
        """Enter the mother."""
        return self.registry.add(self.family.adult(self.rng, "female"), address or self.address)

    def father(self, address: str | None = None) -> Carer:
        """Enter the father."""
        return self.registry.add(self.family.adult(self.rng, "male"), address or self.address)

    def other(self, man: bool, address: str | None = None) -> Carer:
        """Enter somebody of another family name."""
        family = self.registry.book.japanese(self.rng)
        return self.registry.add(family.adult(self.rng, "male" if man else "female"), address or self.address)

    def elsewhere(self) -> str:
        """An address in another town."""
        return f"かなた市本町{int(self.rng.random() * 9) + 1}丁目{int(self.rng.random() * 30) + 1}番"

    def case(self, year: int, kind: str = "家") -> str:
        """A court's case number."""
        return f"みらい家庭裁判所 令和{year}年（{kind}）第{int(self.rng.random() * 900) + 100}号"


def _married(home: Home) -> tuple[Bond, ...]:
    return (Bond(home.father(), "father", "joint"), Bond(home.mother(), "mother", "joint"))


def _mother_alone(home: Home) -> tuple[Bond, ...]:
    return (Bond(home.mother(), "mother", "sole"),)


def _father_alone(home: Home) -> tuple[Bond, ...]:
    return (Bond(home.father(), "father", "sole"),)


def _divorced_joint(home: Home) -> tuple[Bond, ...]:
    return (Bond(home.mother(), "mother", "joint"), Bond(home.father(home.elsewhere()), "father", "joint"))


def _custodian(home: Home) -> tuple[Bond, ...]:
    order = (("court_order", home.case(5)), ("evidence", "court_document"))
    return (
        Bond(home.mother(), "mother", "custodian", date(2023, 5, 12), order),
        Bond(home.father(home.elsewhere()), "father", "sole"),
    )


def _minor_guardian(home: Home) -> tuple[Bond, ...]:
    order = (("court_order", home.case(6)), ("evidence", "family_register"))
    return (Bond(home.other(man=False), "grandmother", "minor_guardian", date(2024, 9, 2), order),)


def _facility(home: Home) -> tuple[Bond, ...]:
    head = home.registry.facility_head(home.rng)
    order = (("state", "suspended"), ("court_order", home.case(7, "家ロ")), ("evidence", "court_document"))
    return (
        Bond(head, "facility", "facility_head", date(2025, 2, 3), (("evidence", "facility_certificate"),)),
        Bond(home.mother(home.elsewhere()), "mother", "sole", None, order),
    )


def _foster(home: Home) -> tuple[Bond, ...]:
    proof = (("evidence", "foster_certificate"),)
    return (
        Bond(home.other(man=False), "foster_parent", "foster_parent", date(2023, 4, 10), proof),
        Bond(home.registry.guidance_head(home.rng), "facility", "child_guidance_head", date(2023, 4, 10),
             (("evidence", "facility_certificate"),)),
    )  # fmt: skip


def _stepfather(home: Home) -> tuple[Bond, ...]:
    stepfather = Bond(home.other(man=True), "stepfather", "contact", date(2024, 6, 1), (("evidence", "statement"),))
    return (Bond(home.mother(), "mother", "sole"), stepfather)


def _grandmother(home: Home) -> tuple[Bond, ...]:
    proof = (("evidence", "statement"),)
    return (*_married(home), Bond(home.other(man=False), "grandmother", "contact", date(2022, 4, 1), proof))


def _blocked(home: Home) -> tuple[Bond, ...]:
    order = (("contact_block", True), ("court_order", home.case(8)), ("evidence", "court_document"))
    return (
        Bond(home.mother(), "mother", "joint"),
        Bond(home.father(home.elsewhere()), "father", "joint", None, order),
    )


def _suspended(home: Home) -> tuple[Bond, ...]:
    order = (("state", "suspended"), ("court_order", home.case(7, "家ロ")), ("evidence", "court_document"))
    return (
        Bond(home.mother(), "mother", "joint"),
        Bond(home.father(home.elsewhere()), "father", "joint", None, order),
    )


def _unable(home: Home) -> tuple[Bond, ...]:
    return (
        Bond(home.father(), "father", "joint"),
        Bond(home.mother(), "mother", "joint", None, (("state", "unable"), ("evidence", "statement"))),
    )


def _lost(home: Home) -> tuple[Bond, ...]:
    order = (("state", "lost"), ("court_order", home.case(4, "家ロ")), ("evidence", "court_document"))
    return (
        Bond(home.mother(), "mother", "sole"),
        Bond(home.father(home.elsewhere()), "father", "joint", None, (*order, ("valid_to", date(2022, 11, 30)))),
    )


_WRITERS: dict[Arrangement, Callable[[Home], tuple[Bond, ...]]] = {
    Arrangement.MARRIED: _married, Arrangement.MOTHER_ALONE: _mother_alone, Arrangement.FATHER_ALONE: _father_alone,
    Arrangement.DIVORCED_JOINT: _divorced_joint, Arrangement.CUSTODIAN: _custodian,
    Arrangement.MINOR_GUARDIAN: _minor_guardian, Arrangement.FACILITY: _facility, Arrangement.FOSTER: _foster,
    Arrangement.STEPFATHER: _stepfather, Arrangement.GRANDMOTHER: _grandmother, Arrangement.BLOCKED: _blocked,
    Arrangement.SUSPENDED: _suspended, Arrangement.UNABLE: _unable, Arrangement.LOST: _lost,
}  # fmt: skip


def arrange(kind: Arrangement, home: Home) -> tuple[Bond, ...]:
    """Enter the carers of a household and return their bonds to its children."""
    return _WRITERS[kind](home)
