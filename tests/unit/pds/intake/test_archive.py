"""What is handed in is judged before it is read, and counted while it is."""

import io
import unicodedata
import zipfile
from pathlib import Path

import pytest

from pds.intake.archive import LIMITS, Limits, Parcel, Unreadable
from tests.factories import broken_oneroster as broken
from tests.factories.oneroster import package


def opened(tmp_path: Path, content: bytes, *, limits: Limits = LIMITS, name: str = "set.zip") -> Parcel:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return Parcel(path, name, limits)


def refusal(tmp_path: Path, content: bytes, **limits: int) -> str:
    with pytest.raises(Unreadable) as refused:
        opened(tmp_path, content, limits=Limits(**limits))
    return refused.value.problem.code


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def test_members_can_be_read_more_than_once(tmp_path: Path) -> None:
    parcel = opened(tmp_path, package().packed())
    for _ in range(2):
        with parcel.open("users.csv") as stream:
            assert stream.read(9) == b"sourcedId"


def test_a_single_file_goes_by_the_last_part_of_its_name(tmp_path: Path) -> None:
    parcel = opened(tmp_path, b"a,b\r\n", name="C:\\files\\guidance.csv")
    assert (parcel.is_zip, list(parcel.members)) == (False, ["guidance.csv"])


@pytest.mark.parametrize(
    "name", ["../users.csv", "/etc/users.csv", "..\\users.csv", "\\\\host\\users.csv", "C:users.csv"]
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, broken.path_traversal(name)) == "intake.path_in_archive"


def test_a_link_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("users.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal(tmp_path, stream.getvalue()) == "intake.path_in_archive"


def test_names_that_differ_in_case_alone_are_the_same(tmp_path: Path) -> None:
    assert refusal(tmp_path, zipped(users__csv=b"a", USERS__csv=b"b")) == "intake.member_twice"


def test_the_bounds_are_held_against_the_directory(tmp_path: Path) -> None:
    whole = zipped(a__csv=b"x" * 1000, b__csv=b"y" * 1000)
    assert refusal(tmp_path, whole, member=999) == "intake.too_large_unpacked"
    assert refusal(tmp_path, whole, total=1999) == "intake.too_large_unpacked"
    assert refusal(tmp_path, whole, members=1) == "intake.too_many_members"
    assert refusal(tmp_path, whole, members=1, attachments=0) == "intake.too_many_members"
    assert refusal(tmp_path, whole, ratio=2, ratio_above=10) == "intake.archive_bomb"
    assert refusal(tmp_path, whole, directory=20) == "intake.too_many_members"


def test_files_for_a_portfolio_are_kept_apart_from_tables(tmp_path: Path) -> None:
    parcel = opened(tmp_path, zipped(portfolio__csv=b"a", 絵__png=b"png", 文__TXT="文".encode()))
    assert (list(parcel.members), list(parcel.attachments)) == (["portfolio.csv"], ["絵.png", "文.TXT"])
    with parcel.attachment_reader() as read:
        assert read("文.TXT").decode() == "文"


def test_files_that_differ_in_case_or_composition_alone_are_the_same(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "が")
    assert refusal(tmp_path, zipped(a__png=b"x", A__PNG=b"y")) == "intake.member_twice"
    assert refusal(tmp_path, zipped(**{"が__png": b"x", f"{decomposed}__png": b"y"})) == "intake.member_twice"


def test_there_may_be_more_files_than_tables_but_not_without_end(tmp_path: Path) -> None:
    many = {f"{number}__png": b"x" for number in range(60)}
    assert len(opened(tmp_path, zipped(portfolio__csv=b"a", **many)).attachments) == 60
    assert refusal(tmp_path, zipped(**many), members=10, attachments=49) == "intake.too_many_members"
    tables = {f"{number}__csv": b"x" for number in range(41)}
    assert refusal(tmp_path, zipped(**tables)) == "intake.too_many_members"


def test_a_damaged_file_is_told_by_name(tmp_path: Path) -> None:
    content = bytearray(zipped(a__png=bytes(range(256)) * 40, portfolio__csv=b"a"))
    content[content.index(b"a.png") + 20] ^= 0xFF
    parcel = opened(tmp_path, bytes(content))
    with parcel.attachment_reader() as read, pytest.raises(Unreadable) as refused:
        read("a.png")
    assert (refused.value.problem.code, refused.value.file) == ("intake.archive_damaged", "a.png")


def test_the_directory_is_bounded_before_it_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = broken.too_many_members()

    def never(*_: object) -> None:
        raise AssertionError("the directory was listed")

    monkeypatch.setattr(zipfile, "ZipFile", never)
    assert refusal(tmp_path, content) == "intake.too_many_members"


def test_a_member_larger_than_it_said_is_stopped_while_it_is_read(tmp_path: Path) -> None:
    parcel = opened(tmp_path, broken.zip_bomb_with_a_false_size())
    read = 0
    with pytest.raises(Unreadable) as refused, parcel.open("users.csv") as stream:  # noqa: PT012
        while chunk := stream.read(1024):
            read += len(chunk)
    assert refused.value.problem.code in ("intake.archive_damaged", "intake.archive_bomb")
    assert read <= 1024


def test_a_zip64_trailer_is_refused_by_name(tmp_path: Path) -> None:
    whole = zipped(a__csv=b"x")
    at = whole.rindex(b"PK\x05\x06")
    bent = whole[:at] + b"PK\x06\x07" + b"\0" * 16 + whole[at:]
    assert refusal(tmp_path, bent) == "intake.archive_zip64"


def test_another_packing_method_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("users.csv", "a")
    assert refusal(tmp_path, stream.getvalue()) == "intake.archive_method"


def test_a_spreadsheet_file_is_told_by_name(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/workbook.xml", "<x/>")
    assert refusal(tmp_path, stream.getvalue()) == "intake.spreadsheet_file"
