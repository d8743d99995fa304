import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from trust.journal import START, DecisionKind, Journal, JournalBroken, _renew_guards

NOW = datetime(2026, 6, 3, 3, 0, tzinfo=UTC)
AOI, SORA = UUID(int=1), UUID(int=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journal(path: Path) -> Journal:
    return Journal.lay(path)


def three_lines(journal: Journal) -> None:
    for number in range(3):
        journal.append(DecisionKind.ERASED, UUID(int=number), by="officer-1", now=NOW, detail={"case": str(number)})


def test_a_line_holds_its_place_when_what_about_whom_and_by_whom(journal: Journal, path: Path) -> None:
    line = journal.append(DecisionKind.ERASED, AOI, by="officer-1", now=NOW, detail={"case": "2026-17"})
    assert (line.seq, line.prev, line.at, line.kind, line.subject) == (1, START, NOW, DecisionKind.ERASED, AOI)
    assert (line.by, line.detail) == ("officer-1", {"case": "2026-17"})
    assert list(journal.lines()) == [line]
    written = json.loads(path.read_text())
    assert set(written) == {"seq", "prev", "at", "kind", "subject", "by", "detail", "hash"}


def test_each_line_names_the_hash_of_the_one_before(journal: Journal) -> None:
    three_lines(journal)
    lines = list(journal.lines())
    assert [line.seq for line in lines] == [1, 2, 3]
    assert [line.prev for line in lines] == [START, lines[0].hash, lines[1].hash]
    assert journal.verify() == 3
    assert journal.head() == (3, lines[2].hash)


def test_an_empty_journal_holds(journal: Journal) -> None:
    assert journal.verify() == 0
    assert journal.head() == (0, START)
    assert journal.erased() == frozenset()


def test_a_decision_about_the_whole_node_names_nobody_and_erases_nobody(journal: Journal) -> None:
    journal.append(DecisionKind.RESTORED, None, by="operator-1", now=NOW)
    journal.append(DecisionKind.RESTORED, AOI, by="operator-1", now=NOW)
    assert [line.subject for line in journal.lines()] == [None, AOI]
    assert journal.erased() == frozenset()


def test_a_time_without_zone_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="time zone"):
        journal.append(DecisionKind.ERASED, AOI, by="x", now=datetime(2026, 6, 3))  # noqa: DTZ001  the point
    assert journal.verify() == 0


def test_what_one_reader_wrote_another_sees_at_once(journal: Journal, path: Path) -> None:
    other = Journal(path)
    assert not other.is_erased(AOI)
    journal.append(DecisionKind.ERASED, AOI, by="x", now=NOW)
    assert other.is_erased(AOI)
    assert not other.is_erased(SORA)
    assert other.erased() == {AOI}
    assert other.append(DecisionKind.ERASED, SORA, by="x", now=NOW).seq == 2
    assert journal.erased() == {AOI, SORA}


def test_only_the_owner_may_read_the_file(journal: Journal, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_opening_never_lays_a_new_journal_over_a_lost_one(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Journal(path)


@pytest.mark.parametrize("line", [0, 1, 2])
@pytest.mark.parametrize(
    ("was", "becomes"), [('"by":"officer-1"', '"by":"officer-2"'), ("2026-06-03", "2025-06-03"), ("erased", "restored")]
)
def test_an_edited_line_is_found(journal: Journal, path: Path, line: int, was: str, becomes: str) -> None:
    three_lines(journal)
    lines = path.read_text().splitlines(keepends=True)
    assert was in lines[line]
    lines[line] = lines[line].replace(was, becomes)
    path.write_text("".join(lines))
    with pytest.raises(JournalBroken) as broken:
        journal.verify()
    assert broken.value.params["line"] == line + 1
    with pytest.raises(JournalBroken):
        Journal(path)


@pytest.mark.parametrize(("order", "at"), [((1, 2), 1), ((0, 2), 2), ((1, 0, 2), 1), ((0, 2, 1), 2), ((0, 0, 1, 2), 2)])
def test_a_removed_exchanged_or_repeated_line_is_found(
    journal: Journal, path: Path, order: tuple[int, ...], at: int
) -> None:
    three_lines(journal)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[one] for one in order))
    with pytest.raises(JournalBroken) as broken:
        journal.verify()
    assert broken.value.params["line"] == at


def test_lines_cut_off_the_end_are_found_by_whoever_read_them(journal: Journal, path: Path) -> None:
    three_lines(journal)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2]))
    with pytest.raises(JournalBroken, match="missing at the end"):
        journal.verify()
    with pytest.raises(JournalBroken, match="missing at the end"):
        journal.is_erased(AOI)


def test_a_journal_rewritten_from_the_start_is_found_by_whoever_read_the_old_one(
    journal: Journal, path: Path, tmp_path: Path
) -> None:
    three_lines(journal)
    forged = Journal.lay(tmp_path / "forged")
    for number in range(4):
        forged.append(DecisionKind.ERASED, UUID(int=9), by="nobody", now=NOW, detail={"case": str(number)})
    path.write_bytes((tmp_path / "forged").read_bytes())
    with pytest.raises(JournalBroken, match="rewritten"):
        journal.verify()


@pytest.mark.parametrize(
    "line", [b"{}\n", b"[]\n", b"null\n", b'"x"\n', b"\xff\xfe\n", b"{\n", b"\n", b'{"hash":1,"subject":null}\n']
)
def test_a_line_of_another_shape_is_found(journal: Journal, path: Path, line: bytes) -> None:
    three_lines(journal)
    with path.open("ab") as file:
        file.write(line)
    with pytest.raises(JournalBroken) as broken:
        journal.verify()
    assert broken.value.params == {"line": 4, "reason": "unreadable"}
    with pytest.raises(JournalBroken):
        journal.append(DecisionKind.ERASED, AOI, by="x", now=NOW)


def test_a_torn_append_is_cut_off_and_the_journal_goes_on(
    journal: Journal, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    three_lines(journal)
    whole = path.read_bytes()
    for torn in (b'{"at":"2026', b"\x00" * 40, whole.splitlines()[0]):
        path.write_bytes(whole + torn)
        assert journal.verify() == 3, "a reader passes over the torn rest"
        assert Journal(path).verify() == 3
        assert path.read_bytes() == whole
    assert "torn append" in caplog.text
    path.write_bytes(whole + b'{"at"')
    assert journal.append(DecisionKind.ERASED, AOI, by="x", now=NOW).seq == 4
    assert Journal(path).verify() == 4


def test_a_line_that_lacks_only_its_newline_is_kept(journal: Journal, path: Path) -> None:
    three_lines(journal)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    reopened = Journal(path)
    assert path.read_bytes() == whole
    assert reopened.verify() == 3
    assert reopened.is_erased(UUID(int=2))


def test_threads_and_processes_append_to_one_chain(journal: Journal, path: Path) -> None:
    code = (
        "import sys; from datetime import *; from pathlib import Path; from uuid import uuid4\n"
        "from trust.journal import *\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for _ in range(40): journal.append(DecisionKind.ERASED, uuid4(), by='p', now=datetime.now(UTC))\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(2)]

    def append() -> None:
        for _ in range(40):
            journal.append(DecisionKind.ERASED, uuid4(), by="t", now=NOW)

    threads = [threading.Thread(target=append) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(60) for process in processes] == [0, 0]
    assert journal.verify() == 160
    assert len(journal.erased()) == 160


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # threads beside a fork are the point
def test_a_child_forked_while_another_thread_reads_can_read_too(journal: Journal) -> None:
    three_lines(journal)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with journal._guard:
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    child = os.fork()
    if not child:
        try:
            os._exit(0 if len(journal.erased()) == 3 else 1)
        finally:
            os._exit(2)  # whatever went wrong, the child must not return into the test run
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    done.set()
    thread.join()
    with journal._guard:
        _renew_guards()
        assert len(journal.erased()) == 3, "what the child did, done here"


def test_a_revoked_grant_is_known_to_every_reader_with_its_first_line(journal: Journal, path: Path) -> None:
    other, grant = Journal(path), uuid4()
    assert not other.is_revoked(grant)
    first = journal.append(DecisionKind.REVOKED, AOI, by="parent-1", now=NOW, detail={"grant": str(grant)})
    journal.append(DecisionKind.REVOKED, AOI, by="parent-2", now=NOW, detail={"grant": str(grant)})
    assert other.is_revoked(grant)
    assert not other.is_revoked(uuid4())
    assert other.revoked() == Journal(path).revoked() == {grant: first}
    assert other.erased() == frozenset(), "the child is not erased by a revocation"


@pytest.mark.parametrize("detail", [None, {}, {"grant": "not an id"}])
def test_a_revocation_that_names_no_grant_is_not_written(journal: Journal, detail: dict[str, str] | None) -> None:
    with pytest.raises(ValueError, match="UUID"):
        journal.append(DecisionKind.REVOKED, AOI, by="parent-1", now=NOW, detail=detail)
    assert journal.verify() == 0


def test_a_revocation_on_the_disk_that_names_no_grant_breaks_the_journal(journal: Journal, path: Path) -> None:
    grant = uuid4()
    journal.append(DecisionKind.REVOKED, AOI, by="parent-1", now=NOW, detail={"grant": str(grant)})
    path.write_text(path.read_text().replace(str(grant), "x"))
    with pytest.raises(JournalBroken, match="unreadable"):
        Journal(path)
