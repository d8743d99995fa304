"""A client that refreshes access tokens: private_key_jwt and DPoP, everything made afresh for each request."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from joserfc.jwk import ECKey

from manabi.bench.load import Request
from trust.keys import write_jwk
from trust.proof import make_assertion, make_dpop
from web.clock import system_clock

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Refresher:
    """One client of one server: its registered key, and the key that its tokens are bound to."""

    def __init__(self, client_id: str, issuer: str, token_path: str) -> None:
        self._client_id, self._issuer, self._path = client_id, issuer, token_path
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self._proof_key = ECKey.generate_key("P-256", auto_kid=True)

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half of the registered key."""
        return dict(write_jwk(self.key))

    @property
    def jkt(self) -> str:
        """The thumbprint that tokens are bound to."""
        return self._proof_key.thumbprint()

    def request(self, refresh_token: str, *, now: datetime | None = None) -> Request:
        """Return a refresh that serves once, within a minute."""
        at = now or system_clock()
        body = urlencode(
            {
                "grant_type": "refresh_token",
                "refresh_token": refresh_token,
                "client_id": self._client_id,
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": make_assertion(self.key, str(self.key.kid), self._client_id, self._issuer, at),
            }
        )
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "DPoP": make_dpop(self._proof_key, "POST", self._issuer + self._path, now=at),
        }
        return Request(self._path, headers, body.encode())
