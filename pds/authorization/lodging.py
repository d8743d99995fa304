"""Taking in a request with a transfer ticket. What is answered cannot depend on whether a child is known.

The answer is formed and stored before anything is looked up: this room imports nothing that knows a learner, and its
transaction runs as `manabi_lodging`, a role that reaches no table of any learner. Every well-formed ticket, known,
forged or used, takes the very same path; the look-up is a job. Repeating a request under one idempotency key returns
the first answer. The request id that goes to the asker (`auth_req_id`) is an HMAC of our own under a key of the node:
it can be told again, and what is stored of it is a hash.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from pds.authorization.models import LodgedRequest
from trust.errors import N_, ManabiError
from trust.ticket import Ticket
from web.jobs.service import enqueue

LIFETIME: Final = timedelta(days=30)
LOOK_UP: Final = "transfer.look_up"
"""The job that finds out, later and elsewhere, whose ticket it was."""
KEY_PURPOSE: Final = "authorization.auth-req-id"

_BECOME_LODGING: Final = text("SET LOCAL ROLE manabi_lodging")


class KeyReused(ManabiError):
    """The idempotency key stood over another request before."""

    code = "authorization.idempotency_key_reused"
    status = 422
    title = N_("This idempotency key was used for another request before.")
    remedy = N_("Send a new request under a new key. The first request stands as it was.")


@dataclass(frozen=True, slots=True)
class Lodging:
    """A well-formed request: who asks, with which ticket, for what, under which name of the asker's own."""

    client_id: str
    ticket: Ticket
    details: dict[str, Any]
    case: str
    idempotency_key: str | None = field(default=None)

    def body_hash(self) -> bytes:
        """Tell a repeat from another request under the same idempotency key."""
        body = json.dumps([self.ticket.hash.hex(), self.details, self.case], sort_keys=True, ensure_ascii=True)
        return sha256(body.encode()).digest()


def lodge(session: Session, key: bytes, lodging: Lodging, *, now: datetime) -> str:
    """Store a request and its look-up job in the role of lodging; return the `auth_req_id`. The edge commits.

    Under an idempotency key that this client used before, the first `auth_req_id` comes back and nothing is stored;
    raises `KeyReused` if the request was another one.
    """
    session.execute(_BECOME_LODGING)
    request_id = uuid4()
    auth_req_id = derive_auth_req_id(key, request_id)
    stored = session.execute(
        insert(LodgedRequest)
        .values(
            request_id=request_id, client_id=lodging.client_id, idempotency_key=lodging.idempotency_key,
            body_hash=lodging.body_hash(), auth_req_hash=hash_auth_req_id(auth_req_id),
            ticket_hash=lodging.ticket.hash, details=lodging.details, case_reference=lodging.case, lodged_at=now,
            expires_at=now + LIFETIME, polled_at=None, redeemed_at=None,
        )
        .on_conflict_do_nothing(index_elements=[LodgedRequest.client_id, LodgedRequest.idempotency_key])
        .returning(LodgedRequest.request_id)
    ).first()  # fmt: skip
    if stored is None:
        first = session.execute(
            select(LodgedRequest.request_id, LodgedRequest.body_hash).where(
                LodgedRequest.client_id == lodging.client_id,
                LodgedRequest.idempotency_key == lodging.idempotency_key,
            )
        ).one()
        if not hmac.compare_digest(bytes(first.body_hash), lodging.body_hash()):
            raise KeyReused
        return derive_auth_req_id(key, first.request_id)
    enqueue(session, LOOK_UP, {"request": str(request_id)}, now=now)
    return auth_req_id


def derive_auth_req_id(key: bytes, request_id: UUID) -> str:
    """Return the asker's name of a request: 256 bits that nobody without the node's key can form."""
    return urlsafe_b64encode(hmac.digest(key, request_id.bytes, sha256)).rstrip(b"=").decode()


def hash_auth_req_id(auth_req_id: str) -> bytes:
    """Return what is stored of an `auth_req_id`."""
    return sha256(auth_req_id.encode(errors="replace")).digest()
