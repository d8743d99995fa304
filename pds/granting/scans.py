"""The scanned form as it is handed in: bounded, and one of three kinds by what it is, not by what it is called."""

from typing import IO

from pds.sharing.counter import LARGEST_SCAN, Scan, ScanRefused

_KINDS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


def read_scan(stream: IO[bytes]) -> Scan:
    """Return a scan; raises `ScanRefused` for one that is empty, too large, or of another kind."""
    content = stream.read(LARGEST_SCAN + 1)
    kind = next((kind for start, kind in _KINDS if content.startswith(start)), None)
    if kind is None or len(content) > LARGEST_SCAN:
        raise ScanRefused(most=LARGEST_SCAN // 1024**2)
    return Scan(content, kind)
