"""School codes and board codes, against the published examples."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pds.organisations.codes import CodeFault, check_digit, fault_of_school_code, is_board_code, restored_school_code

RULES = json.loads(Path("api_specs/school_codes.json").read_text())


@pytest.mark.parametrize("code", RULES["school_code"]["valid_examples"])
def test_published_codes_are_right_and_found_again_without_their_letter(code: str) -> None:
    assert fault_of_school_code(code) is None
    assert restored_school_code(code[1:]) in (code, None)


@pytest.mark.parametrize("code", RULES["school_code"]["invalid_examples"])
def test_published_wrong_codes_are_wrong(code: str) -> None:
    assert fault_of_school_code(code) is not None


@given(st.integers(0, 11), st.integers(1, 8))
def test_one_wrong_digit_is_always_noticed(place: int, step: int) -> None:
    code = "B120299000018"
    at = max(place, 6)
    other = str((int(code[at]) + step) % 10)
    if other != code[at]:
        assert fault_of_school_code(code[:at] + other + code[at + 1 :]) is CodeFault.CHECK_DIGIT


def test_a_code_of_another_form_is_told_from_one_with_a_wrong_digit() -> None:
    assert fault_of_school_code("Z120299000018") is CodeFault.FORM
    assert fault_of_school_code("B120299000019") is CodeFault.CHECK_DIGIT
    assert fault_of_school_code("B120299000018\n") is CodeFault.FORM
    assert check_digit("B12029900001") == "8"


def test_board_codes_are_six_digits_of_a_prefecture() -> None:
    assert is_board_code("011000")
    assert not is_board_code("11000")
    assert not is_board_code("481000")
    assert not is_board_code("０１１０００")


def test_twelve_digits_that_fit_no_or_several_letters_are_left_alone() -> None:
    assert restored_school_code("12029900001") is None
    assert restored_school_code("９20299000018") is None
