"""The request by which a server of the national count enters the participant registry, or changes its entry."""

from datetime import datetime

from trust.joining import write_join_request
from trust.keyring import Keyring
from trust.participants import KeyUse, Participant, ParticipantKey, ParticipantKind
from trust.registry import Registry


def make_aggregator_join_request(
    keyring: Keyring,
    *,
    participant: str,
    operator: str,
    issuer: str,
    contact: str,
    held: Registry | None,
    now: datetime,
) -> str:
    """Return the signed request to be taken in, or to have the entry brought up to date; raises JoinRefused.

    It brings the keyring's node key and the public half of the key that shares are sealed to. Keys that ``held``, the
    newest registry this server accepted, lists for it already stay as they are listed.
    """
    node_key = keyring.signing_key(KeyUse.NODE.value)
    own = None if held is None else held.by_id(participant)
    first = (
        ParticipantKey.of(KeyUse.NODE, node_key.jose_key(), now),
        ParticipantKey.to_seal(keyring.sealing_key(KeyUse.SEALING.value).public(), now),
    )
    keys = first if own is None else own.keys
    entry = Participant(0, participant, operator, ParticipantKind.AGGREGATOR, issuer, contact, keys)
    return write_join_request(node_key, entry, now=now)
