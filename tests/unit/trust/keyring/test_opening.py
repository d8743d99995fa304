"""A keyring opens for its own node alone, whole and unreadable to others."""

import json
from pathlib import Path

import pytest

from tests.unit.trust.keyring.folders import AOI, NODE, NOW, SORA, TABLE, reopened
from trust.journal import Journal, JournalBroken
from trust.keyring import FileKeyring, KeyringRefused


def test_folder_and_files_are_their_owners_alone(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_key(AOI)
    keyring.signing_key("node")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "signing").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.rglob("*") if file.is_file()} == {0o600}


def test_opening_warns_that_files_destroy_only_as_well_as_they_can(
    folder: Path, keyring: FileKeyring, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    reopened(folder)
    assert [(record.levelname, "best effort" in record.message) for record in caplog.records] == [("WARNING", True)]


def test_another_nodes_keyring_is_refused(keyring: FileKeyring, folder: Path) -> None:
    with pytest.raises(KeyringRefused, match="another node"):
        FileKeyring.open(folder, "node.tonari.example")


def test_a_keyring_of_another_version_is_refused(keyring: FileKeyring, folder: Path) -> None:
    (folder / "keyring.json").write_text(json.dumps({"format": "manabi-keyring/2", "node": NODE}))
    with pytest.raises(KeyringRefused, match="version"):
        reopened(folder)


def test_a_second_creation_is_refused(keyring: FileKeyring, folder: Path) -> None:
    with pytest.raises(KeyringRefused, match="already"):
        FileKeyring.create(folder, NODE)


def test_a_creation_cut_short_is_completed_and_replaces_nothing(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_key(AOI)
    key, index = keyring.subject_key(AOI), keyring.node_key("index")
    (folder / "keyring.json").unlink()
    completed = FileKeyring.create(folder, NODE)
    assert completed.subject_key(AOI) == key
    assert completed.node_key("index") == index


@pytest.mark.parametrize("content", [None, b"{", b"[]"])
def test_a_folder_without_keyring_is_refused(folder: Path, keyring: FileKeyring, content: bytes | None) -> None:
    (folder / "keyring.json").unlink()
    if content is not None:
        (folder / "keyring.json").write_bytes(content)
    with pytest.raises(KeyringRefused):
        reopened(folder)


@pytest.mark.parametrize("name", ["node.secret", TABLE, "journal.jsonl", "leaves"])
def test_a_keyring_that_lost_a_part_is_refused_and_the_part_not_made_anew(
    keyring: FileKeyring, folder: Path, name: str
) -> None:
    keyring.close()
    (folder / name).unlink()
    with pytest.raises(KeyringRefused, match=f"{name} is missing"):
        reopened(folder)
    assert not (folder / name).exists()


def test_a_damaged_node_secret_is_refused(keyring: FileKeyring, folder: Path) -> None:
    (folder / "node.secret").write_bytes(b"short")
    with pytest.raises(KeyringRefused, match="damaged"):
        reopened(folder)


def test_a_folder_that_others_may_read_is_refused(keyring: FileKeyring, folder: Path) -> None:
    folder.chmod(0o750)
    with pytest.raises(KeyringRefused, match="chmod 700"):
        reopened(folder)


def test_an_edited_journal_stops_the_opening(keyring: FileKeyring, folder: Path) -> None:
    keyring.erase_subject(AOI, by="officer-1", now=NOW)
    journal = folder / "journal.jsonl"
    journal.write_text(journal.read_text().replace(str(AOI), str(SORA)))
    with pytest.raises(JournalBroken):
        reopened(folder)


def test_journal_and_leaves_are_the_folders_own(keyring: FileKeyring, folder: Path) -> None:
    keyring.leaves.append([bytes(32)])
    keyring.erase_subject(AOI, by="officer-1", now=NOW)
    again = reopened(folder)
    assert again.leaves.size == 1
    assert again.journal.erased() == {AOI}
    assert Journal(folder / "journal.jsonl").verify() == 1
