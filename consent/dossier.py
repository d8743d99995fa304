"""What the law sends to the next school: whether a dossier opens one category now."""

from datetime import datetime

from consent.lanes import lane_of
from consent.policy.model import Policy
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Category, Lane, Move


def allows_dossier(state_ready: bool, category: Category, move: Move, at: datetime, policy: Policy) -> Allowed | Denied:
    """Whether the next school may fetch ``category`` under a dossier for ``move``.

    ``state_ready``: the family's review is over and the dossier not taken back. The verdict cites the article that
    sends the category (学校教育法施行規則24条, 学校保健安全法施行規則8条).
    """
    edition = policy.at(at)
    if edition is None or lane_of(category, move, at, policy) is not Lane.STATUTORY:
        return Denied(DenialCode.NOT_IN_SCOPE)
    return edition.lanes[category, move].allowed if state_ready else Denied(DenialCode.DOSSIER_NOT_READY)
