"""Proofs that a client makes with its own key: proofs of possession (DPoP, RFC 9449) and client assertions (RFC 7523).

Both sides, pure: making and checking. Held to the FAPI 2.0 Security Profile, section 5.3.2.1: only asymmetric
algorithms that follow from the key, ``aud`` of an assertion is the server's issuer as one string, an instant more
than a minute ahead is refused, and everything lives for minutes, so that a store of used ``jti`` stays small. Whether
a ``jti`` was used before is not answered here: whoever calls remembers it until ``remember_until``.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

from trust.errors import N_, ManabiError
from trust.framing import to_text
from trust.keys import Key, jose_key, read_jwk, write_jwk
from trust.signing import KeyRefused, SigningKey
from trust.tokens import (
    TokenFault,
    id_of,
    instant_of,
    key_named,
    make,
    numeric_date,
    require_typ,
    take_apart,
    text_of,
    verify,
)

MAX_TOKEN: Final = 6144
"""Characters of a proof or an assertion: room for an RSA key of 4096 bits and its signature, and little more."""
AHEAD: Final = timedelta(seconds=60)
"""How far in the future an instant may lie: clocks differ; FAPI 2.0 refuses more."""
PROOF_AGE: Final = timedelta(seconds=120)
"""How old a proof of possession may be."""
ASSERTION_LIFETIME: Final = timedelta(seconds=300)
"""How long an assertion may live from the instant it was made."""

_DPOP_TYP: Final = "dpop+jwt"
_ASSERTION_TYPS: Final = (None, "JWT", "client-authentication+jwt")
_MAX_URL: Final = 2048
_PORTS: Final = {"https": 443, "http": 80}


class ProofRefused(ManabiError):
    """A proof of possession or a client assertion that does not prove what it should."""

    code = "proof.refused"
    status = 401
    title = N_("The proof of the asking system was refused (%(reason)s).")
    remedy = N_("The operator of the asking system checks its clock, its key in the registry and the address it calls.")


@dataclass(frozen=True, slots=True)
class DpopProof:
    """What a good proof says: the thumbprint of its key (``jkt``, RFC 9449 section 6), its ``jti`` and instant."""

    jkt: str
    jti: str
    iat: datetime

    @property
    def remember_until(self) -> datetime:
        """From when on ``check_dpop`` refuses this proof by its age, so that its ``jti`` need not be kept."""
        return self.iat + PROOF_AGE


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a good client assertion says: its ``jti``, until when it is valid, and the key that signed it."""

    jti: str
    exp: datetime
    kid: str

    @property
    def remember_until(self) -> datetime:
        """From when on ``check_assertion`` refuses this assertion, so that its ``jti`` need not be kept."""
        return self.exp


def make_dpop(
    key: SigningKey | Key, method: str, url: str, *, now: datetime, access_token: str | None = None,
    nonce: str | None = None,
) -> str:  # fmt: skip
    """Return a fresh proof for one request; with an access token it holds the token's hash (``ath``)."""
    private = jose_key(key)
    public = {name: value for name, value in write_jwk(private).items() if name not in {"kid", "alg", "use"}}
    claims: dict[str, object] = {"jti": uuid4().hex, "htm": method, "htu": _bare(url), "iat": numeric_date(now)}
    if access_token is not None:
        claims["ath"] = _token_hash(access_token)
    if nonce is not None:
        claims["nonce"] = nonce
    return make(private, {"typ": _DPOP_TYP, "jwk": public}, claims, most=MAX_TOKEN)


def check_dpop(proof: str, *, method: str, url: str, now: datetime, access_token: str | None = None) -> DpopProof:
    """Check a proof for one request (RFC 9449 section 4.3); raises ProofRefused.

    ``url`` is the public address of the request; its query and fragment, and those of ``htu``, do not count. With an
    access token the proof must hold its hash; that the token is bound to ``jkt`` is for the caller to compare.
    """
    try:
        parts = take_apart(proof, most=MAX_TOKEN)
        require_typ(parts, _DPOP_TYP)
        jwk = parts.header.get("jwk")
        if not isinstance(jwk, dict):
            raise TokenFault("it holds no key")
        key, thumbprint = _proof_key(
            tuple((name, value if isinstance(value, str) else "") for name, value in jwk.items())
        )
        verify(parts, key)
        claims = parts.claims
        checked = DpopProof(thumbprint, id_of(claims, "jti"), instant_of(claims, "iat"))
        if text_of(claims, "htm") != method:
            raise TokenFault("made for another method")
        if _address(text_of(claims, "htu", most=_MAX_URL)) != _address(url):
            raise TokenFault("made for another address")
        _check_times(claims, now)
        if checked.remember_until <= now:
            raise TokenFault("it is too old")
        if access_token is not None:
            _check_token_hash(id_of(claims, "ath"), access_token)
    except KeyRefused as refused:
        raise ProofRefused(reason=f"its key: {refused.params['reason']}") from refused
    except TokenFault as fault:
        raise ProofRefused(reason=str(fault)) from fault
    return checked


def make_assertion(key: SigningKey | Key, kid: str, client_id: str, audience: str, now: datetime) -> str:
    """Return a fresh assertion by which a client authenticates to the server whose issuer is ``audience``."""
    issued = numeric_date(now)
    claims: dict[str, object] = {
        "iss": client_id, "sub": client_id, "aud": audience, "jti": uuid4().hex, "iat": issued, "exp": issued + 60,
    }  # fmt: skip
    return make(jose_key(key), {"kid": kid, "typ": "client-authentication+jwt"}, claims, most=MAX_TOKEN)


def peek_client(assertion: str) -> str:
    """Return the client an assertion claims, unverified: good for finding its keys; raises ProofRefused."""
    try:
        return id_of(take_apart(assertion, most=MAX_TOKEN).claims, "sub")
    except TokenFault as fault:
        raise ProofRefused(reason=str(fault)) from fault


def check_assertion(assertion: str, *, keys: Sequence[Key], client_id: str, issuer: str, now: datetime) -> Assertion:
    """Check a client assertion (RFC 7523 section 3) against the keys the registry lists; raises ProofRefused.

    ``aud`` must be the issuer itself, as a string: a list, even of one, or the address of an endpoint is refused
    (FAPI 2.0 section 5.3.2.1). The lifetime is capped whether or not the client says when it was made.
    """
    try:
        parts = take_apart(assertion, most=MAX_TOKEN)
        require_typ(parts, *_ASSERTION_TYPS)
        key = key_named(parts, keys)
        verify(parts, key)
        claims = parts.claims
        if id_of(claims, "iss") != client_id or id_of(claims, "sub") != client_id:
            raise TokenFault("made by another client")
        if text_of(claims, "aud", most=_MAX_URL) != issuer:
            raise TokenFault("made for another server")
        checked = Assertion(id_of(claims, "jti"), instant_of(claims, "exp"), str(key.kid))
        _check_times(claims, now)
        made = min(now + AHEAD, instant_of(claims, "iat")) if "iat" in claims else now
        if checked.exp > made + ASSERTION_LIFETIME:
            raise TokenFault("it lives too long")
    except TokenFault as fault:
        raise ProofRefused(reason=str(fault)) from fault
    return checked


@lru_cache(maxsize=512)
def _proof_key(members: tuple[tuple[str, str], ...]) -> tuple[Key, str]:
    """Return a public key and its thumbprint; a client proves the same key again and again, and reading one is dear."""
    key = read_jwk({name: value for name, value in members if name != "kid"})
    return key, key.thumbprint()


def _check_times(claims: dict[str, object], now: datetime) -> None:
    """Check the instants that are there; which of them must be is each proof's own matter."""
    for name in ("iat", "nbf"):
        if name in claims and instant_of(claims, name) > now + AHEAD:
            raise TokenFault(f"{name} lies in the future")
    if "exp" in claims and instant_of(claims, "exp") <= now:
        raise TokenFault("it has expired")


def _token_hash(access_token: str) -> str:
    return to_text(sha256(access_token.encode()).digest())


def _check_token_hash(stated: str, access_token: str) -> None:
    if not hmac.compare_digest(stated, _token_hash(access_token)):
        raise TokenFault("made for another token")


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
        split.port  # noqa: B018  raises for a port that is no number
    except ValueError as error:
        raise TokenFault("htu is not an address") from error
    return split


def _bare(url: str) -> str:
    return _split(url)._replace(query="", fragment="").geturl()


def _address(url: str) -> tuple[str, str | None, str | None, int | None, str]:
    """Return what of an address counts: scheme and host in lower case, port, path (RFC 3986 section 6.2)."""
    split = _split(url)
    port = split.port if split.port is not None else _PORTS.get(split.scheme)
    return split.scheme, split.username, split.hostname, port, split.path or "/"
