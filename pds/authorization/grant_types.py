"""The three ways to a token: a decision that was waited for (CIBA, poll), a refresh token, an announced dossier.

Each asks in the same order: client assertion and proof of possession are checked, their `jti` are spent in a
transaction of their own, and only then is anything looked up. Tokens come out bound to the proof's key; the refresh
token is not rotated (FAPI 2.0 section 5.3.2.1), ends with its grant, and serves no other key or client.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from authlib.oauth2.rfc6749 import BaseGrant, TokenEndpointMixin  # type: ignore[import-untyped]

from consent.vocabulary import RequestState
from pds.authorization import clients, lodged, queries, tokens
from pds.authorization.details import dossier_details, granted_records, read_dossier
from pds.authorization.errors import Declined, GrantRefused, Lapsed, Pending, RequestRefused, SlowDown
from pds.authorization.lodged import Lodged
from pds.authorization.requests import NodeRequest
from pds.authorization.tokens import ACCESS_LIFETIME, Binding, TokenKind
from pds.sharing import requests as sharing
from pds.sharing.parties import Basis, BasisKind
from trust.proof import DpopProof

_EARLY: Final = timedelta(seconds=1)
"""How much too soon a poll may come: the client's timer and the way between are not exact."""
_REDELIVERY: Final = timedelta(seconds=5)
"""How soon after a redemption the same key may have the tokens again, if the answer was lost on the way."""

Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class BoundGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """What all three share: the client's key, the proof, and the shape of an answer."""

    TOKEN_ENDPOINT_AUTH_METHODS = (clients.METHOD,)

    request: NodeRequest
    proof: DpopProof

    def validate_token_request(self) -> None:
        """Check who asks with which key, and that neither statement was used before."""
        self.proof = self.request.prove_possession()
        self.authenticate_token_endpoint_client()
        self.request.spend()
        scope = self.request.payload.scope
        self.server.validate_requested_scope(scope)

    @property
    def client_id(self) -> str:
        """Return who asks."""
        client: clients.RegisteredClient = self.request.client
        return client.client_id

    def answer(self, binding: Binding, *, refresh_token: str | None = None, **more: str) -> Answer:
        """Make and keep an access token; return what the client gets."""
        request = self.request
        access = tokens.make_token()
        tokens.keep(
            request.session,
            access,
            TokenKind.ACCESS,
            binding,
            now=request.now,
            expires_at=request.now + ACCESS_LIFETIME,
        )
        body: dict[str, Any] = {
            "access_token": access,
            "token_type": "DPoP",
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "authorization_details": list(binding.details),
            **more,
        }
        if refresh_token is not None:
            body["refresh_token"] = refresh_token
        return 200, body, self.TOKEN_RESPONSE_HEADER


class CibaGrant(BoundGrant):
    """Ask whether the family has decided (OpenID CIBA Core section 10, mode `poll`)."""

    GRANT_TYPE = clients.CIBA

    def create_token_response(self) -> Answer:
        """Return tokens, or raise what stands in the way. An unknown ticket stays pending until it lapses."""
        request, session = self.request, self.request.session
        auth_req_id = request.form.get("auth_req_id")
        if not auth_req_id:
            raise RequestRefused("auth_req_id is missing")
        asked = lodged.hold_polled(session, auth_req_id, self.client_id)
        if asked is None:
            raise GrantRefused("this auth_req_id is not known")
        self._pace(asked)
        if request.now >= asked.expires_at:
            raise Lapsed("the request has lapsed; lodge a new one")
        standing = sharing.standing(session, asked.request_id)
        if standing is None or standing.is_open:
            raise Pending("nobody has decided yet")
        if standing.state is RequestState.EXPIRED:
            raise Lapsed("the request has lapsed; lodge a new one")
        if standing.grant_id is None:
            raise Declined("the family declined")
        return self._redeem(asked, standing.learner, standing.grant_id)

    def _pace(self, asked: Lodged) -> None:
        interval = self.request.node.settings.poll_interval
        rest = interval - min(_EARLY, interval / 5)
        soon = asked.polled_at is not None and self.request.now < asked.polled_at + rest
        delivered = asked.redeemed_at is not None and self.request.now < asked.redeemed_at + _REDELIVERY
        if soon or delivered:
            raise SlowDown("asked again too soon")
        lodged.note_poll(self.request.session, asked.request_id, self.request.now)

    def _redeem(self, asked: Lodged, learner: UUID, grant_id: UUID) -> Answer:
        request, session = self.request, self.request.session
        grant = queries.standing_grant(session, request.node, learner, grant_id, self.client_id, now=request.now)
        if grant is None:
            raise Declined("what was granted is over")
        if asked.redeemed_at is not None and not tokens.replace_family(
            session, asked.request_id, jkt=self.proof.jkt, now=request.now
        ):
            raise GrantRefused("this auth_req_id is not known")
        lodged.note_redemption(session, asked.request_id, request.now)
        binding = Binding(
            self.client_id, self.proof.jkt, Basis(BasisKind.GRANT, learner, grant_id), asked.request_id,
            granted_records(asked.details, grant_id, grant.terms),
        )  # fmt: skip
        refresh = tokens.make_token()
        tokens.keep(session, refresh, TokenKind.REFRESH, binding, now=request.now, expires_at=grant.until)
        return self.answer(binding, refresh_token=refresh, grant_id=str(grant_id))


class RefreshGrant(BoundGrant):
    """A fresh access token under a grant that still stands, with the details as they are now (RFC 6749 section 6)."""

    GRANT_TYPE = clients.REFRESH

    def create_token_response(self) -> Answer:
        """Return an access token; raises `GrantRefused` in the same words whatever the reason."""
        request, session = self.request, self.request.session
        presented = request.form.get("refresh_token")
        if not presented:
            raise RequestRefused("refresh_token is missing")
        kept = tokens.find_to_refresh(session, presented)
        if (
            kept is None
            or kept.kind is not TokenKind.REFRESH
            or not kept.stands(request.now)
            or kept.binding.client_id != self.client_id
            or kept.binding.jkt != self.proof.jkt
        ):
            raise GrantRefused("this refresh token does not serve")
        bound = kept.binding
        grant = queries.standing_grant(
            session, request.node, bound.basis.learner, bound.basis.id, self.client_id, now=request.now, bound=True
        )
        if grant is None:
            raise GrantRefused("this refresh token does not serve")
        details = granted_records(bound.details[0], bound.basis.id, grant.terms)
        binding = Binding(
            bound.client_id, bound.jkt, bound.basis, bound.family, details
        )  # fmt: skip
        return self.answer(binding, grant_id=str(bound.basis.id))


class DossierGrant(BoundGrant):
    """An access token for the documents that were announced to this very client (RFC 6749 section 4.4, RFC 9396)."""

    GRANT_TYPE = clients.CLIENT_CREDENTIALS

    def create_token_response(self) -> Answer:
        """Return an access token; a dossier that is unknown, not ready or another's is refused alike."""
        request, session = self.request, self.request.session
        dossier = read_dossier(request.form.get("authorization_details"))
        learner = queries.learner_of_dossier(session, dossier, self.client_id)
        if learner is None:
            raise GrantRefused("no such dossier is ready for this client")
        binding = Binding(
            self.client_id,
            self.proof.jkt,
            Basis(BasisKind.DOSSIER, learner, dossier),
            uuid4(),
            dossier_details(dossier),
        )
        return self.answer(binding)
