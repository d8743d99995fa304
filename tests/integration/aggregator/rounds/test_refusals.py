"""What a server refuses, by name, and keeps nothing of: replays, reordering, cuts, foreign keys and foreign areas."""

import threading
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from aggregator.plans.document import Plan
from aggregator.protocol.messages import SubmissionHeader, sign_header
from aggregator.protocol.shares import Side
from aggregator.protocol.wire import named_in
from tests.integration.aggregator.rounds.country import Country, Sent
from trust.framing import to_text
from trust.signing import SigningKey


@pytest.fixture
def country(ready_country: Country) -> Country:
    return ready_country


def refused(answer: httpx.Response) -> str:
    """The reason of a refusal, or its code."""
    assert answer.status_code in (400, 404, 409, 422), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    said = answer.json()
    return str(said.get("reason", said["code"]))


def kept(country: Country) -> list[int]:
    return [server.count("SELECT count(*) FROM submission") for server in country.servers.values()]


def altered(sent: Sent, **parts: Any) -> Sent:
    return Sent(parts.get("header", sent.header), sent.digest, parts.get("shares", sent.shares))


def test_every_fault_a_server_can_see_is_refused_by_name(country: Country, plan: Plan) -> None:
    round_id = country.open(plan)
    a, b = country.place("a.node"), country.place("b.node")
    good = country.make(plan, round_id, a)
    cut = {side: share[:-1] for side, share in good.shares.items()}
    swapped = {Side.LEADER: good.shares[Side.HELPER], Side.HELPER: good.shares[Side.LEADER]}
    header, payload, signature = good.header.split(".")
    faults = {
        "share_altered": [altered(good, shares=cut), altered(good, shares=swapped)],
        "signature": [
            country.make(plan, round_id, a, key=b.key),
            country.make(plan, round_id, a, key=SigningKey.generate()),
            altered(good, header=f"{header}.{payload}.{signature[:-4]}AAAA"),
            country.make(plan, round_id, a, node="nobody.node"),
        ],
        "malformed": [altered(good, header="x"), altered(good, header=payload)],
        "other_round": [country.make(plan, round_id, a, of_round=str(uuid4()))],
        "other_plan": [country.make(plan, round_id, a, plan_digest=bytes(32))],
        "foreign_area": [
            country.make(plan, round_id, a, areas=["131024"]),
            country.make(plan, round_id, a, areas=["131016", "131024"]),
            country.make(plan, round_id, a, prefectures=["13", "27"]),
            country.make(plan, round_id, a, areas=["131016", "27x-a.node"]),
        ],
        "cells": [country.make(plan, round_id, a, cells=7)],
        "envelope.broken": [with_shares_of_another(country, country.make(plan, round_id, a, 2))],
        "share_length": [country.make(plan, round_id, a, leader_share=bytes(8), helper_share=bytes(31))],
    }
    for reason, each in faults.items():
        for sent in each:
            assert [refused(answer) for answer in country.send(round_id, sent)] == [reason, reason]
    unknown = country.send(uuid4(), good)
    assert [refused(answer) for answer in unknown] == ["rounds.unknown", "rounds.unknown"]
    assert kept(country) == [0, 0]


def with_shares_of_another(country: Country, other: Sent) -> Sent:
    """A header whose digests fit shares that were sealed for another sequence."""
    header = replace(named_in(SubmissionHeader, other.header), sequence=1)
    return Sent(sign_header(country.place("a.node").key, header), header.digest, other.shares)


@pytest.mark.long
def test_forms_that_are_none_are_refused(country: Country, plan: Plan) -> None:
    round_id = country.open(plan)
    sent = country.make(plan, round_id, country.places[0])
    address = f"{country.leader.settings.public_url}/rounds/v1/{round_id}/submissions"
    share = to_text(sent.shares[Side.LEADER])
    bodies: list[Any] = [
        {}, [], {"header": sent.header}, {"header": sent.header, "share": share + "="},
        {"header": sent.header, "share": "ä"}, {"header": 7, "share": share},
        {"header": sent.header, "share": share, "more": 1}, {"header": "y" * 70_000, "share": share},
    ]  # fmt: skip
    for body in bodies:
        answer = httpx.post(address, json=body, timeout=60)
        assert answer.status_code in (400, 422), body
        assert answer.headers["Content-Type"] == "application/problem+json"
    huge = httpx.post(
        address, content=b"x" * (13 * 1024 * 1024), headers={"Content-Type": "application/json"}, timeout=60
    )
    assert huge.status_code == 413
    assert kept(country) == [0, 0]


@pytest.mark.long
def test_a_repeat_gets_the_same_receipt_and_an_older_one_is_refused(country: Country, plan: Plan) -> None:
    round_id = country.open(plan)
    place = country.places[0]
    first, second = (country.make(plan, round_id, place, number) for number in (1, 3))
    receipts = [answer.json()["receipt"] for answer in country.send(round_id, first)]
    again = country.send(round_id, first)
    assert [answer.status_code for answer in again] == [200, 200]
    assert [answer.json()["receipt"] for answer in again] == receipts
    assert [answer.status_code for answer in country.send(round_id, second)] == [201, 201]
    assert [answer.status_code for answer in country.send(round_id, first)] == [200, 200], "held, so it is a repeat"
    late = country.make(plan, round_id, place, 2)
    assert [refused(answer) for answer in country.send(round_id, late)] == ["superseded", "superseded"]
    other = country.make(plan, round_id, place, 3)
    assert [refused(answer) for answer in country.send(round_id, other)] == ["sequence_taken", "sequence_taken"]
    country.report(plan, round_id, *country.places[1:])
    country.close(round_id)
    closed = country.send(round_id, second)
    assert [answer.status_code for answer in closed] == [200, 200], "a receipt can be had again for ever"
    late = country.make(plan, round_id, place, 4)
    for answer in country.send(round_id, late):
        assert refused(answer) == "rounds.too_late"
    english = httpx.post(
        f"{country.leader.settings.public_url}/rounds/v1/{round_id}/submissions",
        json={"header": late.header, "share": to_text(late.shares[Side.LEADER])},
        headers={"Accept-Language": "en"}, timeout=60,
    )  # fmt: skip
    assert "supplement" in english.json()["detail"]


def test_submissions_at_the_same_time_are_taken_one_by_one(country: Country, plan: Plan) -> None:
    round_id = country.open(plan)
    place = country.places[0]
    same = country.make(plan, round_id, place, 1)
    rivals = [country.make(plan, round_id, place, 2) for _ in range(4)]
    answers: list[httpx.Response] = []
    senders = [
        threading.Thread(target=lambda sent=sent: answers.extend(country.send(round_id, sent, Side.LEADER)))
        for sent in (*(same,) * 4, *rivals)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert country.leader.count("SELECT count(*) FROM submission WHERE sequence = 2") == 1
    assert country.leader.count("SELECT count(*) FROM submission WHERE sequence = 1") <= 1
    assert sum(answer.status_code == 201 for answer in answers) <= 2
    assert {answer.status_code for answer in answers} <= {200, 201, 422}
