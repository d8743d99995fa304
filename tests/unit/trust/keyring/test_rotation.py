"""A rotation keeps the living, destroys the old epoch's key, and may be killed at any step."""

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.unit.trust.keyring.folders import AOI, NOW, RIN, SORA, STEPS, TABLE, epoch_files, reopened
from trust.keyring import FileKeyring, KeyErased


def test_a_rotation_keeps_the_living_and_destroys_the_old_epochs_key(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_keys([AOI, SORA])
    before = keyring.subject_keys([AOI, SORA])
    other = reopened(folder)
    assert other.subject_key(AOI) == before[AOI]
    assert keyring.epoch == 1
    assert keyring.rotate_epoch(now=NOW) == 2
    assert keyring.epoch == 2
    assert epoch_files(folder) == ["epoch-2.key"]
    for opened in (keyring, other, reopened(folder)):
        assert opened.subject_key(AOI) == before[AOI]
        assert opened.subject_keys([AOI, SORA]) == before


def test_a_rotation_leaves_no_wrapping_of_the_old_epoch_in_the_files(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_key(AOI)
    with sqlite3.connect(folder / TABLE) as table:
        old = table.execute("SELECT wrapped FROM wrapping").fetchone()[0]
    table.close()
    keyring.rotate_epoch(now=NOW)
    assert not any(old in file.read_bytes() for file in folder.glob(TABLE + "*"))


CRASH = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from trust.keyring import FileKeyring

def stop(step: str) -> None:
    if step == sys.argv[2]:
        os._exit(86)

FileKeyring.open(Path(sys.argv[1]), "node.mirai.example").rotate_epoch(now=datetime.now(UTC), after=stop)
"""


@pytest.mark.faults
@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_killed_after_any_step_is_finished_or_undone_by_the_next_opening(
    keyring: FileKeyring, folder: Path, step: str
) -> None:
    keyring.create_subject_keys([AOI, SORA, RIN])
    keyring.erase_subject(RIN, by="officer-1", now=NOW)
    before = keyring.subject_keys([AOI, SORA])
    killed = subprocess.run([sys.executable, "-c", CRASH, os.fspath(folder), step], check=False, capture_output=True)
    assert killed.returncode == 86, killed.stderr
    assert keyring.subject_keys([AOI, SORA]) == before, "who was running goes on without opening anew"
    after = reopened(folder)
    epoch = 1 if step in ("key-written", "rewrapped") else 2
    assert after.epoch == epoch
    assert epoch_files(folder) == [f"epoch-{epoch}.key"]
    assert after.subject_keys([AOI, SORA, RIN]) == before
    assert after.rotate_epoch(now=NOW) == epoch + 1
    assert after.subject_keys([AOI, SORA]) == before
    with pytest.raises(KeyErased):
        after.subject_key(RIN)


@pytest.mark.faults
def test_the_steps_named_above_are_all_there_are(keyring: FileKeyring) -> None:
    steps: list[str] = []
    keyring.rotate_epoch(now=NOW, after=steps.append)
    assert tuple(steps) == STEPS


def test_a_rotation_that_fails_leaves_the_old_epoch_standing(keyring: FileKeyring, folder: Path) -> None:
    keyring.create_subject_key(AOI)
    key = keyring.subject_key(AOI)

    def fail(step: str) -> None:
        if step == "rewrapped":
            raise RuntimeError

    with pytest.raises(RuntimeError):
        keyring.rotate_epoch(now=NOW, after=fail)
    assert keyring.epoch == 1
    assert keyring.subject_key(AOI) == key
    assert keyring.rotate_epoch(now=NOW) == 2
    assert keyring.subject_key(AOI) == key
    assert epoch_files(folder) == ["epoch-2.key"]


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # the test runner itself may have threads
def test_readers_writers_and_rotations_of_many_processes_do_not_disturb_each_other(
    keyring: FileKeyring, folder: Path
) -> None:
    """As behind a preloading server: the keyring is open and used, then the process forks and threads go on."""
    children = [UUID(int=number + 10) for number in range(200)]
    keyring.create_subject_keys(children)
    keys = keyring.subject_keys(children)
    pids = []
    for _ in range(3):
        pid = os.fork()
        if not pid:
            try:
                for _ in range(4):
                    assert all(keyring.subject_key(child) == keys[child] for child in children)
                    assert keyring.subject_keys(children) == keys
                    keyring.create_subject_key(uuid4())
                    keyring.rotate_epoch(now=NOW)
                os._exit(0)
            except BaseException as error:  # noqa: BLE001  a forked child must not return into the test run
                os.write(2, repr(error).encode())
                os._exit(1)
        pids.append(pid)
    wrong: list[UUID] = []

    def read() -> None:
        for _ in range(10):
            wrong.extend(child for child in children if keyring.subject_key(child) != keys[child])

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0, 0, 0]
    assert wrong == []
    assert keyring.epoch == 13
    assert epoch_files(folder) == ["epoch-13.key"]


def overtaken(monkeypatch: pytest.MonkeyPatch, late: FileKeyring, by: FileKeyring, look_up: str) -> None:
    """Let a rotation pass between the next look-up of a row and the reading of its epoch's key."""
    real = getattr(late._wrappings, look_up)

    def slow(asked: object) -> object:
        monkeypatch.setattr(late._wrappings, look_up, real)
        found = real(asked)
        row = found if look_up == "find" else list(found)
        by.rotate_epoch(now=NOW)
        return row

    by.rotate_epoch(now=NOW)  # so that the late one holds no key of the row's epoch in memory
    monkeypatch.setattr(late._wrappings, look_up, slow)


def test_a_reader_overtaken_by_a_rotation_reads_the_row_again(
    keyring: FileKeyring, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring.create_subject_key(AOI)
    key = keyring.subject_key(AOI)
    late = reopened(folder)
    overtaken(monkeypatch, late, keyring, "find")
    assert late.subject_key(AOI) == key
    assert keyring.epoch == 3
    overtaken(monkeypatch, late, keyring, "find_many")
    assert late.subject_keys([AOI]) == {AOI: key}
    assert keyring.epoch == 5
