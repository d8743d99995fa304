"""What a dossier opens to the next school: what the law sends, once the family's review is over, and nothing else."""

from datetime import UTC, datetime

import pytest

from consent.dossier import allows_dossier
from consent.lanes import lane_of
from consent.verdict import Allowed, DenialCode, Denied
from consent.vocabulary import Category, Lane, Move, Relation
from tests.unit.consent.people import NOW, POLICY

BEFORE_ANY_RULE = datetime(2020, 1, 1, tzinfo=UTC)
NOT_STATUTORY = [c for c in Category if lane_of(c, Move.TRANSFER, NOW, POLICY) is not Lane.STATUTORY]


def test_a_ready_dossier_opens_what_the_law_sends_and_cites_it() -> None:
    verdict = allows_dossier(True, Category.GUIDANCE, Move.TRANSFER, NOW, POLICY)
    assert verdict == Allowed(Relation.NEXT_SCHOOL, "guidance.transfer", "学校教育法施行規則24条3項")
    promoted = allows_dossier(True, Category.GUIDANCE, Move.PROMOTION, NOW, POLICY)
    assert isinstance(promoted, Allowed)
    assert promoted.citation == "学校教育法施行規則24条2項"


def test_a_dossier_under_review_opens_nothing() -> None:
    waiting = allows_dossier(False, Category.GUIDANCE, Move.TRANSFER, NOW, POLICY)
    assert waiting == Denied(DenialCode.DOSSIER_NOT_READY)


@pytest.mark.parametrize("category", NOT_STATUTORY)
def test_a_dossier_never_opens_what_no_law_sends(category: Category) -> None:
    for ready in (True, False):
        assert allows_dossier(ready, category, Move.TRANSFER, NOW, POLICY) == Denied(DenialCode.NOT_IN_SCOPE)


def test_a_dossier_opens_nothing_where_no_rule_is_in_force() -> None:
    gone = allows_dossier(True, Category.GUIDANCE, Move.TRANSFER, BEFORE_ANY_RULE, POLICY)
    assert gone == Denied(DenialCode.NOT_IN_SCOPE)
