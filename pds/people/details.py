"""What is known of a learner or a carer as a person: names with their readings; sealed wherever it is stored."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from trust.sealing import Binding, seal, unseal

LEARNER_DETAILS = "urn:manabi:schema:learner-details:1"
CARER_DETAILS = "urn:manabi:schema:carer-details:1"
IDENTIFIER = "urn:manabi:schema:identifier:1"
CARE_NOTES = "urn:manabi:schema:care-notes:1"


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name as the school system writes it. Readings (kana) come from data, they are never guessed.

    `preferred_*` is the name in daily use (通称) where it differs from the registered one.
    """

    family: str
    given: str
    family_kana: str = ""
    given_kana: str = ""
    middle: str = ""
    preferred_family: str = ""
    preferred_given: str = ""
    preferred_family_kana: str = ""
    preferred_given_kana: str = ""

    @property
    def shown(self) -> str:
        """The name for a page: the one in daily use, with ruby notation where a reading is known."""
        parts: tuple[tuple[str, str], ...]
        if self.preferred_family or self.preferred_given:
            parts = (
                (self.preferred_family, self.preferred_family_kana),
                (self.preferred_given, self.preferred_given_kana),
            )
        else:
            parts = ((self.family, self.family_kana), (self.middle, ""), (self.given, self.given_kana))
        return " ".join(_with_reading(text, kana) for text, kana in parts if text)


@dataclass(frozen=True, slots=True)
class LearnerDetails:
    """A learner's name, date of birth and sex (`male`, `female`, `unspecified`, `other`)."""

    name: Name
    birth_date: date
    sex: str

    def sealed(self, key: bytes, node: str, learner: UUID, revision: int) -> bytes:
        """Seal for one revision of the learner's row."""
        body = {"name": asdict(self.name), "birth_date": self.birth_date.isoformat(), "sex": self.sex}
        return _seal(key, node, learner, "details", revision, LEARNER_DETAILS, body)

    @classmethod
    def opened(cls, sealed: bytes, key: bytes, node: str, learner: UUID, revision: int) -> "LearnerDetails":
        """Open what `sealed` made; raises `SealBroken`."""
        body = json.loads(unseal(key, Binding(node, learner, "details", revision, LEARNER_DETAILS), sealed))
        return cls(Name(**body["name"]), date.fromisoformat(body["birth_date"]), body["sex"])


@dataclass(frozen=True, slots=True)
class CarerDetails:
    """A carer's name."""

    name: Name

    def sealed(self, key: bytes, node: str, carer: UUID, revision: int) -> bytes:
        """Seal for one revision of the carer's row."""
        return _seal(key, node, carer, "details", revision, CARER_DETAILS, {"name": asdict(self.name)})

    @classmethod
    def opened(cls, sealed: bytes, key: bytes, node: str, carer: UUID, revision: int) -> "CarerDetails":
        """Open what `sealed` made; raises `SealBroken`."""
        body = json.loads(unseal(key, Binding(node, carer, "details", revision, CARER_DETAILS), sealed))
        return cls(Name(**body["name"]))


@dataclass(frozen=True, slots=True)
class CareNotes:
    """What stands behind an entry of authority: how the carer is related, the evidence seen, the court's order."""

    relationship: str
    evidence: str
    court_order: str

    def sealed(self, key: bytes, node: str, learner: UUID, entry: str, revision: int) -> bytes:
        """Seal under the child's key for one revision of the care row; `entry` is `carer/valid_from`."""
        return _seal(key, node, learner, f"care/{entry}", revision, CARE_NOTES, asdict(self))

    @classmethod
    def opened(cls, sealed: bytes, key: bytes, node: str, learner: UUID, entry: str, revision: int) -> "CareNotes":
        """Open what `sealed` made; raises `SealBroken`."""
        return cls(**json.loads(unseal(key, Binding(node, learner, f"care/{entry}", revision, CARE_NOTES), sealed)))


def seal_identifier(key: bytes, node: str, learner: UUID, scheme: str, value: str) -> bytes:
    """Seal another system's identifier of a learner."""
    return _seal(key, node, learner, f"identifier/{scheme}", 1, IDENTIFIER, {"value": value})


def unseal_identifier(sealed: bytes, key: bytes, node: str, learner: UUID, scheme: str) -> str:
    """Open what `seal_identifier` made; raises `SealBroken`."""
    body = json.loads(unseal(key, Binding(node, learner, f"identifier/{scheme}", 1, IDENTIFIER), sealed))
    return str(body["value"])


def _seal(key: bytes, node: str, subject: UUID, record: str, revision: int, schema: str, body: object) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return seal(key, Binding(node, subject, record, revision, schema), text.encode())


def _with_reading(text: str, kana: str) -> str:
    if not kana or kana == text or text.isascii():
        return text
    return f"｜{text}《{kana}》"
