"""Erasure: a child's keys first and for ever, then every row. A backup brought back later is emptied again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from pds.access_log import entries
from pds.access_log.entries import Act
from pds.node import Node
from pds.people import service as people
from web.database import bind_context


def erase_learner(session: Session, node: Node, learner: UUID, *, by: str, now: datetime, reference: str) -> None:
    """Erase a child: journal and keys at once and durably, then the rows in the caller's transaction.

    If the process dies in between, `replay_journal` removes the rows at the next start. Log entries about the child
    stay as leaves of the log, unreadable from now on. Carers who have no other child here are erased as well.
    """
    bind_context(session, learners=[learner])
    orphaned = people.carers_left_without(session, learner)
    for subject in (learner, *orphaned):
        node.keyring.erase_subject(subject, by=by, now=now)
    people.forget(session, [learner, *orphaned])
    entry = entries.by_operator(node, Act.LEARNER_ERASED, now=now, reference=reference, by=by)
    entries.write(session, node, [entry])


def replay_journal(session: Session, node: Node) -> int:
    """Remove the rows of everyone the journal says is erased; return how many people that were.

    Run at every start of a worker: after an older backup came back, the journal still knows what was decided.
    """
    returned = people.known_among(session, node.keyring.journal.erased())
    people.forget(session, returned)
    return len(returned)
