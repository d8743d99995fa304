"""Writing the access log: one row per decision, in the decision's own transaction, locking nothing others share."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from pds.access_log.models import NOBODY
from pds.node import Node
from trust.sealing import Binding, seal
from trust.transparency.chain import SECRET_BYTES, commitment, entry_bytes, entry_salt

ENTRY_SCHEMA = "urn:manabi:schema:access-log-entry:1"
NODE_CHAIN = "node"
"""The chain of entries about no known child; only the operator and auditors read it."""

_INSERT = text(
    "INSERT INTO log_entry (learner_id, entry_id, at, classes, sealed, commitment) "
    "VALUES (:learner_id, :entry_id, :at, :classes, :sealed, :commitment)"
)


class Act(StrEnum):
    """What somebody did or tried: `source:subject:action`."""

    RECORD_READ = "learner:record:read"
    OVERVIEW_READ = "learner:overview:read"
    LOG_READ = "learner:access_log:read"
    ROSTER_READ = "school:roster:read"
    CODE_ISSUED = "staff:code:issue"
    TICKET_ISSUED = "school:ticket:issue"
    REQUEST_OPENED = "recipient:request:open"
    REQUEST_SEEN = "learner:request:see"
    REQUEST_ANSWERED = "learner:request:answer"
    PREVIEW_READ = "learner:preview:read"
    STATUTORY_READ = "learner:statutory:read"
    STATUTORY_SEEN = "learner:statutory:see"
    COMMENT_WRITTEN = "learner:comment:write"
    ANSWER_ENTERED = "school:answer:enter"
    ANSWER_CHECKED = "school:answer:check"
    SHARING_READ = "learner:sharing:read"
    GRANT_PAUSED = "learner:grant:pause"
    GRANT_RESUMED = "learner:grant:resume"
    GRANT_REVOKED = "learner:grant:revoke"
    RECEIPT_READ = "learner:receipt:read"
    DOSSIER_READY = "school:dossier:ready"
    DOSSIER_CANCELLED = "school:dossier:cancel"
    DOCUMENT_PULLED = "recipient:document:pull"
    FILE_PULLED = "recipient:file:pull"
    DOCUMENTS_ACKNOWLEDGED = "recipient:documents:acknowledge"
    ENROLMENT_DECIDED = "board:enrolment:decide"
    RECORDS_ASKED = "school:records:ask"
    DOCUMENT_RECEIVED = "node:document:receive"
    RECEIVED_READ = "learner:received:read"
    LEARNER_ERASED = "learner:keys:erase"
    STATISTICS_REPORTED = "node:statistics:report"
    NODE_RESTORED = "node:backup:restore"


class Purpose(StrEnum):
    """Why: looking back over one's own record, the daily work of a school, or keeping the node running.

    `TRANSFER` is what the law moves from school to school with a child, `SHARING` what a family decides to give,
    `STATISTICS` the node's part in the national count.
    """

    LOOK_BACK = "look_back"
    SCHOOL_WORK = "school_work"
    TRANSFER = "transfer"
    SHARING = "sharing"
    STATISTICS = "statistics"
    OPERATION = "operation"


@dataclass(frozen=True, slots=True)
class Who:
    """The acting person as the log knows them; `organisation_name` is the name on the day of the act."""

    kind: str
    person: UUID | None
    relation: str | None
    organisation: UUID | None = None
    organisation_name: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. `learner` None stands for a child this node does not know, or for nobody in particular.

    `concerns` is the person for whom something was done, where that is not the child as such: who a code is for.
    `under` is what the act rests on or is about: a request, a grant or a dossier.
    """

    who: Who
    act: Act
    purpose: Purpose
    learner: UUID | None
    category: str | None
    records: tuple[tuple[UUID, int], ...]
    allowed: bool
    rule: str
    citation: str
    reason: str | None
    at: datetime
    reference: str
    classes: tuple[str, ...]
    concerns: UUID | None = None
    under: UUID | None = None

    def to_bytes(self, entry_id: UUID, node_id: str) -> bytes:
        """Return the bytes that the commitment binds and that the family downloads."""
        body = {
            "id": str(entry_id),
            "node": node_id,
            "at": self.at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "who": {
                "kind": self.who.kind,
                "person": None if self.who.person is None else str(self.who.person),
                "relation": self.who.relation,
                "organisation": None if self.who.organisation is None else str(self.who.organisation),
                "organisation_name": self.who.organisation_name,
            },
            "act": self.act.value,
            "purpose": self.purpose.value,
            "learner": None if self.learner is None else str(self.learner),
            "category": self.category,
            "records": [[str(record), version] for record, version in self.records],
            "outcome": "allowed" if self.allowed else "refused",
            "rule": self.rule,
            "citation": self.citation,
            "reason": self.reason,
            "reference": self.reference,
        }
        if self.concerns is not None:
            body["concerns"] = str(self.concerns)
        if self.under is not None:
            body["under"] = str(self.under)
        return entry_bytes(body)


def by_operator(
    node: Node,
    act: Act,
    *,
    now: datetime,
    reference: str,
    learner: UUID | None = None,
    classes: tuple[str, ...] = (NODE_CHAIN,),
    concerns: UUID | None = None,
    by: str | None = None,
) -> Entry:
    """Return the entry of something the operator did on the command line; `by` names who decided it."""
    return Entry(
        who=Who("staff", None, "operator", None, by or node.settings.operator), act=act, purpose=Purpose.OPERATION,
        learner=learner, category=None, records=(), allowed=True, rule="operation", citation="", reason=None, at=now,
        reference=reference, classes=classes, concerns=concerns,
    )  # fmt: skip


def write(session: Session, node: Node, entries: Sequence[Entry]) -> None:
    """Insert entries into the caller's transaction. The caller commits before the first byte of an answer leaves."""
    session.execute(_INSERT, [_row(node, entry) for entry in entries])


def _row(node: Node, entry: Entry) -> dict[str, object]:
    entry_id, secret = uuid4(), os.urandom(SECRET_BYTES)
    body = entry.to_bytes(entry_id, node.node_id)
    subject = NOBODY if entry.learner is None else entry.learner
    return {
        "learner_id": subject,
        "entry_id": entry_id,
        "at": entry.at,
        "classes": list(entry.classes),
        "sealed": seal(entry_key(node, subject), entry_binding(node, subject, entry_id), secret + body),
        "commitment": commitment(body, entry_salt(secret)),
    }


def entry_key(node: Node, subject: UUID) -> bytes:
    """Return the key that entries about a child are sealed under; the node's own for `NOBODY`."""
    return node.keyring.node_key("node-log") if subject == NOBODY else node.keyring.subject_key(subject)


def entry_binding(node: Node, subject: UUID, entry_id: UUID) -> Binding:
    """Return the place an entry is sealed to."""
    return Binding(node.node_id, subject, f"log/{entry_id}", 1, ENTRY_SCHEMA)
