"""Headers and statements: what was signed is what is read, and anything else is refused for a named reason."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.plans.model import Level
from aggregator.protocol.messages import NoiseHeader, Receipt, SubmissionHeader, open_header, sign_header
from aggregator.protocol.seating import NoiseHoldings
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import (
    Closing,
    CommitteeDraw,
    Earlier,
    Entry,
    Holdings,
    NoiseFrom,
    OneSum,
    Opening,
    RoundKind,
    Seating,
    Seats,
    ServerSums,
)
from aggregator.protocol.wire import Message, Reason, StatementRefused, SubmissionRefused, open_signed, sign
from tests.unit.aggregator.protocol.making import OPENING, noise_header, submission
from trust.framing import canonical_json, from_text, to_text
from trust.keys import read_jwk
from trust.signing import SigningKey

KEY, FOREIGN = SigningKey.generate(), SigningKey.generate()
KEYS = (read_jwk(KEY.public().jwk()),)
HEADER = submission().header
DIGEST = b"d" * 32
ENTRIES = (Entry("a.node", 1, DIGEST), Entry("b.node", 3, DIGEST))
MESSAGES: list[Message] = [
    HEADER,
    noise_header(DIGEST),
    Receipt("r1", "leader.demo", "a.node", DIGEST),
    OPENING,
    replace(OPENING, kind=RoundKind.SUPPLEMENT, earlier=(Earlier("r0", DIGEST),)),
    Holdings("r1", Side.HELPER, ENTRIES),
    Closing("r1", DIGEST, ENTRIES),
    Closing("r1", DIGEST, ()),
    CommitteeDraw("r1", DIGEST, DIGEST, DIGEST),
    NoiseHoldings("r1", Side.HELPER, DIGEST, 1, (((Level.NATION, "JP"), ENTRIES),)),
    Seating(
        "r1", DIGEST,
        (
            Seats(Level.NATION, "JP", NoiseFrom.COMMITTEE, (Entry("a.node", 0, DIGEST),)),
            Seats(Level.PREFECTURE, "13", NoiseFrom.FALLBACK), Seats(Level.ESTABLISHER, "131016", NoiseFrom.NODE),
        ),
    ),
    ServerSums("r1", Side.LEADER, DIGEST, (OneSum(Level.NATION, "JP", bytes(8)),)),
]  # fmt: skip
messages = pytest.mark.parametrize("message", MESSAGES, ids=lambda one: type(one).__name__)


def resigned(message: Message, change: Callable[[dict[str, Any]], None], key: SigningKey = KEY) -> str:
    document = json.loads(message.to_bytes())
    change(document)
    return key.sign(json.dumps(document, separators=(",", ":"), sort_keys=True).encode(), typ=message.TYP)


def reason(call: Callable[[], object]) -> Reason:
    with pytest.raises(SubmissionRefused) as refused:
        call()
    return refused.value.reason


@messages
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    assert type(message).from_bytes(message.to_bytes()) == message
    assert open_signed(type(message), sign(KEY, message), KEYS) == message


@messages
def test_its_bytes_are_canonical_and_its_digest_is_theirs(message: Message) -> None:
    assert canonical_json(json.loads(message.to_bytes())) == message.to_bytes()
    assert type(message).from_bytes(message.to_bytes()).digest == message.digest


def test_every_kind_of_message_has_a_type_and_a_format_of_its_own() -> None:
    kinds = {type(one) for one in MESSAGES}
    assert len({kind.TYP for kind in kinds}) == len(kinds)
    assert len({json.loads(one.to_bytes())["format"] for one in MESSAGES}) == len(kinds)


@messages
def test_a_message_signed_by_anybody_else_is_refused(message: Message) -> None:
    assert reason(lambda: open_signed(type(message), sign(FOREIGN, message), KEYS)) is Reason.SIGNATURE
    assert reason(lambda: open_signed(type(message), sign(KEY, message), ())) is Reason.SIGNATURE


@messages
def test_one_kind_of_message_never_stands_for_another(message: Message) -> None:
    others = [one for one in MESSAGES if type(one) is not type(message)]
    for other in others:
        assert reason(lambda one=other: open_signed(type(one), sign(KEY, message), KEYS)) is Reason.SIGNATURE  # type: ignore[misc]


@messages
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_token_with_any_character_changed_is_refused(message: Message, data: st.DataObject) -> None:
    token = sign(KEY, message)
    at = data.draw(st.integers(0, len(token) - 1))
    new = data.draw(st.sampled_from("ABCxyz019-_."))
    changed = token[:at] + new + token[at + 1 :]
    if changed != token:
        assert reason(lambda: open_signed(type(message), changed, KEYS)) is Reason.SIGNATURE


@messages
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_truncated_token_is_refused(message: Message, data: st.DataObject) -> None:
    token = sign(KEY, message)
    cut = token[: data.draw(st.integers(0, len(token) - 1))]
    assert reason(lambda: open_signed(type(message), cut, KEYS)) is Reason.SIGNATURE


@messages
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_bytes_that_are_cut_or_longer_are_refused(message: Message, data: st.DataObject) -> None:
    raw = message.to_bytes()
    for changed in (raw[: data.draw(st.integers(0, len(raw) - 1))], raw + b" ", b" " + raw):
        with pytest.raises(StatementRefused):
            type(message).from_bytes(changed)


@messages
def test_a_member_more_or_less_is_refused(message: Message) -> None:
    def more(document: dict[str, Any]) -> None:
        document["note"] = "a second meaning"

    assert reason(lambda: open_signed(type(message), resigned(message, more), KEYS)) is Reason.MALFORMED
    for name in json.loads(message.to_bytes()):
        token = resigned(message, lambda document, name=name: document.pop(name))  # type: ignore[misc]
        assert reason(lambda token=token: open_signed(type(message), token, KEYS)) is Reason.MALFORMED  # type: ignore[misc]


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 0}, {"sequence": -1}, {"sequence": True}, {"sequence": 2**31 + 1}, {"sequence": 1.5},
        {"cells": 0}, {"cells": 2**20 + 1}, {"areas": []}, {"prefectures": []}, {"areas": ["131024", "131016"]},
        {"areas": ["131016", "131016"]}, {"areas": ["13101"]}, {"areas": ["13x-other.node"]},
        {"areas": ["48x-n01.node"]}, {"areas": [131016]}, {"prefectures": ["00"]}, {"prefectures": ["48"]},
        {"prefectures": ["1"]},
        {"prefectures": ["JP"]}, {"round": ""}, {"round": "r/1"}, {"node": "a node"}, {"node": None},
        {"plan": to_text(bytes(31))}, {"leader_share": "*"}, {"helper_share": to_text(bytes(33))},
        {"format": "manabi-submission/2"}, {"areas": "131016"},
    ],
    ids=repr,
)  # fmt: skip
def test_a_header_with_an_impossible_member_is_malformed(changes: dict[str, Any]) -> None:
    token = resigned(HEADER, lambda document: document.update(changes))
    assert reason(lambda: open_header(token, KEYS)) is Reason.MALFORMED


def test_a_node_may_name_its_own_stratum() -> None:
    named = replace(HEADER, areas=("13x-n01.node",))
    assert open_header(sign_header(KEY, named), KEYS) == named


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(9)))
def test_members_in_another_order_are_refused(order: list[int]) -> None:
    document = json.loads(HEADER.to_bytes())
    names = list(document)
    mixed = {names[at]: document[names[at]] for at in order} | document
    raw = json.dumps(mixed, separators=(",", ":")).encode()
    token = KEY.sign(raw, typ=SubmissionHeader.TYP)
    if raw != HEADER.to_bytes():
        assert reason(lambda: open_header(token, KEYS)) is Reason.MALFORMED


def test_a_list_names_each_node_once_and_in_order() -> None:
    for entries in ((ENTRIES[1], ENTRIES[0]), (ENTRIES[0], ENTRIES[0])):
        with pytest.raises(StatementRefused, match="ascending"):
            Closing.from_bytes(Closing("r1", DIGEST, entries).to_bytes())


def test_an_opening_says_whether_it_is_the_first_of_its_date() -> None:
    for wrong in (replace(OPENING, kind=RoundKind.REPEAT), replace(OPENING, earlier=(Earlier("r0", DIGEST),))):
        with pytest.raises(StatementRefused, match="first of its reference date"):
            Opening.from_bytes(wrong.to_bytes())
    with pytest.raises(StatementRefused, match="leader itself"):
        Opening.from_bytes(replace(OPENING, helper=OPENING.leader).to_bytes())
    with pytest.raises(StatementRefused, match="ascending"):
        Opening.from_bytes(replace(OPENING, roster=("b.node", "a.node")).to_bytes())


def test_a_committee_has_members_and_nobody_else_has() -> None:
    for seats in (
        Seats(Level.NATION, "JP", NoiseFrom.COMMITTEE),
        Seats(Level.NATION, "JP", NoiseFrom.SERVERS, ENTRIES),
    ):
        with pytest.raises(StatementRefused, match="members"):
            Seating.from_bytes(Seating("r1", DIGEST, (seats,)).to_bytes())


def test_submissions_of_one_node_never_share_a_context() -> None:
    changes: list[dict[str, Any]] = [
        {}, {"sequence": 2}, {"node": "n02.node"}, {"round_id": "r2"}, {"plan": DIGEST}, {"areas": ("131024",)},
        {"prefectures": ("14",)},
    ]  # fmt: skip
    assert len({replace(HEADER, **one).context for one in changes}) == len(changes)


def test_the_context_does_not_depend_on_what_is_sealed_under_it() -> None:
    assert replace(HEADER, leader_share=DIGEST, helper_share=DIGEST).context == HEADER.context
    assert HEADER.share_digest(Side.LEADER) != HEADER.share_digest(Side.HELPER)


def test_seats_of_one_node_never_share_a_context() -> None:
    changes: list[dict[str, Any]] = [
        {}, {"attempt": 1}, {"node": "n02.node"}, {"round_id": "r2"}, {"closing": b"c" * 32}, {"area": "13"},
        {"level": Level.PREFECTURE},
    ]  # fmt: skip
    assert len(
        {
            noise_header(DIGEST, **one).context if "closing" not in one else noise_header(**one).context
            for one in changes
        }
    ) == len(changes)


def test_no_message_is_too_large_to_be_read_for_a_whole_nation() -> None:
    """1,741 nodes; and three levels of 500 cells in 1,789 totals."""
    entries = tuple(Entry(f"municipality-{at:04}.node", 1, DIGEST) for at in range(1741))
    listed = Closing("r1", DIGEST, entries)
    assert open_signed(Closing, sign(KEY, listed), KEYS) == listed
    sums = tuple(OneSum(Level.ESTABLISHER, f"{at:06}", bytes(8 * 500)) for at in range(1789))
    sent = ServerSums("r1", Side.LEADER, DIGEST, sums)
    assert ServerSums.from_bytes(sent.to_bytes()) == sent


def test_a_noise_header_is_read_with_its_own_type() -> None:
    made = noise_header(DIGEST)
    assert open_signed(NoiseHeader, sign_header(KEY, made), KEYS) == made
    assert from_text(json.loads(made.to_bytes())["closing"]) == DIGEST
