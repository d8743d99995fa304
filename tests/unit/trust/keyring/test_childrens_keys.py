"""Every child has a key of its own, wrapped in the folder."""

import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest

from tests.unit.trust.keyring.folders import AOI, NODE, SORA, TABLE, reopened
from trust.epochs import WrappingBroken
from trust.keyring import FileKeyring, Keyring, KeyUnknown


def test_a_file_keyring_is_a_keyring(keyring: FileKeyring) -> None:
    as_interface: Keyring = keyring
    assert as_interface.node_id == NODE


def test_a_child_keeps_its_key(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_key(AOI)
    key = keyring.subject_key(AOI)
    assert len(key) == 32
    keyring.create_subject_key(AOI)
    assert keyring.subject_key(AOI) == key
    assert reopened(folder).subject_key(AOI) == key


def test_every_child_has_a_key_of_its_own(keyring: FileKeyring) -> None:
    children = [uuid4() for _ in range(1_300)]
    keyring.create_subject_keys(children)
    keys = keyring.subject_keys(children)
    assert set(keys) == set(children)
    assert len(set(keys.values())) == 1_300
    assert keys[children[700]] == keyring.subject_key(children[700])


def test_a_child_without_key_is_unknown_and_absent_in_bulk(keyring: FileKeyring) -> None:
    keyring.create_subject_key(AOI)
    with pytest.raises(KeyUnknown):
        keyring.subject_key(SORA)
    assert set(keyring.subject_keys([AOI, SORA])) == {AOI}
    assert keyring.subject_keys([]) == {}


def test_no_key_lies_in_the_folder_unwrapped(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_key(AOI)
    key = keyring.subject_key(AOI)
    assert not any(key in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_wrapping_moved_to_another_childs_row_does_not_open(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_keys([AOI, SORA])
    keyring.close()
    with sqlite3.connect(folder / TABLE) as table:
        table.execute(
            "UPDATE wrapping SET wrapped = (SELECT wrapped FROM wrapping WHERE subject = ?) WHERE subject = ?",
            (SORA.bytes, AOI.bytes),
        )
    table.close()
    with pytest.raises(WrappingBroken):
        keyring.subject_key(AOI)


@pytest.mark.parametrize("wrapped", [b"", b"x" * 11, b"x" * 60])
def test_a_damaged_wrapping_does_not_open(keyring: FileKeyring, folder: Path, wrapped: bytes) -> None:
    keyring.create_subject_key(AOI)
    keyring.close()
    with sqlite3.connect(folder / TABLE) as table:
        table.execute("UPDATE wrapping SET wrapped = ?", (wrapped,))
    table.close()
    with pytest.raises(WrappingBroken):
        keyring.subject_key(AOI)
