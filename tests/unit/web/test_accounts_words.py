"""Login names, codes, passwords and devices: the pure part of signing in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.accounts.devices import describe_device
from web.accounts.errors import LoginNameRefused, PasswordTooShort, PasswordTooSimple
from web.accounts.names import accept_login_name, fold_login_name, hash_code, make_code
from web.accounts.passwords import accept_password, hash_password, verify_password


@given(st.text(max_size=80))
def test_folding_a_login_name_twice_is_folding_it_once(name: str) -> None:
    assert fold_login_name(fold_login_name(name)) == fold_login_name(name)


@pytest.mark.parametrize(
    ("typed", "kept"), [("ＹＡＭＡＤＡ", "yamada"), (" Hana-Y ", "hana-y"), ("やまだはな", "やまだはな")]
)
def test_login_name_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert accept_login_name(typed) == kept


@pytest.mark.parametrize("name", ["", "abc", "a b c d", "a\u200bbcd", "x" * 65, "name<script>", "ab\ncd"])
def test_login_name_that_could_be_mistaken_is_refused(name: str) -> None:
    with pytest.raises(LoginNameRefused):
        accept_login_name(name)


def test_codes_are_long_enough_and_without_letters_to_mistake() -> None:
    codes = {make_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code.replace("-", "")) == 16 and not set(code) & set("ILOU") for code in codes)


def test_letters_that_are_often_misread_are_taken_as_meant() -> None:
    assert hash_code("0123-4567-89AB-CDE1") == hash_code("o123-4567-89ab-cdel")


@given(st.text(max_size=70))
def test_anything_may_be_typed_as_a_code(text: str) -> None:
    assert hash_code(text) is None or len(hash_code(text) or b"") == 32


def test_hash_of_a_code_differs_from_that_of_any_other() -> None:
    assert hash_code("0123-4567-89AB-CDEF") != hash_code("0123-4567-89AB-CDEG")


@pytest.mark.parametrize("password", ["", "ninechars"])
def test_short_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooShort):
        accept_password(password, "yamada")


@pytest.mark.parametrize("password", ["aaaaaaaaaaaa", "abcabcabcabc", "my-Yamada-hana", "1234" + "x" * 200])
def test_password_that_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooSimple):
        accept_password(password, "yamada-hana" if "Yamada" in password else "somebody")


def test_passphrase_in_japanese_is_welcome() -> None:
    assert accept_password("さくらとかえるのうた", "yamada") == "さくらとかえるのうた"


def test_password_fits_its_own_hash_only() -> None:
    stored = hash_password(accept_password("correct horse battery", "yamada"))
    assert stored.startswith("$argon2id$")
    assert verify_password("ｃｏｒｒｅｃｔ horse battery", stored)
    assert not verify_password("correct horse batterx", stored)
    assert not verify_password("correct horse battery", None)
    assert not verify_password("correct horse battery", "not a hash")


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36", "Chrome / Android"),
        ("Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) Version/18.1 Safari/604.1", "Safari / iPad"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0", "Edge / Windows"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_device_is_described_in_two_words_at_the_most(user_agent: str, words: str) -> None:
    assert describe_device(user_agent) == words
