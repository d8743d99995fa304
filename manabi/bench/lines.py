"""What a bench reports: figures with their bars, one JSON object per line."""

from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """How a value has to stand to its bar."""

    AT_LEAST = ">="
    AT_MOST = "<="
    EXACTLY = "=="


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure has to reach, for instance `>= 3.0`."""

    relation: Relation
    limit: float

    def is_met(self, value: float) -> bool:
        """Whether a value reaches the bar."""
        match self.relation:
            case Relation.AT_LEAST:
                return value >= self.limit
            case Relation.AT_MOST:
                return value <= self.limit
            case Relation.EXACTLY:
                return value == self.limit

    def __str__(self) -> str:
        return f"{self.relation} {self.limit:g}"


NONE_AT_ALL = Bar(Relation.EXACTLY, 0)
"""The bar of everything that must not happen."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The program a figure is of or compared with; the version is None where it is not installed."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `value` is None where a comparison lacks its peer; `n` counts the operations behind the figure."""

    bench: str
    metric: str
    value: float | None
    unit: str
    n: int
    bar: Bar | None = None
    peer: Peer | None = None

    @property
    def ok(self) -> bool | None:
        """Whether the bar is met; True where there is none, None where the peer was not measured in this run."""
        if self.bar is None:
            return True
        return None if self.value is None else self.bar.is_met(self.value)

    def to_document(self, *, commit: str, cores: int) -> dict[str, object]:
        """Return the line for machines; the keys and their order are fixed."""
        return {
            "bench": self.bench,
            "metric": self.metric,
            "value": None if self.value is None else round(self.value, 3),
            "unit": self.unit,
            "bar": None if self.bar is None else str(self.bar),
            "ok": self.ok,
            "peer": None if self.peer is None else self.peer.name,
            "peer_version": None if self.peer is None else self.peer.version,
            "commit": commit,
            "n": self.n,
            "cores": cores,
        }
