"""Which releases there are, read from the leader's database: all that the interface ever reads there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from aggregator.plans_kept.models import CollectionPlan
from aggregator.releases.models import Release


@dataclass(frozen=True, slots=True)
class Listed:
    """One release as a list shows it, with the plan it belongs to."""

    digest: str
    plan_id: str
    plan_version: int
    plan_digest: str
    round_id: str
    released_at: datetime


def list_releases(session: Session) -> tuple[Listed, ...]:
    """Return every release, the newest first."""
    rows = session.execute(
        select(
            Release.digest,
            CollectionPlan.plan_id,
            CollectionPlan.version,
            Release.plan_digest,
            Release.round_id,
            Release.released_at,
        )
        .join(CollectionPlan, CollectionPlan.plan_digest == Release.plan_digest)
        .order_by(Release.released_at.desc(), Release.digest)
    )
    return tuple(
        Listed(digest.hex(), plan_id, version, plan_digest.hex(), str(round_id), released_at)
        for digest, plan_id, version, plan_digest, round_id, released_at in rows
    )


def find_document(session: Session, digest: bytes) -> bytes | None:
    """Return the fixed bytes of a release."""
    return session.scalar(select(Release.document).where(Release.digest == digest))


def find_token(session: Session, digest: bytes) -> str | None:
    """Return the leader's signature over a release."""
    return session.scalar(select(Release.token).where(Release.digest == digest))


def newest_digest(session: Session) -> str | None:
    """Return the digest of what was released last."""
    digest = session.scalar(select(Release.digest).order_by(Release.released_at.desc(), Release.digest).limit(1))
    return digest.hex() if digest is not None else None
