"""What a caller of the pull routes shows: an access token and a proof that it holds the key (RFC 9449 section 7).

    @declares(requires="presented_token", discloses=...)
    def documents(): presented = authenticate_bearer(); ...

Says who calls and what the token rests on. Whether the grant or dossier still stands, and covers what is asked for,
is judged under its lock by whoever reads.
"""

from dataclasses import dataclass
from typing import Final

from flask import Response, g, request

from pds.authorization import tokens
from pds.authorization.errors import OAuthRefused
from pds.authorization.requests import NodeRequest
from pds.authorization.server import NodeServer, current_server
from pds.authorization.tokens import TokenKind
from pds.sharing.parties import Basis
from trust.errors import N_, ManabiError
from web.context import now, transaction
from web.problems import answer_problem

ALGORITHMS: Final = ("ES256", "PS256", "Ed25519", "EdDSA")
"""What proofs and assertions may be signed with; see `trust.keys`."""


class TokenRefused(ManabiError):
    """The access token or the proof beside it does not open this door; `error` is OAuth's name of why."""

    code = "authorization.token_refused"
    status = 401
    title = N_("The access token was not accepted (%(reason)s).")
    remedy = N_("Get a fresh access token, and send it with a fresh proof of the key it is bound to.")

    def __init__(self, error: str | None = None, **params: str | int) -> None:
        super().__init__(**params)
        self.error = error


@dataclass(frozen=True, slots=True)
class Presented:
    """Who calls, and on what ground."""

    client_id: str
    basis: Basis


def authenticate_bearer() -> Presented:
    """Return what this request presents; asked again within the request it costs nothing. Raises `TokenRefused`."""
    if "presented" not in g:
        g.presented = _authenticate(current_server())
    presented: Presented = g.presented
    return presented


def require_presented_token() -> None:
    """Rule `presented_token`: the request carries an access token and a proof that is new."""
    authenticate_bearer()


def answer_refused(refused: TokenRefused) -> Response:
    """Return the refusal with the challenge of RFC 9449 section 7.1; a caller without any token is told no error."""
    parts = [f'algs="{" ".join(ALGORITHMS)}"']
    if refused.error is not None:
        parts.insert(0, f'error="{refused.error}"')
    return answer_problem(refused, headers={"WWW-Authenticate": f"DPoP {', '.join(parts)}"})


def _authenticate(server: NodeServer) -> Presented:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("dpop", "bearer"):
        raise TokenRefused(reason="there is none")
    if scheme.lower() == "bearer":
        raise TokenRefused("invalid_token", reason="it is bound to a key; its scheme is DPoP")
    shown = NodeRequest(
        server.node, transaction(), now(), method=request.method, path=request.path, headers=request.headers, form={}
    )
    try:
        proof = shown.prove_possession(token.strip())
        shown.spend()
    except OAuthRefused as refused:
        raise TokenRefused(refused.error, reason=refused.description) from refused
    registry = server.look()  # before this request holds a connection
    kept = tokens.find(shown.session, token.strip())
    if (
        kept is None
        or kept.kind is not TokenKind.ACCESS
        or not kept.stands(shown.now)
        or kept.binding.jkt != proof.jkt
        or registry is None
        or registry.by_id(kept.binding.client_id) is None
    ):
        raise TokenRefused("invalid_token", reason="it does not serve")
    return Presented(kept.binding.client_id, kept.binding.basis)
