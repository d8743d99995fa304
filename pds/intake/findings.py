"""What a check finds: one line per place, with severity, code and value; bounded lists, whole counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

MOST_KEPT: Final = 1000
"""Lines kept per severity; the report stays readable and bounded, the counts stay whole."""
_LONGEST_VALUE: Final = 80


class Severity(StrEnum):
    """An error keeps the whole file from being applied; a warning asks somebody to look; a note only tells."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of finding: its code, how grave it is, what is said of it and what is to be done (English msgids)."""

    code: str
    severity: Severity
    title: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `row` counts as a spreadsheet does: the header is row 1. `value` is what stands in the cell."""

    severity: Severity
    code: str
    file: str
    row: int | None = None
    column: str | None = None
    value: str = ""
    params: dict[str, str | int] = field(default_factory=dict)

    @property
    def places(self) -> dict[str, str | int]:
        """The parameters of the two sentences: those of the problem, and where it is."""
        where: dict[str, str | int] = {
            "file": self.file, "row": self.row or 0, "column": self.column or "", "value": self.value,
        }  # fmt: skip
        return where | self.params

    def to_json(self) -> dict[str, Any]:
        """Return the finding in JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Finding":
        """Return the finding that `to_json` wrote."""
        return cls(**{**values, "severity": Severity(values["severity"])})


class Findings:
    """Collects findings of one run: bounded lists, full counts."""

    def __init__(self) -> None:
        self._kept: dict[Severity, list[Finding]] = {severity: [] for severity in Severity}
        self._counts: Counter[Severity] = Counter()
        self._by_code: Counter[str] = Counter()
        self._said: set[tuple[str, str, str]] = set()

    def add(
        self,
        problem: Problem,
        file: str,
        row: int | None = None,
        column: str | None = None,
        value: str = "",
        **params: str | int,
    ) -> None:
        """Add a finding about one place."""
        self._counts[problem.severity] += 1
        self._by_code[problem.code] += 1
        kept = self._kept[problem.severity]
        if len(kept) < MOST_KEPT:
            shown = value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
            kept.append(Finding(problem.severity, problem.code, file, row, column, shown, params))

    def add_once(
        self,
        problem: Problem,
        file: str,
        row: int | None = None,
        column: str | None = None,
        value: str = "",
        **params: str | int,
    ) -> None:
        """Add a finding that would be the same on many rows, once per file and value."""
        said = (problem.code, file, value)
        if said not in self._said:
            self._said.add(said)
            self.add(problem, file, row, column, value, **params)

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return self._counts[Severity.ERROR]

    def counts(self) -> dict[str, int]:
        """Return how many findings there are of each severity."""
        return {severity.value: self._counts[severity] for severity in Severity}

    def by_code(self) -> dict[str, int]:
        """Return how many findings there are of each code."""
        return dict(sorted(self._by_code.items()))

    def kept(self) -> list[Finding]:
        """Return the kept findings, errors first, each severity in the order of the files."""
        return [finding for severity in Severity for finding in self._kept[severity]]


def findings_from_json(lines: Iterable[dict[str, Any]]) -> list[Finding]:
    """Return findings out of a stored report."""
    return [Finding.from_json(line) for line in lines]
