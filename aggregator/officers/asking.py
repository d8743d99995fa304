"""Asking at the officers' pages: who is signed in here, and what their role allows."""

from urllib.parse import quote

from flask import g, redirect, request
from flask.typing import ResponseReturnValue

from aggregator.officers import service
from aggregator.officers.service import NotForYourRole, OfficerRole, Official
from web.accounts.current import account_in_view, require_account, require_staff, require_stepped_up
from web.context import now, transaction
from web.problems import wants_page
from web.routes import Rule


def current_official() -> Official:
    """Return who is signed in; raises NotForYourRole for an account of nobody here."""
    if "official" not in g:
        g.official = service.find(transaction(), require_account().subject)
    official: Official | None = g.official
    if official is None:
        raise NotForYourRole()
    return official


def official_in_view() -> Official | None:
    """Return the official if this request has asked; pages for everybody show no section of theirs."""
    found: Official | None = g.get("official")
    return found if account_in_view() is not None else None


def require_role(*roles: OfficerRole, fresh: bool = False) -> Rule:
    """Return the rule of routes for officials of some roles; with `fresh`, for those who showed anew who they are."""

    def check() -> ResponseReturnValue | None:
        answer = require_staff()
        if answer is not None:
            return answer
        if current_official().role not in roles:
            raise NotForYourRole()
        return _require_fresh() if fresh else None

    return check


def _require_fresh() -> ResponseReturnValue | None:
    """Lead to the confirmation and back; a form that came too late leads back to its page."""
    if require_account().is_stepped_up(now()) or not wants_page():
        return require_stepped_up()
    return redirect(f"/confirm?next={quote(request.full_path.rstrip('?'))}", 303)
