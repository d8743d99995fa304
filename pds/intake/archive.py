"""Opening what was handed in: a zip or a single CSV file, bounded before anything of it is read.

Beside CSV files a zip may hold pictures, PDF and text files, which the rows of a portfolio name.

A zip is judged by its directory first: how many members, how large they say they are, where they want to lie. While a
member is read, what really comes out is counted again. Nothing is ever unpacked to disk, so a member's name is never
a path.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from pds.intake import file_problems
from pds.intake.findings import Problem
from pds.intake.media import SUFFIXES, clean_name

_ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_END_64_LOCATOR: Final = b"PK\x06\x07"
_LONGEST_COMMENT: Final = 65_535
_ENCRYPTED: Final = 0x1
_NAMED_IN_UTF8: Final = 0x800
_MODES: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_SPREADSHEET_MARK: Final = "[Content_Types].xml"
_LINK: Final = 0o120000
_KIND: Final = 0o170000

_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, struct.error, ValueError, NotImplementedError,
    RuntimeError, OSError,
)  # fmt: skip
"""Everything the standard library raises for an archive whose bytes were damaged; it documents only the first."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what is read. Ordinary roster files shrink to a tenth; a ratio above `ratio` is no roster."""

    upload: int = 1024**3
    members: int = 40
    attachments: int = 4000
    directory: int = 1024**2
    member: int = 3 * 1024**3
    total: int = 6 * 1024**3
    ratio: int = 200
    ratio_above: int = 16 * 1024**2


LIMITS: Final = Limits()


class Unreadable(Exception):
    """The file, or one member of it, cannot be read on; carried to the report as a finding."""

    def __init__(
        self, problem: Problem, file: str, row: int | None = None, value: str = "", **params: int | str
    ) -> None:
        super().__init__(problem.code)
        self.problem, self.file, self.row, self.value, self.params = problem, file, row, value, params


@dataclass(frozen=True, slots=True)
class Member:
    """One CSV file of what was handed in."""

    name: str
    size: int


class Parcel:
    """What was handed in, opened safely: members by name, each readable as a bounded stream, more than once."""

    def __init__(self, path: Path, name: str, limits: Limits = LIMITS) -> None:
        self._path, self._limits = path, limits
        self._names: set[str] = set()
        self.name = name
        with path.open("rb") as file:
            self.is_zip = file.read(4) in _ZIP_MAGIC
        self.members: dict[str, Member] = {}
        self.attachments: dict[str, Member] = {}
        """Pictures, PDF and text files by their cleaned names; a `Member` keeps the name in the archive."""
        if self.is_zip:
            _check_directory(path, name, limits)
            self._list_members()
        else:
            shown = Path(name.replace("\\", "/")).name or "upload.csv"
            self.members[shown] = Member(shown, path.stat().st_size)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a member for reading; raises `Unreadable` where it is damaged or larger than it said."""
        member = self.members[name]
        if not self.is_zip:
            with self._path.open("rb") as plain:
                yield plain
            return
        with ExitStack() as opened:
            try:
                archive = opened.enter_context(zipfile.ZipFile(self._path))
                stream = opened.enter_context(archive.open(member.name))
            except _DAMAGE as error:
                raise Unreadable(file_problems.ARCHIVE_DAMAGED, name) from error
            try:
                yield io.BufferedReader(_Counted(stream, member.size, name), 256 * 1024)
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise Unreadable(file_problems.ARCHIVE_DAMAGED, name) from error

    @contextmanager
    def attachment_reader(self) -> Iterator[Callable[[str], bytes]]:
        """Open the archive once for many small files: what is yielded returns the content of one by its cleaned name.

        It raises `Unreadable` where a file is damaged or larger than it said.
        """
        with zipfile.ZipFile(self._path) as archive:

            def read(name: str) -> bytes:
                member = self.attachments[name]
                try:
                    with archive.open(member.name) as stream:
                        return io.BufferedReader(_Counted(stream, member.size, name)).read()
                except _DAMAGE as error:
                    raise Unreadable(file_problems.ARCHIVE_DAMAGED, name) from error

            yield read

    def _list_members(self) -> None:
        try:
            with zipfile.ZipFile(self._path) as archive:
                entries = archive.infolist()
        except _DAMAGE as error:
            raise Unreadable(file_problems.ARCHIVE_DAMAGED, self.name) from error
        if any(entry.filename == _SPREADSHEET_MARK for entry in entries):
            raise Unreadable(file_problems.SPREADSHEET_FILE, self.name)
        for entry in entries:
            self._take_entry(entry)
        if len(self.members) > self._limits.members:
            raise Unreadable(file_problems.TOO_MANY_MEMBERS, self.name, most=self._limits.members)
        if sum(entry.file_size for entry in entries) > self._limits.total:
            raise Unreadable(file_problems.TOO_LARGE_UNPACKED, self.name, most=self._limits.total // 1024**2)
        if not self.members:
            raise Unreadable(file_problems.ARCHIVE_EMPTY, self.name)

    def _take_entry(self, entry: zipfile.ZipInfo) -> None:
        name, limits = _decoded_name(entry), self._limits
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\x00" in entry.orig_filename:
            raise Unreadable(file_problems.PATH_IN_ARCHIVE, self.name, value=name)
        if len(parts) > 1 or entry.is_dir():
            raise Unreadable(file_problems.FOLDER_IN_ARCHIVE, self.name, value=name)
        if (entry.external_attr >> 16) & _KIND == _LINK:
            raise Unreadable(file_problems.PATH_IN_ARCHIVE, self.name, value=name)
        is_table = name.lower().endswith(".csv")
        if not is_table and not name.lower().endswith(SUFFIXES):
            raise Unreadable(file_problems.NOT_CSV_IN_ARCHIVE, self.name, value=name)
        if name.lower() in self._names:
            raise Unreadable(file_problems.MEMBER_TWICE, self.name, value=name)
        if entry.flag_bits & _ENCRYPTED:
            raise Unreadable(file_problems.ARCHIVE_ENCRYPTED, self.name, value=name)
        if entry.compress_type not in _MODES:
            raise Unreadable(file_problems.ARCHIVE_METHOD, self.name, value=name)
        if entry.file_size > limits.member:
            raise Unreadable(file_problems.TOO_LARGE_UNPACKED, self.name, value=name, most=limits.member // 1024**2)
        if entry.file_size > max(limits.ratio_above, entry.compress_size * limits.ratio):
            raise Unreadable(file_problems.ARCHIVE_BOMB, self.name, value=name)
        self._names.add(name.lower())
        (self.members if is_table else self.attachments)[name] = Member(entry.filename, entry.file_size)


def _decoded_name(entry: zipfile.ZipInfo) -> str:
    """Return the name as its maker wrote it: archives made in Japan often hold cp932, or UTF-8 without saying so."""
    name = entry.filename
    if not entry.flag_bits & _NAMED_IN_UTF8 and not name.isascii():
        raw = name.encode("cp437")
        for encoding in ("utf-8", "cp932"):
            try:
                return clean_name(raw.decode(encoding))
            except UnicodeDecodeError:
                continue
    return clean_name(name)


class _Counted(io.RawIOBase):
    """Hands on a member's bytes and stops at the size it said it had."""

    def __init__(self, stream: IO[bytes], size: int, name: str) -> None:
        self._stream, self._left, self._name = stream, size, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise Unreadable(file_problems.ARCHIVE_BOMB, self._name)
        buffer[: len(data)] = data
        return len(data)


def _check_directory(path: Path, name: str, limits: Limits) -> None:
    """Refuse a zip whose directory is too long before anything builds a list of its entries."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT - 20))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise Unreadable(file_problems.ARCHIVE_DAMAGED, name)
    if tail[max(0, at - 20) : at].startswith(_END_64_LOCATOR):
        raise Unreadable(file_problems.ARCHIVE_ZIP64, name)
    count, directory = struct.unpack("<HL", tail[at + 10 : at + 16])
    if count > limits.members + limits.attachments or directory > limits.directory:
        raise Unreadable(file_problems.TOO_MANY_MEMBERS, name, most=limits.members + limits.attachments)
