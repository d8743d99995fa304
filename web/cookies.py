"""Cookies of a service, all `__Host-`: Secure, whole path, no domain, HttpOnly, SameSite=Lax.

Browsers do not keep cookies of different ports apart, so every service has its own names.
"""

from flask import Response, request

from web.context import current_shell

_LONGEST = 512


def session_cookie() -> str:
    """Name of the cookie that carries the opaque session token."""
    return f"__Host-{current_shell().settings.service_id}"


def visit_cookie() -> str:
    """Name of the cookie that carries a random secret before sign-in; it ends with the browser."""
    return f"{session_cookie()}-visit"


def view_cookie() -> str:
    """Name of the cookie that keeps language and readings; it names nobody."""
    return f"{session_cookie()}-view"


def notice_cookie() -> str:
    """Name of the cookie that carries the code of one notice to the next page."""
    return f"{session_cookie()}-notice"


def read_cookie(name: str) -> str | None:
    """Return a cookie of bounded length, or None."""
    value = request.cookies.get(name)
    return value if value and len(value) <= _LONGEST else None


def set_cookie(response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """Set a cookie with every attribute that guards it; without `max_age` it ends with the browser."""
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="Lax")


def clear_cookie(response: Response, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")
