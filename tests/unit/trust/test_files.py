import os
import threading
from pathlib import Path

import pytest

from trust.files import destroy, lay_file, locked, write_new


def test_a_new_file_is_whole_and_only_its_owners(tmp_path: Path) -> None:
    assert write_new(tmp_path / "key", b"secret")
    assert (tmp_path / "key").read_bytes() == b"secret"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["key"]


def test_a_taken_name_keeps_its_content(tmp_path: Path) -> None:
    write_new(tmp_path / "key", b"first")
    assert not write_new(tmp_path / "key", b"second")
    assert (tmp_path / "key").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["key"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_new(tmp_path / "key", b"secret")
    assert os.listdir(tmp_path) == []


def test_laying_a_file_leaves_an_existing_one_as_it_is(tmp_path: Path) -> None:
    lay_file(tmp_path / "log")
    (tmp_path / "log").write_bytes(b"lines")
    lay_file(tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == b"lines"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_destroyed_file_was_overwritten_before_its_name_went(tmp_path: Path) -> None:
    write_new(tmp_path / "key", b"secret" * 6)
    os.link(tmp_path / "key", tmp_path / "same-blocks")
    steps: list[tuple[str, bool]] = []
    destroy(tmp_path / "key", after=lambda step: steps.append((step, (tmp_path / "key").exists())))
    assert steps == [("key-overwritten", True), ("key-unlinked", False)]
    left = (tmp_path / "same-blocks").read_bytes()
    assert len(left) == 36
    assert b"secret" not in left


def test_destroying_what_is_gone_does_nothing(tmp_path: Path) -> None:
    destroy(tmp_path / "key")
    assert os.listdir(tmp_path) == []


def test_a_lock_is_held_against_other_threads_and_freed_by_a_failure(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        with locked(tmp_path / "lock"):
            order.append("second")

    thread = threading.Thread(target=second)
    with pytest.raises(RuntimeError), locked(tmp_path / "lock"):  # noqa: PT012  what happens while it is held
        thread.start()
        waiting.wait()
        order.append("first")
        raise RuntimeError
    thread.join(60)
    assert order == ["first", "second"]
