"""Addresses inside a service: where a form may lead next, and where the present page can be loaded again."""

from urllib.parse import urlsplit

from flask import request


def local_path(address: str | None) -> str:
    """Return an address of this very service as path and query, or "/" for whatever leads elsewhere.

    Browsers read backslashes as slashes and drop control characters, so both are refused.
    """
    text = address or "/"
    if "\\" in text or any(character <= " " for character in text) or not text.startswith("/"):
        return "/"
    if text.startswith("//"):
        return "/"
    parts = urlsplit(text)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def page_address() -> str:
    """Return where this page can be loaded again; the first page for what only a form can reach."""
    if request.method == "GET" and request.url_rule is not None:
        return local_path(request.full_path.rstrip("?"))
    return "/"
