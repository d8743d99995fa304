"""What spreadsheets do to codes and dates when somebody opens a CSV file and saves it again: recognised and named."""

import re
from typing import Final

from pds.intake import cell_problems
from pds.intake.findings import Problem
from pds.organisations.codes import restored_school_code

_SCIENTIFIC: Final = re.compile(r"^\d(\.\d+)?[Ee]\+\d{2,3}$")
_SLASHED: Final = re.compile(r"^\d{1,4}[/年.]\d{1,2}[/月.]\d{1,4}日?$")
_HASHES: Final = re.compile(r"^#+$")
_ERROR: Final = re.compile(r"^#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)$")


def mangled(value: str, *, kind: str) -> tuple[Problem, dict[str, str | int]] | None:
    """Say how a spreadsheet spoiled a cell of a kind (`code`, `date`, `boolean`, `number`, `text`), or None."""
    if _HASHES.match(value) or _ERROR.match(value):
        return cell_problems.MANGLED_HASHES, {}
    if kind in ("code", "number") and _SCIENTIFIC.match(value):
        return cell_problems.MANGLED_NUMBER, {}
    if kind == "date" and _SLASHED.match(value):
        return cell_problems.MANGLED_DATE, {}
    if kind == "boolean" and value in ("TRUE", "FALSE"):
        return cell_problems.MANGLED_BOOLEAN, {}
    if kind == "code" and value.startswith("'") and len(value) > 1:
        return cell_problems.MANGLED_QUOTE, {}
    return None


def mangled_school_code(value: str) -> tuple[Problem, dict[str, str | int]] | None:
    """Say how a spreadsheet or a numeric column spoiled a school code, or None."""
    general = mangled(value, kind="code")
    if general is not None:
        return general
    whole = restored_school_code(value)
    if whole is not None:
        return cell_problems.LOST_LETTER, {"whole": whole}
    if len(value) == 12 and value.isascii() and value.isdigit():
        return cell_problems.LOST_LETTER_UNKNOWN, {}
    return None


def mangled_board_code(value: str) -> tuple[Problem, dict[str, str | int]] | None:
    """Say how a board code lost its leading zero, or None."""
    general = mangled(value, kind="code")
    if general is not None:
        return general
    if len(value) == 5 and value.isascii() and value.isdigit():
        return cell_problems.LOST_ZERO, {"whole": "0" + value}
    return None
