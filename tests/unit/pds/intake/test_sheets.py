"""CSV text: UTF-8 alone, every length bounded, rows numbered as a spreadsheet shows them."""

from pathlib import Path

import pytest

from pds.intake.archive import Parcel, Unreadable
from pds.intake.sheets import LONGEST_CELL, LONGEST_LINE, Sheet


def sheet(tmp_path: Path, content: bytes) -> Sheet:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return Sheet(Parcel(path, "a.csv"), "a.csv")


def fault(tmp_path: Path, content: bytes) -> tuple[str, int | None]:
    with pytest.raises(Unreadable) as refused:
        list(sheet(tmp_path, content).rows())
    return refused.value.problem.code, refused.value.row


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rows_are_numbered_from_the_header_on(tmp_path: Path, end: bytes) -> None:
    read = sheet(tmp_path, end.join([b"a,b", b'1,"x', b'y"', b"", b"2,z", b""]))
    assert read.header == ["a", "b"]
    newline = end.decode()
    assert list(read.rows()) == [(2, ["1", f"x{newline}y"]), (4, ["2", "z"])]


def test_a_byte_order_mark_is_noted_and_is_no_part_of_the_header(tmp_path: Path) -> None:
    read = sheet(tmp_path, "\ufeffa,b\n1,2\n".encode())
    assert (read.has_bom, read.header) == (True, ["a", "b"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("氏名,学年\n山田,5\n".encode("cp932"), "cp932"),
        ("氏名,学年\n".encode("utf-16"), "utf16"),
        (b"\x89PNG\r\n\x1a\n\x00\xff\xff", "not_utf8"),
    ],
)
def test_other_encodings_are_told_apart(tmp_path: Path, content: bytes, code: str) -> None:
    assert fault(tmp_path, content)[0] == f"intake.{code}"


def test_an_encoding_that_changes_deep_in_the_file_is_found_at_its_row(tmp_path: Path) -> None:
    head = b"a,b\n" + b"1,2\n" * 40_000
    code, row = fault(tmp_path, head + "3,山田\n".encode("cp932"))
    assert code == "intake.cp932"
    assert row is not None
    assert row > 30_000


def test_a_sample_that_ends_inside_a_character_is_still_utf8(tmp_path: Path) -> None:
    content = b"a\n" + ("あ" * 30_000 + "\n").encode()
    assert len(list(sheet(tmp_path, content).rows())) == 1


@pytest.mark.parametrize(
    ("content", "code", "row"),
    [
        (b'a,b\n1,"2\n', "broken_csv", 2),
        (b'a,b\n1,"2"3\n', "broken_csv", 2),
        (b"a,b\n1,2\n3," + b"x" * (LONGEST_CELL + 1) + b"\n", "cell_too_long", 3),
        (b"a,b\n" + b"x," * 500 + b"\n", "too_many_cells", 2),
    ],
)
def test_what_is_no_table_stops_the_reading_at_its_row(tmp_path: Path, content: bytes, code: str, row: int) -> None:
    assert fault(tmp_path, content) == (f"intake.{code}", row)


def test_a_line_without_end_is_never_held_whole(tmp_path: Path) -> None:
    assert fault(tmp_path, b"a,b\n" + b"x" * (LONGEST_LINE * 3))[0] == "intake.line_too_long"


def test_an_unclosed_quote_does_not_swallow_the_file(tmp_path: Path) -> None:
    assert fault(tmp_path, b'a,b\n1,"2\n' + b"3,4\n" * 100_000)[0] == "intake.cell_too_long"
