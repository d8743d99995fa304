"""A request to an OAuth endpoint as the library sees it, with what this node adds: its public address and its clock."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request  # type: ignore[import-untyped]
from sqlalchemy.orm import Session
from werkzeug.datastructures import Headers

from pds.authorization.errors import ClientRefused, ProofOfPossessionRefused
from pds.node import Node
from trust.proof import DpopProof, ProofRefused, check_dpop
from web.replay import service as replay

DPOP: Final = "DPoP"


class FormPayload(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a request: those of its body alone, never of its query."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = form

    @property
    def data(self) -> Mapping[str, str]:
        """Every parameter; none stands twice."""
        return self._form

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """Every parameter as a list."""
        return defaultdict(list, {name: [value] for name, value in self._form.items()})


class NodeRequest(OAuth2Request):  # type: ignore[misc]
    """One request. Its address is the node's public one, whatever a proxy or the Host header says.

    `session` is the request's own transaction; `spend` uses another connection, before the first use of `session`.
    """

    def __init__(
        self, node: Node, session: Session, now: datetime, *, method: str, path: str, headers: Headers,
        form: Mapping[str, str],
    ) -> None:  # fmt: skip
        super().__init__(method, node.settings.public_url + path, headers=headers)
        self.node, self.session, self.now = node, session, now
        self.issuer = node.settings.public_url
        self.payload = FormPayload(form)
        self._form = form
        self._once: list[replay.Used] = []

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters of the body."""
        return self._form

    @property
    def args(self) -> Mapping[str, str]:
        """The parameters of the query: none is ever read."""
        return {}

    def remember(self, issuer: str, jti: str, until: datetime) -> None:
        """Note the `jti` of something that may be presented once; `spend` makes it count."""
        self._once.append(replay.Used(issuer, jti, until))

    def prove_possession(self, access_token: str | None = None) -> DpopProof:
        """Check the DPoP proof of this request (RFC 9449); raises `ProofOfPossessionRefused`."""
        proof = self.headers.get(DPOP)
        if not proof:
            raise ProofOfPossessionRefused("a DPoP proof is needed", reason="dpop.missing")
        try:
            checked = check_dpop(proof, method=self.method, url=self.uri, now=self.now, access_token=access_token)
        except ProofRefused as refused:
            raise ProofOfPossessionRefused(str(refused.params["reason"]), reason="dpop.refused") from refused
        self.remember(f"dpop:{checked.jkt}", checked.jti, checked.remember_until)
        return checked

    def spend(self) -> None:
        """Store every noted `jti` in a transaction of its own, before anything is decided; refuse one used before."""
        presented_before = replay.remember_all(self.node.database, self._once)
        self._once.clear()
        for one in presented_before:
            kind = ProofOfPossessionRefused if one.issuer.startswith("dpop:") else ClientRefused
            raise kind("it was used before", reason="proof.replayed")
