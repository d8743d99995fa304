"""School codes (学校コード, 13 characters) and board codes (教育委員会コード, 6 digits): form and check digit.

The check-digit rule was inferred from published codes, all of which agree, and is kept as data in
`api_specs/school_codes.json`: a failure in a school's own code is an error, in a successor's code a warning.
"""

import json
import re
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any


class CodeFault(StrEnum):
    """What is wrong with a code."""

    FORM = "form"
    CHECK_DIGIT = "check_digit"


@lru_cache(maxsize=1)
def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = json.loads((files("api_specs") / "school_codes.json").read_text("utf-8"))
    return rules


@lru_cache(maxsize=1)
def _school_pattern() -> re.Pattern[str]:
    return re.compile(_rules()["school_code"]["pattern"])


@lru_cache(maxsize=1)
def _board_pattern() -> re.Pattern[str]:
    return re.compile(_rules()["board_code"]["pattern"])


@lru_cache(maxsize=4096)
def fault_of_school_code(code: str) -> CodeFault | None:
    """Return what is wrong with a school code, or None."""
    if not _school_pattern().fullmatch(code):
        return CodeFault.FORM
    return None if check_digit(code[:12]) == code[12] else CodeFault.CHECK_DIGIT


def is_board_code(code: str) -> bool:
    """Whether this has the form of a board code; there is no check digit."""
    return _board_pattern().fullmatch(code) is not None


def check_digit(symbols: str) -> str:
    """Return the check digit of the first 12 symbols of a school code."""
    rule = _rules()["school_code"]["check_digit"]
    total = 0
    for symbol, weight in zip(symbols, rule["weights"], strict=True):
        value = rule["letter_values"].get(symbol)
        weighted = (int(symbol) if value is None else value) * weight
        total += weighted - 9 if weighted > rule["subtract_nine_above"] else weighted
    return str(-total % rule["modulus"])


def restored_school_code(text: str) -> str | None:
    """Return the one school code that a text of 12 digits becomes with a leading letter, or None.

    Spreadsheets and numeric columns cut the letter off; where the check digit leaves one letter, it can be named.
    """
    if not (len(text) == 12 and text.isascii() and text.isdigit()):
        return None
    letters = _rules()["school_code"]["check_digit"]["letter_values"]
    fitting = [letter + text for letter in letters if fault_of_school_code(letter + text) is None]
    return fitting[0] if len(fitting) == 1 else None
