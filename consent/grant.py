"""A grant: what was opened to whom until when, its life, and whether it opens one record now.

Any one holder narrows, pauses or ends it alone and at once; nothing here can widen it. Who may is said by
``consent.authority``; that an entry under a grant and its end exclude each other is the store's part.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from consent.scope import Terms
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Category, GrantState, Relation

__all__ = ["UNDER_GRANT", "Grant", "GrantState", "allows", "narrow", "pause", "resume", "revoke", "standing"]

UNDER_GRANT = Allowed(
    Relation.RECIPIENT, "grant", "個人情報の保護に関する法律69条2項1号、個人情報の保護に関する法律27条1項"
)
"""The verdict under a grant: the person's own consent, for public and for private establishers. Always the same one."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant to the organisation with client id ``recipient``, from ``begin`` (inclusive) to ``terms.until``.

    ``paused_by`` are the people whose pause stands; every one of them must lift it. ``changed_by`` acted last.
    """

    grant_id: UUID
    learner: UUID
    recipient: str
    terms: Terms
    state: GrantState
    begin: datetime
    paused_by: frozenset[UUID] = frozenset()
    changed_by: UUID | None = None


def standing(grant: Grant, at: datetime) -> GrantState:
    """The state at ``at``: one that has not ended otherwise is expired from the instant ``terms.until`` on."""
    return GrantState.EXPIRED if grant.state not in _ENDED and at >= grant.terms.until else grant.state


def allows(grant: Grant, category: Category, school_year: int, at: datetime) -> Allowed | Denied:
    """Whether the grant opens a record of ``category`` and ``school_year`` at ``at``. Never raises."""
    state = standing(grant, at)
    if state in _ENDED:
        return Denied(DenialCode.GRANT_ENDED)
    if state is not GrantState.ACTIVE or at < grant.begin:
        return Denied(DenialCode.GRANT_NOT_ACTIVE)
    return UNDER_GRANT if grant.terms.scope.covers(category, school_year) else Denied(DenialCode.NOT_IN_SCOPE)


def pause(grant: Grant, by: UUID) -> Grant | Denied:
    """Pause for ``by``, beside those who already have. A grant suspended for safety stays suspended."""
    if grant.state in _ENDED:
        return Denied(DenialCode.GRANT_ENDED)
    state = GrantState.PAUSED if grant.state is GrantState.ACTIVE else grant.state
    return replace(grant, state=state, paused_by=grant.paused_by | {by}, changed_by=by)


def resume(grant: Grant, by: UUID) -> Grant | Denied:
    """Lift the pause of ``by``; the grant is active again when nobody's is left. Lifting one's own is no widening."""
    if grant.state in _ENDED:
        return Denied(DenialCode.GRANT_ENDED)
    if by not in grant.paused_by:
        return Denied(DenialCode.NOT_YOUR_PAUSE)
    left = grant.paused_by - {by}
    state = GrantState.ACTIVE if grant.state is GrantState.PAUSED and not left else grant.state
    return replace(grant, state=state, paused_by=left, changed_by=by)


def revoke(grant: Grant, by: UUID, at: datetime) -> Grant | Denied:
    """End the grant for good."""
    if standing(grant, at) in _ENDED:
        return Denied(DenialCode.GRANT_ENDED)
    return replace(grant, state=GrantState.REVOKED, changed_by=by)


def narrow(grant: Grant, terms: Terms, by: UUID) -> Grant | Denied:
    """Put narrower ``terms`` in place of those granted. Leaving nothing is not narrowing but revoking."""
    if grant.state in _ENDED:
        return Denied(DenialCode.GRANT_ENDED)
    if terms.scope.is_empty or not terms.within(grant.terms):
        return Denied(DenialCode.NARROW_ONLY)
    return replace(grant, terms=terms, changed_by=by)


_ENDED = frozenset({GrantState.REVOKED, GrantState.EXPIRED, GrantState.SUPERSEDED})
