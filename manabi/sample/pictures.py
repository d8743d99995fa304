"""Small files that children hand in, drawn and written by code: the same numbers always give the same bytes."""

import struct
import zlib
from random import Random
from typing import Final

WIDTH: Final = 160
HEIGHT: Final = 120
_SKIES: Final = (
    ((255, 214, 165), (250, 128, 114)), ((200, 226, 255), (98, 160, 234)), ((222, 222, 240), (120, 120, 180)),
)  # fmt: skip
_HILLS: Final = ((70, 120, 70), (96, 140, 60), (120, 100, 70), (60, 100, 120))
_WATER: Final = ((90, 150, 200), (70, 130, 160))
_SKY_STEPS: Final = 24


def landscape(rng: Random) -> bytes:
    """Return a PNG (indexed colours) of hills under a sky, with a sun and water below."""
    top, low = rng.choice(_SKIES)
    near, far, water = rng.choice(_HILLS), rng.choice(_HILLS), rng.choice(_WATER)
    palette = [_between(top, low, step / (_SKY_STEPS - 1)) for step in range(_SKY_STEPS)]
    sun, far_hill, near_hill, river = (bytes([_SKY_STEPS + number]) for number in range(4))
    palette += [(255, 244, 180), far, near, water]
    horizon = 60 + rng.randrange(20)
    sun_x, sun_y, radius = rng.randrange(20, 140), rng.randrange(14, 40), rng.randrange(8, 14)
    peaks = ((rng.randrange(10, 70), 34 + rng.randrange(14), far_hill), (rng.randrange(80, 150), 42, near_hill))
    rows = []
    for y in range(HEIGHT):
        if y >= horizon:
            shore = max(0, 60 - 2 * (y - horizon) + rng.randrange(6))
            rows.append(near_hill * shore + river * (WIDTH - shore))
            continue
        row = bytearray(bytes([y * _SKY_STEPS // HEIGHT]) * WIDTH)
        if abs(y - sun_y) < radius:
            half = int((radius * radius - (y - sun_y) ** 2) ** 0.5)
            row[sun_x - half : sun_x + half] = sun * (2 * half)
        for peak, height, colour in peaks:
            half = int((y - (horizon - height)) * 1.6)
            if half > 0:
                left, right = max(0, peak - half), min(WIDTH, peak + half)
                row[left:right] = colour * (right - left)
        rows.append(bytes(row))
    return _png(b"".join(b"\0" + row for row in rows), palette)


def card(title: str, lines: list[str]) -> bytes:
    """Return a one-page PDF in landscape A5 with a title and some lines, set in a font that every reader has."""
    drawn = [f"BT /F1 22 Tf 40 350 Td <{_hex(title)}> Tj ET"]
    drawn += [f"BT /F1 13 Tf 40 {310 - 24 * number} Td <{_hex(line)}> Tj ET" for number, line in enumerate(lines[:11])]
    drawn.append("1 w 30 340 535 0.5 re S")
    content = "\n".join(drawn).encode()
    return _pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 420] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            b"<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiKakuGo-W5 /Encoding /UniJIS-UCS2-H"
            b" /DescendantFonts [6 0 R] >>",
            b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiKakuGo-W5"
            b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> /FontDescriptor 7 0 R >>",
            b"<< /Type /FontDescriptor /FontName /HeiseiKakuGo-W5 /Flags 4 /FontBBox [-92 -250 1010 922]"
            b" /ItalicAngle 0 /Ascent 752 /Descent -221 /CapHeight 737 /StemV 114 >>",
        ]
    )


def _between(one: tuple[int, int, int], other: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _png(raw: bytes, palette: list[tuple[int, int, int]]) -> bytes:
    """Put an indexed picture together (PNG, W3C recommendation: IHDR, PLTE, IDAT, IEND)."""
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", bytes(one for colour in palette for one in colour)),
             (b"IDAT", zlib.compress(raw, 6)), (b"IEND", b""))  # fmt: skip
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _pdf(objects: list[bytes]) -> bytes:
    """Put numbered objects into a file with its table of places (PDF 1.4)."""
    out = bytearray(b"%PDF-1.4\n%\xe3\x81\x82\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _hex(text: str) -> str:
    return text.encode("utf-16-be").hex()
