"""The backchannel authentication endpoint (OpenID CIBA Core section 7): a school lodges a request with a ticket."""

import re
from typing import Any, Final

from authlib.oauth2.rfc6749 import TokenEndpoint  # type: ignore[import-untyped]

from pds.authorization import clients
from pds.authorization.clients import RegisteredClient
from pds.authorization.details import RecordsAsked, read_records
from pds.authorization.errors import BindingMessageRefused, DetailsRefused, RequestRefused
from pds.authorization.lodging import KEY_PURPOSE, LIFETIME, KeyReused, Lodging, lodge
from pds.authorization.requests import NodeRequest
from trust.ticket import Ticket, TicketMalformed, read_ticket

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
_KEY_FORM: Final = re.compile(r"[\x21-\x7e]{1,128}")
_MESSAGE_FORM: Final = re.compile(r"[\x20-\x7e]{1,64}")
_OTHER_HINTS: Final = ("login_hint_token", "id_token_hint", "user_code", "request", "client_notification_token")
_HEADERS: Final = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache")]


class BackchannelAuthentication(TokenEndpoint):  # type: ignore[misc]
    """Takes a request in. Nothing here knows whether the ticket is anybody's."""

    ENDPOINT_NAME = "backchannel_authentication"
    CLIENT_AUTH_METHODS = (clients.METHOD,)

    def create_endpoint_response(self, request: NodeRequest) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Return the same answer for every well-formed ticket; a malformed one is refused by name."""
        client: RegisteredClient = self.authenticate_endpoint_client(request)
        request.spend()
        self.server.validate_requested_scope(request.payload.scope)
        lodging = _read(request, client)
        key = request.node.keyring.node_key(KEY_PURPOSE)
        try:
            auth_req_id = lodge(request.session, key, lodging, now=request.now)
        except KeyReused as reused:
            raise RequestRefused(str(reused), reason=reused.code) from reused
        body = {
            "auth_req_id": auth_req_id,
            "expires_in": int(LIFETIME.total_seconds()),
            "interval": max(1, int(request.node.settings.poll_interval.total_seconds())),
        }
        return 200, body, _HEADERS


def _read(request: NodeRequest, client: RegisteredClient) -> Lodging:
    form = request.form
    for name in _OTHER_HINTS:
        if name in form:
            raise RequestRefused(f"{name} is not taken here; the ticket goes into login_hint")
    ticket = _read_ticket(form.get("login_hint"))
    asked = read_records(form.get("authorization_details"), now=request.now)
    _check_recipient(client, asked)
    message = form.get("binding_message")
    if message is not None and not _MESSAGE_FORM.fullmatch(message):
        raise BindingMessageRefused("at most 64 characters of printable ASCII")
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not _KEY_FORM.fullmatch(key):
        raise RequestRefused("Idempotency-Key: 1 to 128 characters of visible ASCII")
    return Lodging(client.client_id, ticket, asked.wire, asked.case or message or "", key)


def _read_ticket(text: str | None) -> Ticket:
    if not text:
        raise RequestRefused("login_hint is missing; it holds the transfer ticket")
    try:
        return read_ticket(text)
    except TicketMalformed as malformed:
        raise RequestRefused(
            "login_hint is not a transfer ticket, or a character of it is wrong", reason=malformed.code
        ) from malformed


def _check_recipient(client: RegisteredClient, asked: RecordsAsked) -> None:
    """A client asks for its own schools alone; which those are, the registry says and nobody else."""
    own = {each.code for each in client.participant.organisations}
    if asked.recipient not in own:
        raise DetailsRefused("manabi_records.recipient: not a school of this client", reason="recipient.not_own")
