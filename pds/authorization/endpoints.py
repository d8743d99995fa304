"""Introspection (RFC 7662) and revocation (RFC 7009), for a client's own tokens alone."""

from typing import Any, Final

from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7662 import IntrospectionEndpoint  # type: ignore[import-untyped]

from pds.authorization import clients, queries, tokens
from pds.authorization.clients import RegisteredClient
from pds.authorization.errors import RequestRefused
from pds.authorization.requests import NodeRequest
from pds.authorization.tokens import Token, TokenKind
from pds.sharing.parties import BasisKind

_HEADERS: Final = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache")]


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Tells a client what its own token is good for; any other token is not active to it."""

    CLIENT_AUTH_METHODS = (clients.METHOD,)

    def create_endpoint_response(self, request: NodeRequest) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Return the description, or that the token is not active: over, revoked, unknown or another client's."""
        token = _own_token(self, request)
        if token is None or not token.stands(request.now) or not _basis_stands(request, token):
            return 200, {"active": False}, _HEADERS
        bound = token.binding
        body: dict[str, Any] = {
            "active": True,
            "client_id": bound.client_id,
            "iss": request.issuer,
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
            "cnf": {"jkt": bound.jkt},
            "authorization_details": list(bound.details),
        }
        if token.kind is TokenKind.ACCESS:
            body["token_type"] = "DPoP"  # noqa: S105 — a kind of token, not a secret
        return 200, body, _HEADERS


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Lets a client give its tokens back; the grant stays. Whether the token existed is not told."""

    CLIENT_AUTH_METHODS = (clients.METHOD,)

    def create_endpoint_response(self, request: NodeRequest) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """End the token; with a refresh token all tokens of its redemption."""
        token = _own_token(self, request)
        if token is not None:
            tokens.revoke(request.session, token, now=request.now)
        return 200, {}, _HEADERS


def _own_token(endpoint: Any, request: NodeRequest) -> Token | None:
    """Return the token a client asks about if it was issued to this client."""
    client: RegisteredClient = endpoint.authenticate_endpoint_client(request)
    request.spend()
    text = request.form.get("token")
    if not text:
        raise RequestRefused("token is missing")
    found = tokens.find(request.session, text)
    return found if found is not None and found.binding.client_id == client.client_id else None


def _basis_stands(request: NodeRequest, token: Token) -> bool:
    client_id, basis = token.binding.client_id, token.binding.basis
    if basis.kind is BasisKind.DOSSIER:
        return queries.dossier_stands(request.session, basis.learner, basis.id, client_id)
    found = queries.standing_grant(
        request.session, request.node, basis.learner, basis.id, client_id, now=request.now
    )  # fmt: skip
    return found is not None
