"""Everybody may know who looked at their own record, and nobody may know who looked at another's."""

from dataclasses import replace

from consent.decision import Actor, DenialCode, Denied, own_chain
from consent.vocabulary import ActorKind, CarerState, StaffRole
from tests.unit.consent.people import (
    EAST,
    FATHER,
    HANAKO,
    MOTHER,
    NOW,
    POLICY,
    STRANGER,
    care,
    carer,
    child,
    learner,
    placement,
    role,
    staff,
)


def test_a_child_reads_the_chain_of_the_child() -> None:
    assert own_chain(learner(HANAKO), child(), NOW, POLICY) == "child"


def test_a_child_has_no_chain_of_another_child() -> None:
    assert own_chain(learner(STRANGER), child(), NOW, POLICY) == Denied(DenialCode.NOT_YOUR_RECORD)


def test_a_carer_who_may_read_has_a_chain_of_their_own() -> None:
    assert own_chain(carer(MOTHER), child(care(MOTHER)), NOW, POLICY) == f"carer:{MOTHER}"


def test_a_carer_who_may_not_read_is_refused_for_the_same_reason_as_a_read() -> None:
    suspended = replace(care(FATHER), state=CarerState.SUSPENDED)
    assert own_chain(carer(FATHER), child(suspended), NOW, POLICY) == Denied(DenialCode.CARER_SUSPENDED)


def test_staff_never_read_who_else_looked() -> None:
    principal = staff(role(StaffRole.PRINCIPAL, EAST))
    assert own_chain(principal, child(placements=(placement(),)), NOW, POLICY) == Denied(
        DenialCode.ROLE_NOT_FOR_CATEGORY
    )


def test_an_unknown_child_has_no_chain_for_anybody() -> None:
    for actor in (learner(HANAKO), carer(MOTHER), Actor(ActorKind.UNKNOWN, None)):
        assert isinstance(own_chain(actor, None, NOW, POLICY), Denied)
