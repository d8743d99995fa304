"""What somebody has chosen on the pages of a request and not yet answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.database import Base


class AnswerDraft(Base):
    """One person's choices on one request, sealed under the child's key; it goes when the person answers.

    Nobody but that person ever reads it. `person_id` is who is signed in: the decider, or the clerk at the counter.
    """

    __tablename__ = "answer_draft"
    __table_args__ = (
        ForeignKeyConstraint(
            ["learner_id", "request_id"], ["share_request.learner_id", "share_request.request_id"], ondelete="CASCADE"
        ),
    )

    learner_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    saved_at: Mapped[datetime]
