import importlib
import pickle
import pkgutil
import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

import trust
from trust.errors import N_, ManabiError
from trust.keyring import KeyringRefused


def every_error() -> Iterator[type[ManabiError]]:
    """Every error class of the package, the base itself left out."""
    for module in pkgutil.walk_packages(trust.__path__, "trust."):
        if module.name == ManabiError.__module__:
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, ManabiError) and value.__module__ == module.name:
                yield value


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = KeyringRefused(folder="/k", reason="no keyring is there")
    assert str(error).startswith("The keyring in /k cannot be opened (no keyring is there). Point the setting")
    assert error.params == {"folder": "/k", "reason": "no keyring is there"}


def test_an_error_survives_the_way_between_processes() -> None:
    copy = pickle.loads(pickle.dumps(KeyringRefused(folder="/k", reason="r")))  # noqa: S301  made one line above
    assert isinstance(copy, KeyringRefused)
    assert copy.params == {"folder": "/k", "reason": "r"}


def test_marking_a_sentence_leaves_it_unchanged() -> None:
    assert N_("sentence") == "sentence"


def test_codes_are_unique_and_name_room_and_matter() -> None:
    codes = [error.code for error in every_error()]
    assert len(codes) >= 10
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", code) for code in codes)


@pytest.mark.parametrize("language", ["ja", "plain"])
def test_every_sentence_is_translated_with_the_same_places(language: str) -> None:
    with open(f"{trust.__path__[0]}/translations/{language}.po", "rb") as file:
        catalogue = read_po(file, locale="ja")
    for error in every_error():
        for sentence in (error.title, error.remedy):
            message = catalogue.get(sentence)
            assert message is not None, f"{language}.po lacks {sentence!r}"
            assert message.string
            assert set(re.findall(r"%\((\w+)\)s", str(message.string))) == set(re.findall(r"%\((\w+)\)s", sentence))
