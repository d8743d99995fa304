"""What may be handed in as a scanned form."""

import io

import pytest

from pds.granting.scans import read_scan
from pds.sharing.counter import LARGEST_SCAN, ScanRefused

STARTS = {"application/pdf": b"%PDF-1.7", "image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff\xe0"}


@pytest.mark.parametrize(("kind", "start"), list(STARTS.items()), ids=list(STARTS))
def test_a_form_is_known_by_its_content_whatever_it_is_called(kind: str, start: bytes) -> None:
    largest = start + bytes(LARGEST_SCAN - len(start))
    assert read_scan(io.BytesIO(largest)).media_type == kind
    with pytest.raises(ScanRefused):
        read_scan(io.BytesIO(largest + b"x"))


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04", b"GIF89a", b" %PDF-1.7"])
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ScanRefused):
        read_scan(io.BytesIO(content))
