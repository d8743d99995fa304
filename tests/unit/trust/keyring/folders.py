"""What tests know of a keyring's folder, and do to it."""

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from trust.keyring import FileKeyring

NODE = "node.mirai.example"
NOW = datetime(2026, 6, 3, 3, 0, tzinfo=UTC)
AOI, SORA, RIN = UUID(int=1), UUID(int=2), UUID(int=3)
STEPS = ("key-written", "rewrapped", "committed", "log-emptied", "key-overwritten", "key-unlinked")
TABLE = "wrapped-keys.sqlite3"


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
