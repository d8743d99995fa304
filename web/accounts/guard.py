"""Lock-out under guessing: after five failures a login name rests 15 minutes, then twice as long each time.

Names are counted whether an account has them or not, so that a lock tells nobody which names exist. The row is
locked by the first statement of an attempt: a hundred attempts at once wait in line instead of being tried at once.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from web.accounts.models import SignInGuard
from web.accounts.names import hash_name

FREE_FAILURES = 5
_FIRST_REST = timedelta(minutes=15)
_LONGEST_REST = timedelta(hours=24)
_FORGET_AFTER = timedelta(hours=48)
_SWEEP = 100


def begin_attempt(session: Session, name: str, now: datetime) -> datetime | None:
    """Count an attempt as failed before it is tried; return until when the name rests, or None to go on."""
    stale = select(SignInGuard.name_hash).where(SignInGuard.last_failed_at < now - _FORGET_AFTER)
    swept = stale.limit(_SWEEP).with_for_update(skip_locked=True)
    session.execute(delete(SignInGuard).where(SignInGuard.name_hash.in_(swept)))
    counted = insert(SignInGuard).values(name_hash=hash_name(name), failures=0, last_failed_at=now, locked_until=None)
    touched = counted.on_conflict_do_update(
        index_elements=[SignInGuard.name_hash], set_={"failures": SignInGuard.failures}
    ).returning(SignInGuard.failures, SignInGuard.locked_until)
    failures, locked_until = session.execute(touched).one()
    if locked_until is not None and locked_until > now:
        return locked_until
    failures += 1
    rest = None
    if failures >= FREE_FAILURES:
        rest = now + min(_FIRST_REST * 2 ** min(failures - FREE_FAILURES, 16), _LONGEST_REST)
    session.execute(
        update(SignInGuard)
        .where(SignInGuard.name_hash == hash_name(name))
        .values(failures=failures, last_failed_at=now, locked_until=rest)
    )
    return None


def clear_attempts(session: Session, name: str) -> None:
    """Forget the failures of a name after it signed in."""
    session.execute(delete(SignInGuard).where(SignInGuard.name_hash == hash_name(name)))
