"""Which children of some schools have a request that may still be answered; no more than their ids."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from web.database import bind_context

_CHILDREN = text(
    "SELECT DISTINCT learner_id FROM enrolment "
    "WHERE NOT withdrawn AND organisation_id = ANY(:schools) AND school_year >= :since"
)
_ASKED = text(
    "SELECT DISTINCT learner_id FROM share_request WHERE state IN ('lodged', 'seen') AND expires_at > :now "
    "ORDER BY learner_id"
)


def children_asked_for(
    session: Session, schools: Iterable[UUID], person: UUID, since: int, now: datetime
) -> list[UUID]:
    """Return the children of some schools since a school year for whom a request is open."""
    bind_context(session, person=person)
    children = list(session.execute(_CHILDREN, {"schools": list(schools), "since": since}).scalars())
    bind_context(session, learners=children, person=person)
    return list(session.execute(_ASKED, {"now": now}).scalars())
