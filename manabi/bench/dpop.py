"""Proofs of possession (RFC 9449) as a client of a peer sends them."""

import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey


class ProofKey:
    """An ES256 key that a token is bound to."""

    def __init__(self, key: ECKey) -> None:
        self._key = key
        self._public = key.as_dict(private=False)

    @classmethod
    def generate(cls) -> "ProofKey":
        """Make a new key."""
        return cls(ECKey.generate_key("P-256", auto_kid=False))

    def prove(self, method: str, url: str, *, token: str | None = None) -> str:
        """Return a proof for one request, fresh in `jti`; with a token it holds the token's hash (`ath`)."""
        claims: dict[str, object] = {"htm": method, "htu": url, "jti": uuid4().hex, "iat": int(time.time())}
        if token is not None:
            claims["ath"] = urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._public}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])
