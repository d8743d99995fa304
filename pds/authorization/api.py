"""The OAuth endpoints over HTTP: no cookie, no page, parameters in the body alone, refusals in OAuth's own form."""

import logging
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response, json, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from pds.authorization import clients
from pds.authorization.details import TYPES
from pds.authorization.errors import DATABASE_AWAY, Failed, OAuthRefused, RequestRefused, Unavailable
from pds.authorization.presenting import ALGORITHMS, TokenRefused, answer_refused
from pds.authorization.requests import NodeRequest
from pds.authorization.server import NodeServer
from web.context import now, transaction
from web.problems import reference
from web.routes import declares

logger = logging.getLogger("pds.authorization")

METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
LODGING: Final = "authorization.backchannel_authentication"
_MOST_BODY: Final = 48 * 1024
_MOST_PARAMETERS: Final = 32
_NO_COOKIE: Final = "authenticated by the client's own key, reads no cookie"
_FORM: Final = "application/x-www-form-urlencoded"

Answering = Callable[[NodeRequest], tuple[int, dict[str, Any], Any]]


def make_endpoints(server: NodeServer) -> Blueprint:
    """Return the routes of a node's authorization server."""
    endpoints = Blueprint("authorization", __name__)
    endpoints.app_errorhandler(TokenRefused)(answer_refused)

    def endpoint(path: str, name: str, answering: Answering) -> None:
        @declares(requires="anyone", discloses="none", max_body=_MOST_BODY, csrf_exempt=_NO_COOKIE)
        def answer() -> ResponseReturnValue:
            return _answer(server, answering)

        endpoints.add_url_rule(path, name, answer, methods=["POST"])

    endpoint("/oauth/token", "token", server.answer_token)
    for path, name in (
        ("/oauth/bc-authorize", "backchannel_authentication"),
        ("/oauth/introspect", "introspection"),
        ("/oauth/revoke", "revocation"),
    ):
        endpoint(path, name, lambda asked, name=name: server.answer_endpoint(name, asked))  # type: ignore[misc]

    @endpoints.get(METADATA_PATH)
    @declares(requires="anyone", discloses="none")
    def metadata() -> ResponseReturnValue:
        return describe(server.node.settings.public_url)

    @endpoints.get("/oauth/jwks")
    @declares(requires="anyone", discloses="none")
    def jwks() -> ResponseReturnValue:
        return {"keys": [server.node.keyring.signing_key("node").public().jwk()]}

    return endpoints


def describe(issuer: str) -> dict[str, Any]:
    """Return the metadata of the server (RFC 8414 with those of RFC 9449, RFC 9396 and CIBA)."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "backchannel_authentication_endpoint": f"{issuer}/oauth/bc-authorize",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "scopes_supported": [clients.SCOPE],
        "response_types_supported": [],
        "grant_types_supported": list(clients.GRANT_TYPES),
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_user_code_parameter_supported": False,
        "authorization_details_types_supported": list(TYPES),
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        **{
            f"{endpoint}_endpoint_auth_{what}_supported": values
            for endpoint in ("token", "introspection", "revocation")
            for what, values in (("methods", [clients.METHOD]), ("signing_alg_values", list(ALGORITHMS)))
        },
    }


def _answer(server: NodeServer, answering: Answering) -> Response:
    """Read the request, let it be answered, commit, and write the answer; whatever goes wrong has OAuth's form."""
    try:
        asked = NodeRequest(
            server.node, transaction(), now(), method=request.method, path=request.path, headers=request.headers,
            form=_parameters(),
        )  # fmt: skip
        status, body, headers = answering(asked)
        transaction().commit()
        if request.endpoint == LODGING and status == 200:
            server.bell.ring()
    except OAuthRefused as refused:
        status, body, headers = refused()
    except HTTPException as error:
        _, body, headers = RequestRefused(error.name)()
        status = error.code or 400
    except DATABASE_AWAY as error:
        logger.error("%s database unavailable", reference(), exc_info=error)
        status, body, headers = Unavailable("try again in a while")()
    except Exception as error:
        logger.error("%s unexpected failure", reference(), exc_info=error)
        status, body, headers = Failed(f"reference {reference()}")()
    if "error" in body:
        logger.info("%s %s %s", reference(), request.path, body["error"])
    return Response(json.dumps(body), status, headers)


def _parameters() -> dict[str, str]:
    """Return the parameters of the body; raises `RequestRefused` for any in the address, twice, or too many."""
    if request.args:
        raise RequestRefused("parameters go into the body")
    if request.mimetype != _FORM:
        raise RequestRefused(f"the body is {_FORM}")
    found: dict[str, str] = {}
    for name, values in request.form.lists():
        if len(values) != 1:
            raise RequestRefused(f"{name} stands twice")
        if values[0]:
            found[name] = values[0]
    if len(found) > _MOST_PARAMETERS:
        raise RequestRefused("too many parameters")
    return found
