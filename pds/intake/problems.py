"""Every kind of finding, found by its code, for whoever turns a report into sentences."""

from typing import Final

from pds.intake import attachment_problems, cell_problems, file_problems, roster_problems
from pds.intake.findings import Problem

EVERY_PROBLEM: Final = tuple(
    value
    for room in (file_problems, attachment_problems, cell_problems, roster_problems)
    for value in vars(room).values()
    if isinstance(value, Problem)
)
_BY_CODE: Final = {problem.code: problem for problem in EVERY_PROBLEM}


def problem_of(code: str) -> Problem | None:
    """Return a kind of finding by its code; rules of record bodies have their sentences with the schema instead."""
    return _BY_CODE.get(code)
