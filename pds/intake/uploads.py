"""The folder of uploads: a file per run, readable by the service alone, durable before it is acknowledged."""

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import IO, Final
from uuid import UUID

from pds.intake.archive import LIMITS
from pds.intake.errors import UploadChanged, UploadEmpty, UploadGone, UploadTooLarge
from trust.files import sync_folder

_CHUNK: Final = 256 * 1024
_SUFFIX: Final = ".upload"


def upload_path(folder: Path, run: UUID) -> Path:
    """Return where the upload of a run lies."""
    return folder / f"{run}{_SUFFIX}"


def store_upload(folder: Path, run: UUID, stream: IO[bytes], *, most: int = LIMITS.upload) -> tuple[int, bytes]:
    """Write what comes in, return size and SHA-256; raises `UploadTooLarge` or `UploadEmpty`, leaving nothing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = upload_path(folder, run)
    digest, size = hashlib.sha256(), 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > most:
                    raise UploadTooLarge(most=most // 1024**2)
                digest.update(chunk)
                file.write(chunk)
            if not size:
                raise UploadEmpty
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    return size, digest.digest()


def check_upload(folder: Path, run: UUID, digest: bytes) -> Path:
    """Return the path of an upload whose bytes are still the same; raises `UploadGone` or `UploadChanged`."""
    path = upload_path(folder, run)
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
    except FileNotFoundError as error:
        raise UploadGone from error
    if found != digest:
        raise UploadChanged
    return path


def remove_upload(folder: Path, run: UUID) -> None:
    """Remove the upload of a run, if it is there."""
    upload_path(folder, run).unlink(missing_ok=True)


def stray_uploads(folder: Path, *, before: datetime) -> list[UUID]:
    """Return the runs whose uploads are older than an instant; the caller knows which of them have a run."""
    found: list[UUID] = []
    if not folder.exists():
        return found
    for path in folder.glob(f"*{_SUFFIX}"):
        try:
            run = UUID(path.name.removesuffix(_SUFFIX))
            if path.stat().st_mtime < before.timestamp():
                found.append(run)
        except (ValueError, FileNotFoundError):
            continue
    return found
