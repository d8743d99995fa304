"""A sentence for the next page: "Your password was changed." Only a code travels, in a cookie that is taken back.

A feature lists its notices; a page that redirects names one. No session is needed, so signing out can say so too,
and a link from outside cannot make a page claim something.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from flask import Response, g

from web.cookies import clear_cookie, notice_cookie, read_cookie, set_cookie

NoticeKind = Literal["info", "success", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence with its kind, and what follows from it. Title and text are message ids."""

    kind: NoticeKind
    title: str
    text: str | None = None


def leave_notice(code: str) -> None:
    """Say a notice on the next page this visitor loads; to be followed by a redirect."""
    g.notice_left = code


def take_notice(notices: Mapping[str, Notice]) -> Notice | None:
    """Return the notice the previous page left, once. The base layout calls it."""
    code = read_cookie(notice_cookie())
    if code is None:
        return None
    g.notice_taken = True
    return notices.get(code)


def carry_notice(response: Response) -> None:
    """Set or take back the notice cookie; called by the shell after each request."""
    if "notice_left" in g:
        set_cookie(response, notice_cookie(), g.notice_left, max_age=60)
    elif "notice_taken" in g:
        clear_cookie(response, notice_cookie())
