"""The table of wrapped child keys: one SQLite file in the keyring's folder, shared by every process of a node.

A child's key exists only here, wrapped under the key of the current epoch with AES-256-GCM and bound to child and
epoch. Readers never wait for a writer (write-ahead log); ``secure_delete`` overwrites what is removed, best effort:
what makes an erasure certain is the destruction of the epoch's key.

SQLite forbids carrying a connection across ``fork`` (sqlite.org/howtocorrupt.html section 2.6), and a preloading web
server forks. So connections are lent from a pool, one thread at a time, and the pool is emptied before every fork.
"""

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

BUSY_SECONDS: Final = 60
"""How long a writer waits for another one; rewrapping a million keys takes well under this."""

_BATCH: Final = 500
_REWRAP_BATCH: Final = 20_000

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS wrapping (subject BLOB PRIMARY KEY, epoch INTEGER NOT NULL, wrapped BLOB NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS epoch (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), number INTEGER NOT NULL);
INSERT OR IGNORE INTO epoch VALUES (1, 1);
"""

WrapNew = Callable[[UUID, int], bytes]
Rewrap = Callable[[UUID, bytes], bytes]


class ConnectionPool:
    """Idle connections to one file. A connection serves one thread at a time and never outlives a fork."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.RLock()
        with _POOLS_GUARD:
            _POOLS.add(self)

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection in autocommit mode; it comes back even when the work failed."""
        try:
            with self._guard:
                connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._guard:
            self._idle.append(connection)

    def close(self) -> None:
        """Close every idle connection."""
        with self._guard:
            self._close_idle()

    def before_fork(self) -> None:
        """Close what is idle and hold the pool still until the fork is done."""
        self._guard.acquire()
        self._close_idle()

    def after_fork(self) -> None:
        """Let the pool be used again, in parent and child alike."""
        self._guard.release()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        return connection


_POOLS: Final[weakref.WeakSet[ConnectionPool]] = weakref.WeakSet()
_POOLS_GUARD: Final = threading.RLock()
_held: list[ConnectionPool] = []


def _before_fork() -> None:
    _POOLS_GUARD.acquire()
    _held.extend(_POOLS)
    for pool in _held:
        pool.before_fork()


def _after_fork() -> None:
    while _held:
        _held.pop().after_fork()
    _POOLS_GUARD.release()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


class Wrappings:
    """Read and change the wrapped keys; the cryptography is the keyring's."""

    def __init__(self, path: Path) -> None:
        self._pool = ConnectionPool(path)
        weakref.finalize(self, self._pool.close)

    def lay(self) -> None:
        """Create the file, the tables and epoch 1 where they are missing."""
        self._pool.path.touch(mode=0o600)
        with self._pool.lend() as connection:
            connection.executescript(_TABLES)

    def close(self) -> None:
        """Close idle connections; the next use opens new ones."""
        self._pool.close()

    def epoch(self) -> int:
        """Return the number of the current epoch."""
        with self._pool.lend() as connection:
            return _epoch(connection)

    def find(self, subject: UUID) -> tuple[int, bytes] | None:
        """Return epoch and wrapped key of one child."""
        with self._pool.lend() as connection:
            row = connection.execute("SELECT epoch, wrapped FROM wrapping WHERE subject = ?", (subject.bytes,))
            found: tuple[int, bytes] | None = row.fetchone()
            return found

    def find_many(self, subjects: Iterable[UUID]) -> Iterator[tuple[UUID, int, bytes]]:
        """Yield child, epoch and wrapped key for those that have one."""
        wanted = [subject.bytes for subject in subjects]
        with self._pool.lend() as connection:
            for start in range(0, len(wanted), _BATCH):
                batch = wanted[start : start + _BATCH]
                places = ",".join("?" * len(batch))
                query = f"SELECT subject, epoch, wrapped FROM wrapping WHERE subject IN ({places})"  # noqa: S608  places only
                for raw, epoch, wrapped in connection.execute(query, batch).fetchall():
                    yield UUID(bytes=raw), epoch, wrapped

    def add(self, subjects: Iterable[UUID], wrap_new: WrapNew, refuse: Callable[[UUID], None]) -> None:
        """Add a key for each child that has none, all or nothing.

        ``wrap_new`` makes a key for child and epoch; ``refuse`` raises for a child that may have none. Both are asked
        inside the transaction, so neither a rotation nor an erasure can come in between.
        """
        with self._pool.lend() as connection, _writing(connection):
            epoch = _epoch(connection)
            rows: list[tuple[bytes, int, bytes]] = []
            for subject in subjects:
                refuse(subject)
                rows.append((subject.bytes, epoch, wrap_new(subject, epoch)))
            rows.sort()  # in the table's own order a large intake writes each page once
            connection.executemany("INSERT INTO wrapping VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows)

    def remove(self, subjects: Iterable[UUID]) -> None:
        """Remove wrapped keys and empty the write-ahead log of what they were."""
        with self._pool.lend() as connection:
            with _writing(connection):
                connection.executemany("DELETE FROM wrapping WHERE subject = ?", [(one.bytes,) for one in subjects])
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def rewrap(self, rewrap: Rewrap, *, to_epoch: int, after: Callable[[str], None]) -> None:
        """Move every key to the next epoch in one transaction, then empty the write-ahead log.

        ``after`` is told 'rewrapped' (not yet committed), 'committed', 'log-emptied'.
        """
        with self._pool.lend() as connection:
            with _writing(connection):
                last = b""
                while batch := connection.execute(
                    "SELECT subject, wrapped FROM wrapping WHERE subject > ? ORDER BY subject LIMIT ?",
                    (last, _REWRAP_BATCH),
                ).fetchall():
                    connection.executemany(
                        "UPDATE wrapping SET epoch = ?, wrapped = ? WHERE subject = ?",
                        [(to_epoch, rewrap(UUID(bytes=raw), wrapped), raw) for raw, wrapped in batch],
                    )
                    last = batch[-1][0]
                connection.execute("UPDATE epoch SET number = ?", (to_epoch,))
                after("rewrapped")
            after("committed")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            after("log-emptied")


def _epoch(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT number FROM epoch").fetchone()[0])


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
