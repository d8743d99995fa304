"""Errors as people and programs get them: a page for a browser, RFC 9457 problem details for every other caller.

Whatever goes wrong anywhere ends here, so that each answer has a stable code, a sentence on what happened, a sentence
on what to do, and a reference number that the service's log carries as well. Nothing of the inside is shown.
"""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, json, render_template, request
from marshmallow import Schema, fields
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from trust.errors import N_, ManabiError
from web.i18n import say_plain

logger = logging.getLogger("web.problems")

MEDIA_TYPE = "application/problem+json"
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class BadRequest(ManabiError):
    """400: the request cannot be read."""

    code = "web.bad_request"
    status = 400
    title = N_("The request could not be read.")
    remedy = N_("Go back and try again. If it happens again, tell the contact below the reference number.")


class Forbidden(ManabiError):
    """403: the person asking may not do this."""

    code = "web.forbidden"
    status = 403
    title = N_("You cannot open this page.")
    remedy = N_("If you think you should be able to, ask the contact below and give the reference number.")


class NotFound(ManabiError):
    """404: nothing here, or nothing this person may know of."""

    code = "web.not_found"
    status = 404
    title = N_("This page was not found.")
    remedy = N_("Check the address, or go to the first page and look from there.")


class MethodNotAllowed(ManabiError):
    """405: the address exists, but not for this kind of request."""

    code = "web.method_not_allowed"
    status = 405
    title = N_("This address cannot be used in this way.")
    remedy = N_("Go to the first page and use the buttons and links there.")


class NotAcceptable(ManabiError):
    """406: the caller takes no form of answer that exists."""

    code = "web.not_acceptable"
    status = 406
    title = N_("The answer does not exist in the form that was asked for.")
    remedy = N_("Ask for one of the media types that the interface's description names.")


class TooLarge(ManabiError):
    """413: the body is larger than its route takes."""

    code = "web.too_large"
    status = 413
    title = N_("What was sent is too large.")
    remedy = N_("Send a smaller file, or split it into several files.")


class UnsupportedMediaType(ManabiError):
    """415: the body is of a kind its route does not read."""

    code = "web.unsupported_media_type"
    status = 415
    title = N_("What was sent is of a kind that cannot be read here.")
    remedy = N_("Send it in the form that the page or the interface's description names.")


class InvalidInput(ManabiError):
    """422: the body was read, but a value in it is not right; the answer lists the places."""

    code = "web.invalid_input"
    status = 422
    title = N_("Something that was entered is not right.")
    remedy = N_("Correct the named places and send it again.")


class TooManyRequests(ManabiError):
    """429: too often in too short a time."""

    code = "web.too_many_requests"
    status = 429
    title = N_("There were too many attempts in a short time.")
    remedy = N_("Wait a few minutes, then try again.")


class Unexpected(ManabiError):
    """500: a fault in the service."""

    code = "web.unexpected"
    status = 500
    title = N_("Something went wrong on our side.")
    remedy = N_("Try again in a few minutes. If it happens again, tell the contact below the reference number.")


class Unavailable(ManabiError):
    """503: the service cannot answer just now."""

    code = "web.unavailable"
    status = 503
    title = N_("The service is busy just now.")
    remedy = N_("Wait a few minutes, then load the page again.")


_BY_STATUS: Mapping[int, type[ManabiError]] = {
    kind.status: kind
    for kind in (
        BadRequest,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        NotAcceptable,
        TooLarge,
        UnsupportedMediaType,
        InvalidInput,
        TooManyRequests,
        Unexpected,
        Unavailable,
    )
}


class ProblemSchema(Schema):
    """Problem details as the interface's description shows them (RFC 9457, with three members of our own)."""

    type = fields.String(required=True, metadata={"description": "Stable name of the kind of problem"})
    title = fields.String(required=True, metadata={"description": "What happened, in the caller's language"})
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "What to do next, in the caller's language"})
    instance = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "Stable code of the problem"})
    reference = fields.String(required=True, metadata={"description": "Number to quote to the operator"})
    errors = fields.Raw(metadata={"description": "Which value is wrong in which place"})


def reference() -> str:
    """Return the reference number of this request: on every error page, in the log, in the header `Request-Id`."""
    if "reference" not in g:
        letters = "".join(secrets.choice(_ALPHABET) for _ in range(9))
        g.reference = "-".join((letters[:3], letters[3:6], letters[6:]))
    number: str = g.reference
    return number


def wants_page() -> bool:
    """Tell whether a person's browser is asking: only browsers name text/html."""
    accept = request.accept_mimetypes
    return any(kind == "text/html" for kind, _ in accept) and accept["text/html"] >= accept["application/json"]


def answer_problem(error: ManabiError, places: object = None, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as a page or as problem details; `places` lists what is wrong where, in JSON only."""
    title, remedy = say_plain(error.title, **error.params), say_plain(error.remedy, **error.params)
    if wants_page():
        body = render_template("error.html", error=error, reference=reference())
        response = Response(body, error.status, mimetype="text/html")
    else:
        problem: dict[str, Any] = {
            "type": f"urn:manabi:problem:{error.code}",
            "title": title,
            "status": error.status,
            "detail": remedy,
            "instance": f"urn:manabi:reference:{reference()}",
            "code": error.code,
            "reference": reference(),
        }
        if places is not None:
            problem["errors"] = places
        response = Response(json.dumps(problem, ensure_ascii=False), error.status, mimetype=MEDIA_TYPE)
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def register_problems(app: Flask) -> None:
    """Make every failure of a service end in `answer_problem`."""
    app.register_error_handler(ManabiError, _answer_own)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(OperationalError, _answer_unavailable)
    app.register_error_handler(PoolTimeout, _answer_unavailable)
    app.register_error_handler(Exception, _answer_unexpected)


def _answer_own(error: ManabiError) -> Response:
    if error.status >= 500:
        logger.error("%s %s: %s", reference(), error.code, error, exc_info=error)
    else:
        logger.info("%s %s", reference(), error.code)
    return answer_problem(error)


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    kind = _BY_STATUS.get(status) or (Unexpected if status >= 500 else BadRequest)
    data = getattr(error, "data", None)  # flask-smorest and webargs hang the places of bad values here
    places = data.get("errors") or data.get("messages") if isinstance(data, dict) else None
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    logger.info("%s %s", reference(), kind.code)
    return answer_problem(kind(), places, kept)


def _answer_unavailable(error: Exception) -> Response:
    """The database does not answer, or all connections are taken: worth another try, unlike a fault of ours."""
    logger.error("%s database unavailable", reference(), exc_info=error)
    return answer_problem(Unavailable())


def _answer_unexpected(error: Exception) -> Response:
    logger.error("%s unexpected failure", reference(), exc_info=error)
    return answer_problem(Unexpected())
