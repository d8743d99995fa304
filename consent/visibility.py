"""Default visibility: which relations a category is open to, and whether a member of staff has the child in care.

Which relation sees which category is policy data (``consent/policy/visibility.json``); what a relation *is* stands
here: a class teacher is the teacher of the class the child sits in today, a principal is the principal of the school
the child attends or, as long as the school must keep the record, has left.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from consent.age import birthday_in, school_year_end, school_year_of
from consent.placement import Placement, RoleHeld, left_on, placement_state
from consent.policy.model import CategoryRule, Edition, Opening, Policy, Retention, WithheldField
from consent.vocabulary import Category, PlacementState, Relation, RetentionStart, StaffRole

RELATION_OF_ROLE = {
    StaffRole.TEACHER: Relation.CLASS_TEACHER,
    StaffRole.NURSE_TEACHER: Relation.NURSE_TEACHER,
    StaffRole.CLERK: Relation.REGISTER_CLERK,
    StaffRole.PRINCIPAL: Relation.PRINCIPAL,
    StaffRole.BOARD_OFFICER: Relation.BOARD_OFFICER,
    StaffRole.OPERATOR: Relation.OPERATOR,
}
"""As what a role can stand towards a child in its care."""

_ONE_DAY = timedelta(days=1)


def who_sees(category: Category, policy: Policy, at: datetime) -> tuple[Relation, ...]:
    """The relations a category is open to at ``at``, in the order a page names them; empty without a rule in force."""
    edition = policy.at(at)
    if edition is None:
        return ()
    opened = [opening for opening in edition.openings.values() if opening.category is category]
    return tuple(opening.relation for opening in sorted(opened, key=lambda opening: opening.rank))


def withheld_fields(category: Category, relation: Relation, policy: Policy, at: datetime) -> tuple[WithheldField, ...]:
    """The fields that stay closed to ``relation`` even where the category is open, with label and what can be done."""
    edition = policy.at(at)
    if edition is None:
        return ()
    return tuple(w for w in edition.withheld if w.category is category and relation in w.withheld_from)


def handling_of(category: Category, policy: Policy, at: datetime) -> CategoryRule | None:
    """Class, controller, legal basis and retention of a category at ``at``; None where no rule is in force."""
    edition = policy.at(at)
    return None if edition is None else edition.categories[category]


def kept_until(retention: Retention, left: date) -> date:
    """The last day on which a school that a child left on ``left`` keeps its record.

    Years are counted from the day after the starting day and end before that day's anniversary (民法140条・143条).
    """
    start = left if retention.counted_from is RetentionStart.LEFT_SCHOOL else school_year_end(school_year_of(left))
    first = start + _ONE_DAY
    return birthday_in(first, first.year + retention.years) - _ONE_DAY


def has_in_care(role: RoleHeld, placements: Sequence[Placement], opening: Opening, day: date, edition: Edition) -> bool:
    """Whether a role in force on ``day`` stands to the child as ``opening`` demands.

    A teacher only through the class held now, the board only through its own schools, everyone else through the school;
    a school keeps seeing a former pupil no longer than it keeps the record.
    """
    if opening.relation is Relation.CLASS_TEACHER:
        return any(
            placement.organisation == role.organisation
            and placement.class_id in role.class_ids
            and placement.current_on(day)
            for placement in placements
        )
    if opening.relation is Relation.BOARD_OFFICER:
        return any(p.board == role.organisation and p.current_on(day) for p in placements)
    state = placement_state(placements, role.organisation, day)
    if state not in opening.when:
        return False
    if state is PlacementState.ENROLLED:
        return True
    left = left_on(placements, role.organisation, day)
    return left is not None and day <= kept_until(edition.categories[opening.category].retention, left)
