"""What a leaving family carries: 在学証明書, 教科用図書給与証明書 and the transfer ticket, on one sheet of A4.

The certificates are drawn in Japanese whoever prints them, since a school and a board read them; the ticket's own part
speaks the language chosen for the family. Which textbooks were given is known to the school alone, so their table has
a line for each kind of textbook and is filled in by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import segno
from markupsafe import Markup

from consent.vocabulary import Text
from pds.people.details import LearnerDetails

QR_SCALE: Final = 4
"""Pixels of one module: a code of version 3 comes to 148 pixels, about 39 mm on paper."""
_JUNIOR_HIGH: Final = "J"
ELEMENTARY_TEXTBOOKS: Final = (
    "国語", "書写", "社会", "地図", "算数", "理科", "生活", "音楽", "図画工作", "家庭", "保健", "英語", "道徳",
)  # fmt: skip
JUNIOR_HIGH_TEXTBOOKS: Final = (
    "国語", "書写", "社会（地理的分野）", "社会（歴史的分野）", "社会（公民的分野）", "地図", "数学", "理科",
    "音楽（一般）", "音楽（器楽合奏）", "美術", "保健体育", "技術・家庭（技術分野）", "技術・家庭（家庭分野）",
    "英語", "道徳",
)  # fmt: skip
"""Kinds of textbooks (種目) as the ministry's list of textbooks for compulsory schools (教科書目録) parts them."""


@dataclass(frozen=True, slots=True)
class TicketPart:
    """The ticket as it is handed out: in the clear here and nowhere else. `until` is its last instant."""

    text: str
    until: datetime
    qr: Markup


@dataclass(frozen=True, slots=True)
class Papers:
    """Everything on the sheet. `principal` is empty where no principal is entered; the line is then written by hand.

    `textbooks` are the lines of the table in two columns; nothing for a school without textbooks given free of charge.
    """

    details: LearnerDetails
    school: str
    principal: str
    grade: Text | None
    class_name: str
    left_on: date
    issued_on: date
    textbooks: tuple[tuple[str, ...], ...]
    ticket: TicketPart | None


def draw_ticket(text: str, until: datetime, title: str) -> TicketPart:
    """Return the ticket with its QR code, dark on white whatever the page's colours are; `title` names it in words.

    The code bears a quarter of it being smudged (error correction Q).
    """
    code = segno.make(text, error="q", micro=False)
    drawn = code.svg_inline(scale=QR_SCALE, border=4, dark="#000", light="#fff", title=title, svgclass="ticket__qr")
    return TicketPart(text, until, Markup(drawn.replace("<svg ", '<svg role="img" ', 1)))  # noqa: S704  drawn by segno


def textbook_lines(grade: str | None) -> tuple[tuple[str, ...], ...]:
    """Return the kinds of textbooks of a grade (P1 to P6, J1 to J3) in two columns; none for any other."""
    kinds: Sequence[str]
    if grade is None or grade[:1] not in ("P", _JUNIOR_HIGH):
        kinds = ()
    else:
        kinds = JUNIOR_HIGH_TEXTBOOKS if grade.startswith(_JUNIOR_HIGH) else ELEMENTARY_TEXTBOOKS
    half = (len(kinds) + 1) // 2
    return tuple(part for part in (tuple(kinds[:half]), tuple(kinds[half:])) if part)
