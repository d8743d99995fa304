"""A school's system as the authorization server meets it: assertions and proofs of its own key, forms, tokens."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from pds.authorization.lodging_endpoint import IDEMPOTENCY_KEY
from tests.integration.web.conftest import TickingClock
from trust.keys import Key
from trust.proof import make_assertion, make_dpop
from trust.ticket import make_ticket

ISSUER = "http://localhost:8400"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CIBA = "urn:openid:params:grant-type:ciba"
SCHOOL = "B120299000027"
LONG_AGO = datetime.fromisoformat("2026-01-01T00:00:00+00:00")

Answered = Mapping[str, Any]


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


def asked(**changes: Any) -> dict[str, Any]:
    """Authorization details as a receiving school sends them."""
    return {
        "type": "manabi_records",
        "move": "transfer",
        "purpose": "transfer_of_school",
        "recipient": SCHOOL,
        "categories": [
            {"category": "report", "school_years": [2023, 2024, 2025]},
            {"category": "assessment", "school_years": [2025]},
        ],
        "mode": "store",
        "until": "2027-03-31T15:00:00+00:00",
        "erase_on": None,
        "frequency": "repeated",
        "case": "case-1",
        **changes,
    }


def new_ticket(number: int = 1) -> str:
    return make_ticket(number, uuid4().bytes[:10]).text


@dataclass
class Asker:
    """One client with its registered key and the key its tokens are bound to."""

    app: Flask
    clock: TickingClock
    client_id: str
    key: Key
    proof_key: Key = field(default_factory=new_key)

    def assertion(self) -> str:
        return make_assertion(self.key, str(self.key.kid), self.client_id, ISSUER, self.clock())

    def proof(self, method: str, path: str, token: str | None = None) -> str:
        return make_dpop(self.proof_key, method, ISSUER + path, now=self.clock(), access_token=token)

    def post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        proven: bool = False,
        headers: Mapping[str, str] | None = None,
        authenticated: bool = True,
    ) -> TestResponse:
        own = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion()} if authenticated else {}
        sent = {**({"DPoP": self.proof("POST", path)} if proven else {}), **(headers or {})}
        return self.app.test_client().post(path, data={**own, **form}, headers=sent)

    def lodge(self, ticket: str, *, key: str | None = None, details: Any = None, **form: str) -> TestResponse:
        sent = {
            "login_hint": ticket,
            "scope": "manabi_records",
            "authorization_details": json.dumps([asked()] if details is None else details),
            **form,
        }
        return self.post("/oauth/bc-authorize", sent, headers={} if key is None else {IDEMPOTENCY_KEY: key})

    def poll(self, auth_req_id: str) -> TestResponse:
        return self.post("/oauth/token", {"grant_type": CIBA, "auth_req_id": auth_req_id}, proven=True)

    def refresh(self, refresh_token: str) -> TestResponse:
        return self.post(
            "/oauth/token", {"grant_type": "refresh_token", "refresh_token": refresh_token}, proven=True
        )  # fmt: skip

    def dossier_token(self, dossier: object) -> TestResponse:
        details = json.dumps([{"type": "manabi_dossier", "identifier": str(dossier)}])
        return self.post(
            "/oauth/token", {"grant_type": "client_credentials", "authorization_details": details}, proven=True
        )

    def introspect(self, token: str) -> Answered:
        answer: Answered = self.post("/oauth/introspect", {"token": token}).get_json()
        return answer

    def revoke(self, token: str) -> TestResponse:
        return self.post("/oauth/revoke", {"token": token})

    def present(self, token: str, *, path: str = "/protected", scheme: str = "DPoP", **headers: str) -> TestResponse:
        sent = {"Authorization": f"{scheme} {token}", "DPoP": self.proof("GET", path, token), **headers}
        return self.app.test_client().get(path, headers=sent)


def error_of(answer: TestResponse) -> str:
    body = answer.get_json()
    assert answer.status_code >= 400, body
    return str(body["error"])


AFTER_INTERVAL = timedelta(seconds=301)
