"""Which children somebody may choose between: their names alone, for the page where a guardian picks a child.

No record is opened and no entry written; whatever is chosen is decided and logged when it is opened.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from consent.decision import Read, decide
from consent.verdict import Allowed
from consent.vocabulary import ActorKind, Category
from pds.node import Node
from pds.people import service as people
from pds.people.service import KnownChild
from pds.sharing.enforcement import Asking
from web.database import bind_context


def list_children(session: Session, node: Node, asking: Asking) -> Sequence[KnownChild]:
    """Return the children whose record a learner or carer may open now, the eldest first. Staff have class lists."""
    viewer = asking.viewer
    bind_context(session, person=viewer.person)
    match viewer.actor.kind:
        case ActorKind.LEARNER:
            wanted = [viewer.person]
        case ActorKind.CARER:
            wanted = people.children_of(session, viewer.person)
        case _:
            return ()
    bind_context(session, learners=wanted, person=viewer.person)
    known = [child for child in (people.find_child(session, node, learner) for learner in wanted) if child is not None]
    open_to_them = [child for child in known if _may_open_any(node, asking, child)]
    return sorted(open_to_them, key=lambda child: (child.details.birth_date, child.facts.learner))


def _may_open_any(node: Node, asking: Asking, child: KnownChild) -> bool:
    reads = (Read(asking.viewer.actor, child.facts, category, asking.now) for category in Category)
    return any(isinstance(decide(read, node.policy), Allowed) for read in reads)
