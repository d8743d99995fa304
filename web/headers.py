"""Security headers of every answer, with one strict content security policy and no exception to it."""

from flask import Response, request

from web.context import ShellSettings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""Nothing inline, nothing from elsewhere, no frame around a page that asks for a decision (CSP Level 3)."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",  # `no-referrer` would turn the Origin header of our own forms into null
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
        "publickey-credentials-get=(self), publickey-credentials-create=(self)"
    ),
}


def add_headers(response: Response, settings: ShellSettings) -> Response:
    """Add the headers; pages are never kept by a cache, style sheets and scripts are for their address' life."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if settings.public_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    lasting = request.endpoint == "shell.style_sheet" or (request.endpoint == "static" and "v" in request.args)
    if lasting and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
