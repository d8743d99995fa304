import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from trust.envelopes import open_envelope, seal_to
from trust.epochs import KeyringRolledBack, WrappingBroken
from trust.journal import DecisionKind, Journal, JournalBroken
from trust.keyring import FileKeyring, KeyErased, Keyring, KeyringRefused, KeyUnknown
from trust.signing import KeyRefused

NODE = "node.mirai.example"
NOW = datetime(2026, 6, 3, 3, 0, tzinfo=UTC)
AOI, SORA, RIN = UUID(int=1), UUID(int=2), UUID(int=3)
STEPS = ("key-written", "rewrapped", "committed", "log-emptied", "key-overwritten", "key-unlinked")
TABLE = "wrapped-keys.sqlite3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keyring"


@pytest.fixture
def keyring(folder: Path) -> FileKeyring:
    return FileKeyring.create(folder, NODE)


def reopened(folder: Path) -> FileKeyring:
    return FileKeyring.open(folder, NODE)


def epoch_files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("epoch-*"))


def copy_table(keyring: FileKeyring, to: Path) -> None:
    """A consistent copy of the wrapped keys, as a careful operator's backup would take it."""
    with sqlite3.connect(keyring.folder / TABLE) as source, sqlite3.connect(to) as target:
        source.backup(target)
    source.close()
    target.close()


def put_back(folder: Path, copy: Path) -> None:
    for suffix in ("-wal", "-shm"):
        (folder / (TABLE + suffix)).unlink(missing_ok=True)
    shutil.copyfile(copy, folder / TABLE)


# --- keys of children


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


# --- erasure


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


# --- rotation


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


# --- opening


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


# --- the node's own keys


def test_node_keys_are_the_same_for_ever_and_differ_by_purpose_and_node(
    keyring: FileKeyring, folder: Path, tmp_path: Path
) -> None:
    index, session = keyring.node_key("index"), keyring.node_key("session")
    assert len(index) == 32
    assert index != session
    keyring.rotate_epoch(now=NOW)
    assert keyring.node_key("index") == reopened(folder).node_key("index") == index
    other = FileKeyring.create(tmp_path / "other", "node.tonari.example")
    (tmp_path / "other" / "node.secret").write_bytes((folder / "node.secret").read_bytes())
    other = FileKeyring.open(tmp_path / "other", "node.tonari.example")
    assert other.node_key("index") != index, "the same secret on another node gives another key"


def test_a_signing_key_is_made_once_per_owner_and_kept(keyring: FileKeyring, folder: Path) -> None:
    school = keyring.signing_key("B113210000018")
    assert keyring.signing_key("B113210000018") is school
    assert keyring.signing_key("node").kid != school.kid
    assert reopened(folder).signing_key("B113210000018").kid == school.kid


@pytest.mark.parametrize("owner", ["", "../node", "a/b", ".", "a" * 65, "東小学校"])
def test_an_owner_that_is_no_plain_code_is_refused(keyring: FileKeyring, folder: Path, owner: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        keyring.signing_key(owner)
    assert list((folder / "signing").iterdir()) == []


def test_a_damaged_signing_key_is_refused_and_not_replaced(keyring: FileKeyring, folder: Path) -> None:
    (folder / "signing" / "node.pem").write_bytes(b"damaged")
    with pytest.raises(KeyRefused):
        keyring.signing_key("node")
    assert (folder / "signing" / "node.pem").read_bytes() == b"damaged"


def test_a_key_for_opening_envelopes_is_made_once_per_owner_and_kept(keyring: FileKeyring, folder: Path) -> None:
    key = keyring.sealing_key("aggregator")
    assert keyring.sealing_key("aggregator") is key
    assert keyring.sealing_key("other").kid != key.kid
    sealed = seal_to(key.public(), b"2", context=b"round")
    assert open_envelope(reopened(folder).sealing_key("aggregator"), sealed, context=b"round") == b"2"
    assert (folder / "sealing").stat().st_mode & 0o777 == 0o700
    assert (folder / "sealing" / "aggregator.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ValueError, match="an owner is named by"):
        keyring.sealing_key("../signing/node")


def test_a_damaged_key_for_opening_envelopes_is_refused_and_not_replaced(keyring: FileKeyring, folder: Path) -> None:
    keyring.sealing_key("aggregator")
    (folder / "sealing" / "aggregator.pem").write_bytes(b"damaged")
    with pytest.raises(KeyRefused):
        reopened(folder).sealing_key("aggregator")
    assert (folder / "sealing" / "aggregator.pem").read_bytes() == b"damaged"


def test_processes_that_ask_first_at_the_same_time_get_the_same_signing_key(keyring: FileKeyring, folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from trust.keyring import FileKeyring\n"
        "keyring = FileKeyring.open(Path(sys.argv[1]), sys.argv[2]); sys.stdin.readline()\n"
        "print(*(keyring.signing_key(f'school-{at}').kid for at in range(30)))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, os.fspath(folder), NODE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    answers = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        answers.append(process.communicate(timeout=60)[0])
    assert len(answers[0].split()) == 30
    assert len(set(answers)) == 1
