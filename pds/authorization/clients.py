"""Clients of this server are the participants of the registry; nobody registers here.

They authenticate with `private_key_jwt` (RFC 7523) alone. The library's own check is replaced, because it would take
RS256, refuse PS256 and Ed25519, pass an array as `aud` and accept an assertion that is valid for ten years.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from authlib.oauth2.rfc7523 import JWTBearerClientAssertion  # type: ignore[import-untyped]

from pds.authorization.errors import ClientRefused
from trust.proof import Assertion, ProofRefused, check_assertion, peek_client
from trust.registry import KeyUse, Participant

if TYPE_CHECKING:
    from pds.authorization.requests import NodeRequest

METHOD: Final = "private_key_jwt"
CIBA: Final = "urn:openid:params:grant-type:ciba"
REFRESH: Final = "refresh_token"
CLIENT_CREDENTIALS: Final = "client_credentials"
GRANT_TYPES: Final = (CIBA, REFRESH, CLIENT_CREDENTIALS)
SCOPE: Final = "manabi_records"
"""The one scope there is; what is asked for in particular stands in the authorization details."""


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A participant as the OAuth library sees a client."""

    participant: Participant

    @property
    def client_id(self) -> str:
        """The participant's id."""
        return self.participant.id

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.participant.id

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether the client may authenticate in this way: with its key, anywhere, and in no other way."""
        return method == METHOD

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether the client may use a grant type: all that exist."""
        return grant_type in GRANT_TYPES

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return the scope of a token: none, details say it all."""
        return ""


class PrivateKeyJwt(JWTBearerClientAssertion):  # type: ignore[misc]
    """Checks the assertion of a request; what it says is kept with the request until its `jti` is remembered."""

    CLIENT_AUTH_METHOD = METHOD

    def __call__(self, query_client: Callable[[str], RegisteredClient | None], request: "NodeRequest") -> Any:
        """Return the client; raises `ClientRefused`, in the same words for an unknown client and a wrong key."""
        form = request.form
        assertion = form.get("client_assertion")
        if form.get("client_assertion_type") != self.CLIENT_ASSERTION_TYPE or not assertion:
            raise ClientRefused("client_assertion and its type are needed", reason="assertion.missing")
        try:
            client_id = peek_client(assertion)
            client = query_client(client_id)
            keys = client.participant.keys_for(KeyUse.CLIENT, request.now) if client is not None else ()
            checked: Assertion = check_assertion(
                assertion, keys=keys, client_id=client_id, issuer=request.issuer, now=request.now
            )
        except ProofRefused as refused:
            raise ClientRefused(str(refused.params["reason"]), reason="assertion.refused") from refused
        stated = form.get("client_id")
        if client is None or (stated is not None and stated != client_id):
            raise ClientRefused("client_id is another than the assertion's", reason="assertion.refused")
        request.client = client
        request.remember(f"client:{client_id}", checked.jti, checked.remember_until)
        return client
