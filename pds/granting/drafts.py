"""Choices kept between the steps: sealed under the child's key, read by nobody but the person who made them."""

import json
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from pds.granting.choices import Choice, choice_from_json
from pds.granting.models import AnswerDraft
from pds.node import Node
from trust.sealing import Binding, seal, unseal
from web.database import bind_context

_SCHEMA = "urn:manabi:schema:answer-draft:1"


def find_draft(session: Session, node: Node, learner: UUID, request: UUID, person: UUID) -> Choice:
    """Return what a person has chosen so far on a request; nothing is chosen at the beginning."""
    bind_context(session, learners=[learner], person=person)
    sealed = session.execute(select(AnswerDraft.sealed).where(*_place(learner, request, person))).scalar_one_or_none()
    if sealed is None:
        return Choice()
    opened = unseal(node.keyring.subject_key(learner), _binding(node, learner, request, person), sealed)
    return choice_from_json(json.loads(opened))


def save_draft(
    session: Session, node: Node, learner: UUID, request: UUID, person: UUID, choice: Choice, now: datetime
) -> None:
    """Keep what a person has chosen so far; it replaces what was kept before."""
    bind_context(session, learners=[learner], person=person)
    content = json.dumps(choice.to_json(), ensure_ascii=False).encode()
    sealed = seal(node.keyring.subject_key(learner), _binding(node, learner, request, person), content)
    row = insert(AnswerDraft).values(
        learner_id=learner, request_id=request, person_id=person, sealed=sealed, saved_at=now
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=[AnswerDraft.learner_id, AnswerDraft.request_id, AnswerDraft.person_id],
            set_={"sealed": sealed, "saved_at": now},
        )
    )


def drop_draft(session: Session, learner: UUID, request: UUID, person: UUID) -> None:
    """Forget a draft once its person has answered."""
    bind_context(session, learners=[learner], person=person)
    session.execute(delete(AnswerDraft).where(*_place(learner, request, person)))


def _place(learner: UUID, request: UUID, person: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        AnswerDraft.learner_id == learner,
        AnswerDraft.request_id == request,
        AnswerDraft.person_id == person,
    )


def _binding(node: Node, learner: UUID, request: UUID, person: UUID) -> Binding:
    return Binding(node.node_id, learner, f"draft/{request}/{person}", 1, _SCHEMA)
