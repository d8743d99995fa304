"""A handed-in file is what its content says; names lose what could harm whoever saves them."""

import random
import unicodedata

import pytest

from manabi.sample.pictures import card, landscape
from pds.intake.media import LONGEST_NAME, clean_name, media_type_of, suits

PNG = landscape(random.Random(3))
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 64 + b"\xff\xd9"
PDF = card("題", ["一行"])


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (PDF, "application/pdf"),
        ("はじめまして。\r\n".encode(), "text/plain"),
        ("\ufeffはじめまして。".encode(), "text/plain"),
        (PNG[:-4], None),
        (JPEG[:-2], None),
        (PDF[:-20], None),
        ("はじめまして。".encode("cp932"), None),
        (b"a\x00b", None),
        (b"a\x1b[31mb", None),
        (b" \n", None),
        (b"", None),
        (b"GIF89a" + b"\x00" * 20, None),
        (b"MZ\x90\x00", None),
    ],
)
def test_content_says_what_a_file_is(content: bytes, media_type: str | None) -> None:
    assert media_type_of(content) == media_type


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("kawara.png", "kawara.png"),
        (unicodedata.normalize("NFD", "がようし.png"), "がようし.png"),
        ("絵\u202egnp.exe.png", "絵gnp.exe.png"),
        ("..hidden.txt", "hidden.txt"),
        (" a\tb\x07.txt ", "ab.txt"),
        ("../../etc/x.png", "../../etc/x.png"),
    ],
)
def test_a_name_loses_what_cannot_be_seen(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_a_long_name_keeps_its_ending() -> None:
    name = clean_name("長" * 300 + ".pdf")
    assert (len(name), name[-5:]) == (LONGEST_NAME, "長.pdf")


def test_the_ending_has_to_suit_the_content() -> None:
    assert suits("A.JPG", "image/jpeg")
    assert suits("a.jpeg", "image/jpeg")
    assert not suits("a.png", "image/jpeg")
    assert not suits("a.png.txt", "image/png")
