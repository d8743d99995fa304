"""Forged submissions are well-formed but for their one fault, judged by the reader of the protocol."""

from dataclasses import replace
from hashlib import sha256

import pytest

from aggregator.plans.shipped import shipped_plan
from aggregator.protocol.layout import width_of
from aggregator.protocol.messages import open_header
from aggregator.protocol.shares import Side, share_bytes
from aggregator.protocol.totals import fits
from aggregator.protocol.wire import SubmissionRefused
from manabi.check.count_plan import shipped_plan_for_the_demo, words_of
from manabi.check.submissions import Sender, forgeries
from trust.envelopes import OVERHEAD
from trust.framing import from_text
from trust.keys import read_jwk
from trust.signing import SigningKey

PLAN = shipped_plan("absence-2025")
KEY = SigningKey.generate()
PUBLIC = read_jwk(KEY.public().jwk())
SENDER = Sender(KEY, "019301.node", "5b0e8d5c-6b8c-4a1e-9a45-2b6f2f6f9f10", PLAN.digest, "019301", "01", 29)


def test_a_submission_is_read_as_a_node_would_have_written_it() -> None:
    body = SENDER.submission()
    header = open_header(body["header"], [PUBLIC])
    assert (header.node, header.areas, header.prefectures, header.sequence) == ("019301.node", ("019301",), ("01",), 1)
    share = from_text(body["share"])
    assert header.leader_share == sha256(share).digest()
    assert len(share) == share_bytes(Side.LEADER, header.cells) + OVERHEAD


def test_it_has_the_words_that_the_demos_plan_asks_for() -> None:
    plan = shipped_plan_for_the_demo()
    header = open_header(replace(SENDER, cells=words_of(plan)).submission()["header"], [PUBLIC])
    assert fits(PLAN, header)
    assert words_of(plan) > width_of(PLAN, next(iter(PLAN.tables)))


def test_a_strangers_signature_is_the_only_fault_of_a_strangers_submission() -> None:
    body, reason = forgeries(SENDER, "139301")["signed by a stranger"]
    with pytest.raises(SubmissionRefused, match=reason):
        open_header(body["header"], [PUBLIC])


def test_every_other_forgery_carries_the_nodes_own_signature() -> None:
    made = forgeries(SENDER, "139301")
    assert len(made) == 8
    for what, (body, _) in made.items():
        if what != "signed by a stranger":
            open_header(body["header"], [PUBLIC])
