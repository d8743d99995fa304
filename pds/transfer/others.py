"""The other participants as this room needs them: who they are, and the way to one of them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from pds.node import Node
from pds.transfer.errors import OwnTicket, RegistryMissing, SenderUnknown
from pds.transfer.remote import Identity, OutOfReach, Peer, connect
from trust.keys import Key
from trust.registry import Participant, Registry
from trust.ticket import read_ticket
from web.participants.service import client_key, current_registry


def registry_in_force(session: Session, node: Node, now: datetime) -> Registry:
    """Return the registry this node relies on; raises `RegistryMissing`."""
    registry = current_registry(session, node, now)
    if registry is None:
        raise RegistryMissing
    return registry


def sender_of_ticket(registry: Registry, node: Node, text: str) -> Participant:
    """Return the node that issued a ticket. Raises `TicketMalformed`, `SenderUnknown` or `OwnTicket`."""
    sender = registry.by_number(read_ticket(text).number)
    if sender is None or sender.issuer is None:
        raise SenderUnknown
    if sender.id == node.node_id:
        raise OwnTicket
    return sender


@contextmanager
def reach(
    node: Node, registry: Registry, participant: str, clock: Callable[[], datetime], proof_key: Key | None = None
) -> Iterator[Peer]:
    """Open the way to a participant; raises `OutOfReach` for one that the registry no longer holds.

    `proof_key` is the key that the case's tokens are bound to; calls without a token need none.
    """
    found = registry.by_id(participant)
    if found is None:
        raise OutOfReach("it is not in the registry")
    key = client_key(node, registry, clock())
    with connect(found, Identity(node.node_id, key, key.kid), proof_key or new_proof_key(), clock) as peer:
        yield peer


def new_proof_key() -> ECKey:
    """Return a fresh key for proofs of possession (P-256, ES256)."""
    return ECKey.generate_key("P-256", private=True, auto_kid=True)


def write_key(key: ECKey) -> str:
    """Return a private key as JSON, to be sealed."""
    return json.dumps(key.as_dict(private=True))


def read_key(text: str) -> ECKey:
    """Read what `write_key` wrote."""
    return ECKey.import_key(json.loads(text))
