"""Forged requests: a token bound to the visitor's own cookie, and the page the browser says it comes from.

The token is an HMAC under the secret that the visitor's `__Host-` cookie carries (the session token, or before
sign-in a random visit token), so nothing is stored and no other site can know it. Cookies are HttpOnly and
SameSite=Lax besides; `Origin` and `Sec-Fetch-Site`, where a browser sends them, must name this very origin.
"""

import hmac
import secrets
from hashlib import sha256

from flask import Response, g, request
from markupsafe import Markup

from trust.errors import N_, ManabiError
from web.context import current_shell
from web.cookies import read_cookie, session_cookie, set_cookie, visit_cookie

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestForged(ManabiError):
    """The request does not prove that it comes from a page of this service."""

    code = "web.form_outdated"
    status = 403
    title = N_("This page was open for too long, so it could not be sent.")
    remedy = N_("Go back, load the page again, and send it once more.")


def csrf_token() -> str:
    """Return the token for the forms of this page; a visitor without any cookie gets a visit cookie with the answer."""
    secret = g.get("csrf_secret") or read_cookie(session_cookie()) or read_cookie(visit_cookie())
    if secret is None:
        secret = g.csrf_secret = secrets.token_urlsafe(32)
        g.new_visit = secret
    return _derive(secret)


def csrf_field() -> Markup:
    """Return the hidden field that every form carries; templates call it as well."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token())


def check_request() -> None:
    """Raise `RequestForged` unless a changing request comes from this origin and carries the token."""
    if request.method in _SAFE_METHODS:
        return
    check_origin()
    given = request.headers.get(HEADER) or request.form.get(FIELD) or ""
    for cookie in (session_cookie(), visit_cookie()):
        secret = read_cookie(cookie)
        if secret is not None and hmac.compare_digest(given.encode(), _derive(secret).encode()):
            return
    raise RequestForged()


def check_origin() -> None:
    """Raise `RequestForged` where the browser itself says that another site sends the request."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    if (origin is not None and origin != current_shell().settings.public_url) or site in {"cross-site", "same-site"}:
        raise RequestForged()


def keep_visit(response: Response) -> None:
    """Set the visit cookie that `csrf_token` promised; called by the shell after each request."""
    if "new_visit" in g:
        set_cookie(response, visit_cookie(), g.new_visit)


def _derive(secret: str) -> str:
    return hmac.new(secret.encode(), b"manabi-csrf-v1", sha256).hexdigest()
