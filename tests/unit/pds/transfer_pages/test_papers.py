"""The sheet: a code that holds the very ticket, and the textbooks of the grade."""

import re
from datetime import UTC, datetime

import pytest
import segno

from pds.look_back.words import Listing, SchoolYear, Sentence
from pds.transfer.columns import say_years
from pds.transfer.papers import ELEMENTARY_TEXTBOOKS, JUNIOR_HIGH_TEXTBOOKS, QR_SCALE, draw_ticket, textbook_lines
from trust.ticket import RANDOM_BYTES, make_ticket

UNTIL = datetime(2027, 1, 19, tzinfo=UTC)


def test_the_code_holds_the_ticket_and_carries_no_style_of_its_own() -> None:
    ticket = make_ticket(1, bytes(range(RANDOM_BYTES)))
    part = draw_ticket(ticket.text, UNTIL, "転学チケット")
    expected = segno.make(ticket.text, error="q", micro=False)
    path = re.search(r'class="qrline"[^>]* d="([^"]+)"', part.qr)
    again = re.search(r' d="([^"]+)"', expected.svg_inline(scale=QR_SCALE, border=4))
    assert path is not None
    assert again is not None
    assert path[1] == again[1]
    assert "style=" not in part.qr
    assert '<svg role="img"' in part.qr
    assert "<title>転学チケット</title>" in part.qr
    assert ticket.text not in part.qr


@pytest.mark.parametrize(
    ("grade", "kinds"),
    [("P1", ELEMENTARY_TEXTBOOKS), ("P6", ELEMENTARY_TEXTBOOKS), ("J3", JUNIOR_HIGH_TEXTBOOKS), ("H1", ()), (None, ())],
)
def test_the_table_of_textbooks_names_each_kind_of_the_stage_once(grade: str | None, kinds: tuple[str, ...]) -> None:
    columns = textbook_lines(grade)
    assert tuple(kind for column in columns for kind in column) == kinds
    assert len(columns) in (0, 2)


def test_years_are_said_as_short_as_they_can_be() -> None:
    assert say_years([2026, 2024, 2021, 2022]) == Listing(
        (
            Sentence("%(first)s to %(last)s", {"first": SchoolYear(2021), "last": SchoolYear(2022)}),
            SchoolYear(2024),
            SchoolYear(2026),
        )
    )
    assert say_years([]) == "–"
