"""The files that come with a portfolio: found by the names in its rows, judged by their content, handed on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pds.intake import attachment_problems, file_problems
from pds.intake.archive import Unreadable
from pds.intake.findings import Problem
from pds.intake.load import Load
from pds.intake.media import clean_name, media_type_of, suits
from pds.intake.record_rows import RowValues
from pds.records.bodies import Body
from pds.records.files import MOST_BYTES, NewFile

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class _Judged:
    """What was found out about one file: its media type, size and hash, or what is wrong with it."""

    media_type: str = ""
    size: int = 0
    sha256: str = ""
    problem: Problem | None = None
    params: tuple[tuple[str, str | int], ...] = ()


class Attachments:
    """The files of one parcel. `complete` fills in what the body of a record says of its files."""

    def __init__(self, load: Load, sheet: str, read: Callable[[str], bytes]) -> None:
        self._load, self._sheet, self._read = load, sheet, read
        self._judged: dict[str, _Judged] = {}

    def complete(self, body: Body, rows: Sequence[RowValues]) -> tuple[NewFile, ...] | None:
        """Number the files of a body and fill in kind, size and hash; None, with findings added, where one will not do.

        Entries of the body stand in the order of its rows.
        """
        files: list[NewFile] = []
        good = True
        for row, entry in zip(rows, body["entries"], strict=True):
            for position, file in enumerate(entry.get("files", ()), start=1):
                name = clean_name(file["name"])
                judged = self._judge(name)
                if judged.problem is not None:
                    self._load.findings.add(
                        judged.problem, self._sheet, row.row, f"file{position}", file["name"], **dict(judged.params)
                    )
                    good = False
                    continue
                number = len(files) + 1
                file |= _computed(number, name, judged)
                files.append(NewFile(number, name, judged.media_type, self._reader(name)))
        return tuple(files) if good else None

    def report_unused(self) -> None:
        """Warn of files that no row names."""
        for name in self._load.parcel.attachments:
            if name not in self._judged:
                self._load.findings.add(attachment_problems.UNUSED, name)

    def _judge(self, name: str) -> _Judged:
        if name not in self._judged:
            self._judged[name] = self._look_at(name)
        return self._judged[name]

    def _look_at(self, name: str) -> _Judged:
        member = self._load.parcel.attachments.get(name)
        if member is None:
            return _Judged(problem=attachment_problems.NOT_IN_ZIP)
        if member.size > MOST_BYTES:
            return _Judged(problem=attachment_problems.TOO_LARGE, params=(("most", MOST_BYTES // _MIB),))
        content = self._read(name)
        media_type = media_type_of(content)
        if media_type is None:
            return _Judged(problem=attachment_problems.KIND)
        if not suits(name, media_type):
            return _Judged(problem=attachment_problems.SUFFIX, params=(("found", media_type),))
        return _Judged(media_type, len(content), sha256(content).hexdigest())

    def _reader(self, name: str) -> Callable[[], Sequence[bytes]]:
        return lambda: [self._read(name)]


@contextmanager
def open_attachments(load: Load, sheet: str) -> Iterator[Attachments]:
    """Open the files that came with a portfolio, for as long as its rows are read."""
    if not load.parcel.is_zip:
        yield Attachments(load, sheet, _nothing)
        return
    with load.parcel.attachment_reader() as read:
        found = Attachments(load, sheet, read)
        yield found
        found.report_unused()


def refuse_attachments(load: Load) -> None:
    """Say that a zip without a portfolio holds files that are no tables."""
    for name in load.parcel.attachments:
        load.findings.add(file_problems.NOT_CSV_IN_ARCHIVE, load.parcel.name, value=name)
        return


def _nothing(name: str) -> bytes:
    raise Unreadable(attachment_problems.NOT_IN_ZIP, name, value=name)


def _computed(number: int, name: str, judged: _Judged) -> dict[str, Any]:
    return {
        "no": number, "name": name, "media_type": judged.media_type, "size": judged.size, "sha256": judged.sha256,
    }  # fmt: skip
