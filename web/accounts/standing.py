"""How far people have come with their sign-in, for officers who issue codes: no way in, a code on its way, ready."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from web.accounts.models import Account, EnrolmentCode, Passkey


@dataclass(frozen=True, slots=True)
class Standing:
    """`ready`: the person can sign in. `code_until`: a code is on its way and works until then."""

    ready: bool = False
    code_until: datetime | None = None


def standings(session: Session, subjects: Iterable[UUID], now: datetime) -> Mapping[UUID, Standing]:
    """Return how far each of some subjects is; those without an account have come nowhere yet."""
    wanted = list(subjects)
    code_until = (
        select(func.max(EnrolmentCode.expires_at))
        .where(
            EnrolmentCode.account_id == Account.account_id,
            EnrolmentCode.used_at.is_(None),
            EnrolmentCode.expires_at > now,
        )
        .correlate(Account)
        .scalar_subquery()
    )
    ready = or_(Account.password_hash.is_not(None), exists().where(Passkey.account_id == Account.account_id))
    rows = session.execute(
        select(Account.subject, ready.label("ready"), code_until.label("code_until")).where(Account.subject.in_(wanted))
    )
    known = {row.subject: Standing(row.ready, row.code_until) for row in rows}
    return {subject: known.get(subject, Standing()) for subject in wanted}
