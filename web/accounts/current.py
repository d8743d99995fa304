"""Who is signed in, for every edge of a service: one query per request, and the rules that routes name."""

from urllib.parse import quote
from uuid import UUID

from flask import Response, g, redirect, request
from flask.typing import ResponseReturnValue

from web.accounts.devices import describe_device
from web.accounts.errors import SignInNeeded, StepUpNeeded, WrongKindOfAccount
from web.accounts.models import AccountKind
from web.accounts.sessions import CurrentAccount, end_session, find_session, needs_touch, open_session, touch_session
from web.context import now, transaction
from web.cookies import clear_cookie, read_cookie, session_cookie, set_cookie
from web.notices import leave_notice
from web.problems import wants_page


def current_account() -> CurrentAccount | None:
    """Return who is signed in, or None. Asked for again within a request it costs nothing.

    A browser that is only setting up its first credential counts as not signed in.
    """
    found = _found_session()
    return found if found is not None and found.enrolling is None else None


def require_account() -> CurrentAccount:
    """Return who is signed in; raises `SignInNeeded`. For views whose rule has already let only such people in."""
    account = current_account()
    if account is None:
        raise SignInNeeded()
    return account


def enrolling_account() -> CurrentAccount | None:
    """Return who is setting up a first credential in this browser, or None."""
    found = _found_session()
    return found if found is not None and found.enrolling is not None else None


def account_in_view() -> CurrentAccount | None:
    """Return who is signed in if this request has already asked; the layout must not query, least of all on errors."""
    found: CurrentAccount | None = g.get("found_session")
    return found if found is not None and found.enrolling is None else None


def start_session(response: Response, account_id: UUID, *, shared_device: bool, enrolling: bytes | None = None) -> None:
    """Open a session for an account, end the one this browser had, and hand over the new token. The edge commits."""
    before = _found_session()
    if before is not None:
        end_session(transaction(), before.account_id, before.session_id)
    token = open_session(
        transaction(),
        account_id,
        shared_device=shared_device,
        device=describe_device(request.user_agent.string),
        now=now(),
        enrolling=enrolling,
    )
    keep_token(response, token)


def keep_token(response: Response, token: str) -> None:
    """Hand a session token to the browser; the cookie ends with the browser, the session by its own clock."""
    set_cookie(response, session_cookie(), token)


def require_signed_in() -> ResponseReturnValue | None:
    """Rule `signed_in`: somebody is signed in. A browser that wants a page is led to the sign-in page and back."""
    return None if current_account() is not None else _ask_to_sign_in()


def require_family() -> ResponseReturnValue | None:
    """Rule `family`: a child's or carer's account is signed in."""
    return _require_kind(AccountKind.FAMILY)


def require_staff() -> ResponseReturnValue | None:
    """Rule `staff`: a staff account is signed in."""
    return _require_kind(AccountKind.STAFF)


def require_stepped_up() -> ResponseReturnValue | None:
    """Rule `stepped_up`: somebody is signed in and proved who they are within the last five minutes."""
    account = current_account()
    if account is None:
        return _ask_to_sign_in()
    if account.is_stepped_up(now()):
        return None
    if wants_page() and request.method == "GET":
        return redirect(f"/confirm?next={quote(request.full_path.rstrip('?'))}", 303)
    raise StepUpNeeded()


def require_enrolling() -> ResponseReturnValue | None:
    """Rule `enrolling`: this browser has typed a code and is setting up its first credential."""
    if enrolling_account() is not None:
        return None
    if wants_page():
        return redirect("/enrol", 303)
    raise SignInNeeded()


def _require_kind(kind: AccountKind) -> ResponseReturnValue | None:
    account = current_account()
    if account is None:
        return _ask_to_sign_in()
    if account.kind is not kind:
        raise WrongKindOfAccount()
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    if not wants_page() or request.method != "GET":
        raise SignInNeeded()
    response = Response(status=303)
    address = request.full_path.rstrip("?")
    response.headers["Location"] = "/sign-in" if address == "/" else f"/sign-in?next={quote(address)}"
    if read_cookie(session_cookie()) is not None and _found_session() is None:
        leave_notice("accounts.session_ended")
        clear_cookie(response, session_cookie())
    return response


def _found_session() -> CurrentAccount | None:
    if "found_session" not in g:
        token = read_cookie(session_cookie())
        found = find_session(transaction(), token, now()) if token else None
        if found is not None and needs_touch(found, now()):
            found = touch_session(transaction(), found, now())
            transaction().commit()
        g.found_session = found
    kept: CurrentAccount | None = g.found_session
    return kept
