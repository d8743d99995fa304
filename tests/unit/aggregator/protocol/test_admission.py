"""What a server refuses, each for its named reason, and what it takes again without a change."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aggregator.plans.model import Level
from aggregator.protocol.admission import (
    MOST_SUBMISSIONS,
    Admission,
    admit,
    admit_noise,
    require_length,
    require_node,
)
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Closing, Earlier, RoundKind
from aggregator.protocol.wire import Reason, SubmissionRefused
from tests.factories.plans import make_plan
from tests.unit.aggregator.protocol.making import OPENING, PLAN, SEALED, noise_header, submission

SENT = submission("n01.node")
SUPPLEMENT = replace(OPENING, kind=RoundKind.SUPPLEMENT, earlier=(Earlier("r0", bytes(32)),))
CLOSING = Closing("r1", OPENING.digest, ())


def decide(**changes: Any) -> Admission:
    usual: dict[str, Any] = {
        "header": SENT.header, "sealed": SENT.leader, "side": Side.LEADER, "opening": OPENING, "plan": PLAN, "held": {},
        "codes": {"131016"}, "counted": (), "collecting": True,
    }  # fmt: skip
    return admit(**(usual | changes))


def decide_noise(**changes: Any) -> Admission:
    usual: dict[str, Any] = {
        "header": noise_header(CLOSING.digest), "sealed": SEALED[0], "side": Side.LEADER, "closing": CLOSING,
        "plan": PLAN, "seats": {"n01.node"}, "held": None, "collecting": True,
    }  # fmt: skip
    return admit_noise(**(usual | changes))


def reason(call: Callable[[], object]) -> Reason:
    with pytest.raises(SubmissionRefused) as refused:
        call()
    return refused.value.reason


def test_a_good_submission_is_new_at_both_servers() -> None:
    assert decide() is Admission.NEW
    assert decide(sealed=SENT.helper, side=Side.HELPER) is Admission.NEW


@pytest.mark.parametrize("later", [{}, {"collecting": False}, {"counted": {"n01.node"}}])
def test_the_same_submission_again_is_a_repeat_for_ever(later: dict[str, Any]) -> None:
    assert decide(held={1: SENT.header.digest}, **later) is Admission.REPEAT


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"header": replace(SENT.header, round_id="r2")}, Reason.OTHER_ROUND),
        ({"header": replace(SENT.header, plan=bytes(32))}, Reason.OTHER_PLAN),
        ({"plan": make_plan(floor=4)}, Reason.OTHER_PLAN),
        ({"sealed": SENT.leader[:-1]}, Reason.SHARE_ALTERED),
        ({"sealed": SENT.leader + b"\0"}, Reason.SHARE_ALTERED),
        ({"sealed": SENT.helper}, Reason.SHARE_ALTERED),
        ({"held": {1: bytes(32)}}, Reason.SEQUENCE_TAKEN),
        ({"held": {2: bytes(32)}}, Reason.SUPERSEDED),
        ({"collecting": False}, Reason.ROUND_CLOSED),
        ({"opening": SUPPLEMENT, "counted": {"n01.node"}}, Reason.ALREADY_COUNTED),
        ({"codes": {"131024"}}, Reason.FOREIGN_AREA),
        ({"codes": ()}, Reason.FOREIGN_AREA),
        ({"header": replace(SENT.header, cells=28)}, Reason.CELLS),
        ({"header": replace(SENT.header, prefectures=("13", "14"))}, Reason.CELLS),
    ],
)
def test_a_submission_is_refused_for_a_named_reason(changes: dict[str, Any], expected: Reason) -> None:
    assert reason(lambda: decide(**changes)) is expected


def test_a_mended_submission_takes_a_higher_sequence() -> None:
    mended = submission("n01.node", sequence=2, fill=7)
    assert decide(header=mended.header, sealed=mended.leader, held={1: SENT.header.digest}) is Admission.NEW


def test_a_node_cannot_fill_a_server() -> None:
    held = dict.fromkeys(range(1, MOST_SUBMISSIONS + 1), bytes(32))
    last = submission("n01.node", sequence=MOST_SUBMISSIONS + 1)
    assert reason(lambda: decide(header=last.header, sealed=last.leader, held=held)) is Reason.TOO_MANY


def test_a_stratum_without_a_public_code_needs_no_entry_in_the_registry() -> None:
    own = submission("n01.node", areas=("13x-n01.node",))
    assert decide(header=own.header, sealed=own.leader, codes=()) is Admission.NEW


def test_a_header_under_another_name_is_refused() -> None:
    require_node(SENT.header, "n01.node")
    assert reason(lambda: require_node(SENT.header, "n02.node")) is Reason.OTHER_NODE


@pytest.mark.parametrize("side", list(Side))
def test_an_opened_share_has_the_length_that_its_header_says(side: Side) -> None:
    share = SENT.leader if side is Side.LEADER else SENT.helper
    require_length(SENT.header, side, share)
    for wrong in (share[:-1], share + b"\0", b""):
        assert reason(lambda wrong=wrong: require_length(SENT.header, side, wrong)) is Reason.SHARE_LENGTH  # type: ignore[misc]


def test_a_seats_noise_is_new_once_and_then_a_repeat() -> None:
    assert decide_noise() is Admission.NEW
    assert decide_noise(held=noise_header(CLOSING.digest).digest, collecting=False) is Admission.REPEAT


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"header": noise_header(bytes(32))}, Reason.OTHER_ROUND),
        ({"header": noise_header(CLOSING.digest, round_id="r2")}, Reason.OTHER_ROUND),
        ({"sealed": SEALED[0][:-1]}, Reason.SHARE_ALTERED),
        ({"held": bytes(32)}, Reason.SEAT_TAKEN),
        ({"collecting": False}, Reason.ROUND_CLOSED),
        ({"seats": {"n02.node"}}, Reason.NOT_SEATED),
        ({"header": noise_header(CLOSING.digest, level=Level.ESTABLISHER, area="131016")}, Reason.NOT_SEATED),
        ({"header": noise_header(CLOSING.digest, cells=26)}, Reason.CELLS),
    ],
)
def test_a_seats_noise_is_refused_for_a_named_reason(changes: dict[str, Any], expected: Reason) -> None:
    assert reason(lambda: decide_noise(**changes)) is expected


def test_every_reason_is_explained_to_whoever_is_refused() -> None:
    page = Path("docs/method/protocol.md").read_text(encoding="utf-8")
    assert [one.value for one in Reason if f"`{one.value}`" not in page] == []
