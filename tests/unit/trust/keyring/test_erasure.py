"""An erased child has no key again, whatever is put back, whoever reads meanwhile."""

import sqlite3
from pathlib import Path
from uuid import UUID

import pytest

from tests.unit.trust.keyring.folders import (
    AOI,
    NODE,
    NOW,
    RIN,
    SORA,
    TABLE,
    copy_table,
    epoch_files,
    put_back,
    reopened,
)
from trust.epochs import KeyringRolledBack
from trust.journal import DecisionKind
from trust.keyring import FileKeyring, KeyErased


def test_an_erased_child_has_no_key_and_gets_no_new_one(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_keys([AOI, SORA])
    keyring.erase_subject(AOI, by="officer-1", now=NOW)
    for opened in (keyring, reopened(folder)):
        with pytest.raises(KeyErased):
            opened.subject_key(AOI)
        with pytest.raises(KeyErased):
            opened.create_subject_key(AOI)
        with pytest.raises(KeyErased):
            opened.create_subject_keys([RIN, AOI])
        assert set(opened.subject_keys([AOI, SORA, RIN])) == {SORA}, "all or nothing: Rin got no key either"


def test_an_erasure_is_one_line_in_the_journal_however_often_it_is_asked_for(keyring: FileKeyring) -> None:
    keyring.create_subject_key(AOI)
    for _ in range(2):
        keyring.erase_subject(AOI, by="officer-1", now=NOW)
    assert [(line.kind, line.subject, line.by, line.at) for line in keyring.journal.lines()] == [
        (DecisionKind.ERASED, AOI, "officer-1", NOW)
    ]


def test_a_child_without_key_can_be_erased_before_one_comes_back_from_somewhere(keyring: FileKeyring) -> None:
    keyring.erase_subject(AOI, by="officer-1", now=NOW)
    with pytest.raises(KeyErased):
        keyring.create_subject_key(AOI)


def test_an_erasure_by_one_process_holds_at_once_in_another(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_key(AOI)
    other = reopened(folder)
    assert other.subject_key(AOI)
    keyring.erase_subject(AOI, by="officer-1", now=NOW)
    with pytest.raises(KeyErased):
        other.subject_key(AOI)


def test_a_reader_overtaken_by_an_erasure_is_told_of_the_erasure(
    keyring: FileKeyring, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring.create_subject_key(AOI)
    late = reopened(folder)
    real = late._wrappings.find

    def slow(subject: UUID) -> tuple[int, bytes] | None:
        keyring.erase_subject(AOI, by="officer-1", now=NOW)
        return real(subject)

    monkeypatch.setattr(late._wrappings, "find", slow)
    with pytest.raises(KeyErased):
        late.subject_key(AOI)


def test_a_crash_between_journal_and_removal_leaves_the_child_erased(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_key(AOI)
    keyring.journal.append(DecisionKind.ERASED, AOI, by="officer-1", now=NOW)
    with pytest.raises(KeyErased):
        keyring.subject_key(AOI)
    reopened(folder)
    with sqlite3.connect(folder / TABLE) as table:
        assert table.execute("SELECT count(*) FROM wrapping").fetchone() == (0,)
    table.close()


def test_an_older_table_put_back_within_the_epoch_does_not_revive_the_erased(
    keyring: FileKeyring, folder: Path, tmp_path: Path
) -> None:
    keyring.create_subject_keys([AOI, SORA])
    living = keyring.subject_key(SORA)
    copy_table(keyring, tmp_path / "older")
    keyring.erase_subject(AOI, by="officer-1", now=NOW)
    keyring.close()
    put_back(folder, tmp_path / "older")
    with pytest.raises(KeyErased):
        keyring.subject_key(AOI)
    restored = reopened(folder)
    with pytest.raises(KeyErased):
        restored.subject_key(AOI)
    assert restored.subject_key(SORA) == living


def test_an_older_table_put_back_after_a_rotation_opens_for_nobody_and_costs_nothing(
    keyring: FileKeyring, folder: Path, tmp_path: Path
) -> None:
    keyring.create_subject_keys([AOI, SORA])
    living = keyring.subject_key(SORA)
    copy_table(keyring, tmp_path / "older")
    keyring.erase_subject(AOI, by="officer-1", now=NOW)
    keyring.rotate_epoch(now=NOW)
    copy_table(keyring, tmp_path / "newest")
    keyring.close()
    put_back(folder, tmp_path / "older")
    with pytest.raises(KeyringRolledBack) as rolled_back:
        keyring.subject_key(SORA)
    assert rolled_back.value.params == {"epoch": 1}
    with pytest.raises(KeyringRolledBack):
        keyring.subject_keys([SORA])
    with pytest.raises(KeyringRolledBack):
        reopened(folder)
    assert epoch_files(folder) == ["epoch-2.key"], "the good key survives the attempt to open"
    keyring.close()
    put_back(folder, tmp_path / "newest")
    assert reopened(folder).subject_key(SORA) == living


def test_without_its_journal_even_the_older_table_and_the_destroyed_key_are_apart(
    keyring: FileKeyring, folder: Path, tmp_path: Path
) -> None:
    """What an attacker with every older file but the destroyed epoch key can do: nothing."""
    keyring.create_subject_key(AOI)
    copy_table(keyring, tmp_path / "older")
    keyring.erase_subject(AOI, by="officer-1", now=NOW)
    keyring.rotate_epoch(now=NOW)
    keyring.close()
    put_back(folder, tmp_path / "older")
    (folder / "journal.jsonl").write_bytes(b"")
    with pytest.raises(KeyringRolledBack):
        FileKeyring(folder, NODE).subject_key(AOI)
