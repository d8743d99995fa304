"""Proofs and assertions as an honest client or a forger makes them, and the checks of their receiver."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from tests.unit.trust.forging import ALGORITHM, EC, ED, PRIVATE, PUBLIC, RSA, forge, public_jwk
from trust.keys import Key
from trust.proof import (
    check_assertion,
    check_dpop,
)

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
URL = "https://asahi.example/oauth/token"
ISSUER = "https://asahi.example"
CLIENT = "mirai.node"
TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
ATH = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
"""The example of RFC 9449 section 7.1."""
GONE = object()
KINDS = sorted(PRIVATE)


def stamp(at: datetime) -> int:
    return int(at.timestamp())


def changed(members: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**members, **changes}.items() if value is not GONE}


def proof(key: Key = EC, header: Mapping[str, object] | None = None, claims: Mapping[str, object] | None = None) -> str:
    kind = {"EC": "ES256", "RSA": "PS256", "OKP": "Ed25519"}[key.key_type]
    head: dict[str, object] = {"typ": "dpop+jwt", "alg": kind, "jwk": public_jwk(key)}
    body: dict[str, object] = {"jti": "a1", "htm": "POST", "htu": URL, "iat": stamp(NOW)}
    return forge(key, changed(head, header or {}), changed(body, claims or {}))


def check(token: str, *, access_token: str | None = None, url: str = URL, now: datetime = NOW) -> str:
    return check_dpop(token, method="POST", url=url, now=now, access_token=access_token).jkt


def assertion(
    key: Key = EC, header: Mapping[str, object] | None = None, claims: Mapping[str, object] | None = None
) -> str:
    kid = (
        next(one.kid for one in PUBLIC.values() if one.thumbprint() == key.thumbprint())
        if key in (EC, RSA, ED)
        else "x"
    )
    head: dict[str, object] = {"alg": ALGORITHM[key.key_type], "kid": kid}
    body: dict[str, object] = {
        "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": "a1", "iat": stamp(NOW), "exp": stamp(NOW) + 60,
    }  # fmt: skip
    return forge(key, changed(head, header or {}), changed(body, claims or {}))


def judge(token: str, now: datetime = NOW) -> str:
    keys = tuple(PUBLIC.values())
    return check_assertion(token, keys=keys, client_id=CLIENT, issuer=ISSUER, now=now).jti
