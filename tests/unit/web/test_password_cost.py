"""What a stolen password table costs to guess: the parameters in use, apart from the light ones of other tests."""

from argon2 import Type, extract_parameters

from web.accounts import passwords


def test_passwords_are_hashed_with_argon2id_and_at_least_64_mebibytes() -> None:
    parameters = extract_parameters(passwords._NOBODY)
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 64 * 1024
    assert parameters.time_cost >= 3
