"""School and board codes follow the published rule."""

import re
from typing import Any

import pytest

from manabi.sample.codes import check_digit, school_code
from tests.unit.api_specs.contracts import contract

RULES: Any = contract("school_codes.json")


def passes(code: str) -> bool:
    return bool(re.fullmatch(RULES["school_code"]["pattern"], code)) and check_digit(code[:12]) == code[12]


@pytest.mark.parametrize("code", RULES["school_code"]["valid_examples"])
def test_a_real_code_passes(code: str) -> None:
    assert passes(code)


@pytest.mark.parametrize("code", RULES["school_code"]["invalid_examples"])
def test_a_wrong_code_fails(code: str) -> None:
    assert not passes(code)


@pytest.mark.parametrize("position", range(12))
def test_a_single_mistyped_digit_is_noticed(position: int) -> None:
    code = "B120299000018"
    if code[position].isdigit():
        wrong = code[:position] + str((int(code[position]) + 1) % 10) + code[position + 1 :]
        assert check_digit(wrong[:12]) != code[12]
    else:
        assert check_digit("C" + code[1:12]) != code[12]


def test_the_parts_cover_the_code() -> None:
    for name in ("school_code", "board_code"):
        rule = RULES[name]
        covered = [place for part in rule["parts"] for place in range(part["from"], part["to"] + 1)]
        assert covered == list(range(1, rule["length"] + 1))


def test_a_made_up_code_has_a_number_of_the_sample_alone() -> None:
    code = school_code("C1", "20", 3, 7)
    assert passes(code)
    assert code[5:7] == "99"
    with pytest.raises(ValueError, match="serial"):
        school_code("C1", "20", 3, 100_000)
