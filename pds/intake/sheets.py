"""Reading one CSV file as a stream of rows: UTF-8 only, a byte-order mark noted, every length bounded."""

import codecs
import csv
import io
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from typing import Final

from pds.intake import file_problems
from pds.intake.archive import Parcel, Unreadable
from pds.intake.findings import Problem

LONGEST_LINE: Final = 512 * 1024
"""Characters. The widest published row is far below; a longer line is not a table."""
LONGEST_CELL: Final = 64 * 1024
_SAMPLE: Final = 64 * 1024
_MOST_CELLS: Final = 400

csv.field_size_limit(LONGEST_CELL)


class Sheet:
    """One CSV file of a parcel. Rows are numbered as a spreadsheet shows them: the header is row 1."""

    def __init__(self, parcel: Parcel, name: str) -> None:
        self._parcel, self.name = parcel, name
        with parcel.open(name) as stream:
            self._problem = _wrong_encoding(stream.read(_SAMPLE))
        with parcel.open(name) as stream:
            self.has_bom = stream.read(3) == codecs.BOM_UTF8
        with closing(self._read()) as lines:
            self.header = next(lines, [])

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every data row with its number; raises `Unreadable` where the file stops making sense."""
        with closing(self._read()) as lines:
            next(lines, None)
            for number, cells in enumerate(lines, start=2):
                if cells:
                    yield number, cells

    def _read(self) -> Generator[list[str], None, None]:
        if self._problem is not None:
            raise Unreadable(self._problem, self.name)
        row = 1
        with self._parcel.open(self.name) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="strict", newline="")
            try:
                for cells in csv.reader(_lines(text, self.name), strict=True):
                    if len(cells) > _MOST_CELLS:
                        raise Unreadable(file_problems.TOO_MANY_CELLS, self.name, row, most=_MOST_CELLS)
                    yield cells
                    row += 1
            except UnicodeDecodeError as error:
                bad = error.object[error.start : error.start + 64] if isinstance(error.object, bytes) else b""
                raise Unreadable(_legacy_or_unknown(bad), self.name, row) from error
            except csv.Error as error:
                long = "field larger" in str(error)
                raise Unreadable(
                    file_problems.CELL_TOO_LONG if long else file_problems.BROKEN_CSV, self.name, row
                ) from error
            finally:
                with suppress(ValueError):  # the stream may have been closed by its own failure
                    text.detach()


def _lines(text: io.TextIOWrapper, name: str) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise Unreadable(file_problems.LINE_TOO_LONG, name)
        yield line


def _wrong_encoding(sample: bytes) -> Problem | None:
    """Say what is wrong with the encoding of a file's beginning, or None where it is UTF-8."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return file_problems.UTF16
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return _legacy_or_unknown(sample)
    return None


def _legacy_or_unknown(sample: bytes) -> Problem:
    """Tell cp932, which Japanese spreadsheets still write, from anything else that is not UTF-8."""
    try:
        text = codecs.getincrementaldecoder("cp932")().decode(sample)
    except UnicodeDecodeError:
        return file_problems.NOT_UTF8
    return file_problems.NOT_UTF8 if "\0" in text else file_problems.CP932
