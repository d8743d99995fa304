"""The broken OneRoster sets that the intake is tested with break as they say, and the valid ones do not."""

import csv
import io
import re
import zipfile
from collections.abc import Callable

import pytest

from manabi.sample.oneroster import header
from tests.factories import broken_oneroster as broken
from tests.factories.oneroster import JAPAN_PROFILE, K12_PROFILE, SCHOOL_CODE, valid, valid_delta
from tests.unit.manabi.sample.reading import csv_rows


@pytest.mark.parametrize("profile", [JAPAN_PROFILE, K12_PROFILE])
@pytest.mark.parametrize("make", [valid, valid_delta])
def test_a_valid_set_has_the_published_headers(profile: str, make: Callable[[str], bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(make(profile))) as package:
        for name in package.namelist():
            head = next(csv.reader(io.StringIO(package.read(name).decode())))
            expected = ["propertyName", "value"] if name == "manifest.csv" else header(name[:-4], profile)
            assert head == expected


@pytest.mark.parametrize("make", [*broken.REFUSED_SETS, *broken.FAULTY_ROWS, broken.with_bom])
def test_each_broken_set_differs_from_the_valid_ones(make: Callable[[], bytes]) -> None:
    assert make() not in (valid(), valid_delta())
    assert make.__doc__


def test_the_bomb_is_small_outside_and_large_inside() -> None:
    data = broken.zip_bomb(50_000_000)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.getinfo("users.csv").file_size == 50_000_000
    assert len(data) < 100_000


def test_the_lying_bomb_claims_a_hundred_bytes() -> None:
    with zipfile.ZipFile(io.BytesIO(broken.zip_bomb_with_a_false_size(1_000_000))) as package:
        assert package.getinfo("users.csv").file_size == 100


def test_the_large_set_is_as_large_as_asked() -> None:
    assert len(broken.over_size(3_000_000)) > 3_000_000


def test_the_foreign_encoding_is_no_utf_8() -> None:
    with zipfile.ZipFile(io.BytesIO(broken.cp932_bytes())) as package:
        content = package.read("users.csv")
    assert "髙橋" in content.decode("cp932")
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")


def test_the_corrupted_set_fails_its_checksum() -> None:
    with zipfile.ZipFile(io.BytesIO(broken.corrupted())) as package, pytest.raises(Exception, match=r"CRC|Error -3"):
        package.read("users.csv")


def test_the_mangled_codes_are_what_a_spreadsheet_leaves() -> None:
    for make, pattern in (
        (broken.school_code_as_a_power_of_ten, r"[\d.]+E\+\d+"),
        (broken.school_code_without_its_letter, r"\d{12}"),
        (broken.school_code_with_a_wrong_check_digit, SCHOOL_CODE[:-1] + "9"),
    ):
        with zipfile.ZipFile(io.BytesIO(make())) as package:
            code = csv_rows(package.read("orgs.csv"))[1]["identifier"]
        assert re.fullmatch(pattern, code)
