"""A download of the log for tests to change."""

import copy
from collections.abc import Callable
from typing import Any

from tests.unit.trust.toy_log import filled_log
from trust.framing import from_text, to_text
from trust.transparency.bundle import FindingCode, Report

Code = FindingCode
LOG = filled_log()
KEY = LOG.key.public()
GOOD = LOG.download()
Change = Callable[[dict[str, Any]], object]


def faults(report: Report) -> list[tuple[str, str | int | None]]:
    return [(finding.code.value, finding.params.get("position")) for finding in report.findings if finding.is_fault]


def changed(change: Change, document: dict[str, Any] = GOOD) -> dict[str, Any]:
    copied = copy.deepcopy(document)
    change(copied)
    return copied


def flipped(text: str) -> str:
    raw = bytearray(from_text(text))
    raw[0] ^= 1
    return to_text(bytes(raw))


def flip(*path: str | int) -> Change:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = flipped(document[path[-1]])

    return change
