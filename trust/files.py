"""Small durable files that only their owner may read: secrets, key files, and the lock of a folder.

A file counts as written when its content and its name are both on the disk (fsync of the file, then of the folder);
a secret counts as destroyed, best effort, when its blocks were overwritten before the name went. Copy-on-write file
systems, snapshots and worn flash cells may keep the old blocks: the page that promises erasure says so.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex


def nothing_follows(_step: str) -> None:
    """Stand in where nobody asked to be told which step was just completed."""


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lay_file(path: Path) -> None:
    """Create an empty 0600 file durably; one that exists is left as it is."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    sync_folder(path.parent)


def write_new(path: Path, content: bytes) -> bool:
    """Create a 0600 file durably and atomically; False, changing nothing, if the name is already taken.

    The content is complete before the name exists, so of several processes creating the same file one wins and the
    others read what it wrote.
    """
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
    finally:
        os.unlink(draft)
    sync_folder(path.parent)
    return True


def destroy(path: Path, *, after: Callable[[str], None] = nothing_follows) -> None:
    """Overwrite a file, then remove its name; each is durable before the next. Absent files are already destroyed.

    ``after`` is told 'key-overwritten' and 'key-unlinked' as these steps complete.
    """
    try:
        handle = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return
    try:
        os.write(handle, os.urandom(os.fstat(handle).st_size))
        os.fsync(handle)
    finally:
        os.close(handle)
    after("key-overwritten")
    path.unlink(missing_ok=True)
    sync_folder(path.parent)
    after("key-unlinked")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock named by a file, against other threads and other processes; the kernel frees it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
