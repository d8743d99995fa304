"""What a handed-in file is, told by its content and never by its name; and names made harmless."""

import unicodedata
from typing import Final

PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
PDF: Final = "application/pdf"
TEXT: Final = "text/plain"
SUFFIXES_OF: Final = {PNG: (".png",), JPEG: (".jpg", ".jpeg"), PDF: (".pdf",), TEXT: (".txt",)}
SUFFIXES: Final = tuple(suffix for suffixes in SUFFIXES_OF.values() for suffix in suffixes)
LONGEST_NAME: Final = 120
_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_PNG_TAIL: Final = b"IEND\xaeB`\x82"
_JPEG_HEAD: Final = b"\xff\xd8\xff"
_JPEG_TAIL: Final = b"\xff\xd9"
_PDF_HEAD: Final = b"%PDF-"
_PDF_TAIL: Final = b"%%EOF"
_TAIL_BYTES: Final = 1024
_SPOKEN: Final = "\t\n\r"


def media_type_of(content: bytes) -> str | None:
    """Return the media type of a whole file: PNG, JPEG, PDF or UTF-8 text; None for anything else.

    Head and tail are looked at, so a file cut off on its way is none of these.
    """
    tail = content[-_TAIL_BYTES:]
    if content.startswith(_PNG_HEAD):
        return PNG if tail.endswith(_PNG_TAIL) else None
    if content.startswith(_JPEG_HEAD):
        return JPEG if _JPEG_TAIL in tail else None
    if content.startswith(_PDF_HEAD):
        return PDF if _PDF_TAIL in tail else None
    return TEXT if _is_text(content) else None


def clean_name(name: str) -> str:
    """Return a name that is safe to show and to save: composed (NFC), without invisible characters or leading dots.

    Path separators stay, for whoever refuses paths. A name too long loses the end of its stem, never its suffix.
    """
    visible = "".join(one for one in unicodedata.normalize("NFC", name) if unicodedata.category(one)[0] != "C")
    trimmed = visible.strip().lstrip(". ") if "/" not in visible and "\\" not in visible else visible
    if len(trimmed) <= LONGEST_NAME:
        return trimmed
    stem, dot, suffix = trimmed.rpartition(".")
    return f"{stem[: LONGEST_NAME - len(dot) - len(suffix)]}{dot}{suffix}"[:LONGEST_NAME]


def suits(name: str, media_type: str) -> bool:
    """Whether the suffix of a name belongs to a media type."""
    return name.lower().endswith(SUFFIXES_OF[media_type])


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return bool(text.strip()) and all(one in _SPOKEN or unicodedata.category(one) not in ("Cc", "Cs") for one in text)
