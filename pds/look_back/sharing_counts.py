"""How much is asked and shared of a child, in numbers for the first page; the list itself is another room's."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from consent.vocabulary import GrantState
from pds.sharing import grants, requests
from pds.sharing.asking import ask, current_node, current_viewer
from pds.sharing.enforcement import Refused
from web.context import now, transaction

ENDS_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SharingCounts:
    """`waiting`: requests that wait for the reader; `shared`: sharings in force; `ending`: those that end soon."""

    waiting: int = 0
    shared: int = 0
    ending: int = 0


def count_sharing(learner: UUID) -> SharingCounts:
    """Return the numbers of one child for whoever is signed in; none where nothing of it is theirs to see."""
    asked = requests.list_for(transaction(), current_node(), ask(), learner)
    given = grants.list_for(transaction(), current_node(), ask(), learner)
    if isinstance(asked, Refused) or isinstance(given, Refused):
        return SharingCounts()
    person = current_viewer().person
    active = [grant for grant in given if grant.state is GrantState.ACTIVE]
    return SharingCounts(
        waiting=sum(view.is_open and person in view.waiting_for for view in asked),
        shared=len(active),
        ending=sum(grant.terms.until - now() <= ENDS_SOON for grant in active),
    )
