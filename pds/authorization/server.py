"""The OAuth library as this node uses it: which grants and endpoints exist, who the clients are, how answers look."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from authlib.oauth2 import AuthorizationServer  # type: ignore[import-untyped]
from flask import current_app

from pds.authorization import clients
from pds.authorization.clients import PrivateKeyJwt, RegisteredClient
from pds.authorization.endpoints import Introspection, Revocation
from pds.authorization.grant_types import CibaGrant, DossierGrant, RefreshGrant
from pds.authorization.lodging_endpoint import BackchannelAuthentication
from pds.authorization.requests import NodeRequest
from pds.node import Node
from trust.registry import Registry
from web.jobs.doorbell import Doorbell
from web.participants.service import current_registry

_LOOK_EVERY: Final = timedelta(seconds=1)
EXTENSION: Final = "manabi.authorization"

Answer = tuple[int, dict[str, Any], Sequence[tuple[str, str]]]


class NodeServer(AuthorizationServer):  # type: ignore[misc]
    """The authorization server of one node. Made once; holds nothing of any request."""

    def __init__(self, node: Node, bell: Doorbell) -> None:
        super().__init__(scopes_supported=[clients.SCOPE])
        self.node, self.bell = node, bell
        self._looked: tuple[datetime, Registry | None] = (datetime.min.replace(tzinfo=UTC), None)
        self.register_client_auth_method(clients.METHOD, PrivateKeyJwt())
        for grant in (CibaGrant, RefreshGrant, DossierGrant):
            self.register_grant(grant)
        for endpoint in (BackchannelAuthentication, Introspection, Revocation):
            self.register_endpoint(endpoint)

    def query_client(self, client_id: str) -> RegisteredClient | None:
        """Return a participant of the registry in force as a client; None for anybody else."""
        registry = self.look()
        participant = None if registry is None else registry.by_id(client_id)
        return None if participant is None else RegisteredClient(participant)

    def look(self) -> Registry | None:
        """Return the registry in force. Each process asks once a second, on a connection of its own."""
        now = self.node.clock()
        looked_at, registry = self._looked
        if registry is None or not timedelta() <= now - looked_at < _LOOK_EVERY or now >= registry.expires_at:
            with self.node.database.session() as session:
                registry = current_registry(session, self.node, now)
            self._looked = (now, registry)
        return registry

    def create_oauth2_request(self, request: NodeRequest) -> NodeRequest:
        """Requests arrive here as the library should see them."""
        return request

    def handle_response(self, status: int, body: dict[str, Any], headers: Sequence[tuple[str, str]]) -> Answer:
        """Answers leave as they are; the edge writes them."""
        return status, body, headers

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens to the library's signals."""

    def answer_token(self, request: NodeRequest) -> Answer:
        """Answer the token endpoint."""
        answer: Answer = self.create_token_response(request)
        return answer

    def answer_endpoint(self, name: str, request: NodeRequest) -> Answer:
        """Answer one of the other endpoints."""
        answer: Answer = self.create_endpoint_response(name, request)
        return answer


def current_server() -> NodeServer:
    """Return the authorization server of the running node."""
    server: NodeServer = current_app.extensions[EXTENSION]
    return server
