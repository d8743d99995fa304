"""Fetching a log once it is signed, and telling a true one from forged ones, without a node."""

import json
from email.message import Message
from typing import Any

import pytest

from manabi.check import log_proof
from manabi.check.client import Answer, Client
from manabi.check.errors import Unmet
from manabi.check.log_proof import SignedLog, check_offline, check_tampered, fetch_signed_log
from tests.unit.trust.toy_log import AOI, ToyLog
from trust.signing import SigningKey
from trust.transparency.bundle import Report

LOG = ToyLog()
for number in range(3):
    LOG.record(AOI, ("child",), f"look {number}")


def signed(log: ToyLog = LOG) -> SignedLog:
    document: dict[str, Any] = log.download(AOI, "child")
    return SignedLog(document, frozenset())


class Node(Client):
    """Answers each fetch with the next of some answers, the last one again and again."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        super().__init__("http://localhost:8400")
        self.answers = list(answers)

    def fetch(self, path: str, accept: str = "application/json") -> Answer:
        status, document = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        headers = Message()
        headers["Content-Type"] = "application/json"
        headers["Content-Disposition"] = 'attachment; filename="log.json"'
        return Answer(path, status, headers, json.dumps(document).encode())


WAIT = (409, {"code": "access_log.nothing_signed_yet"})


def log_of(*references: str) -> tuple[int, dict[str, Any]]:
    return 200, {"entries": [{"entry": {"reference": reference}} for reference in references]}


def test_a_log_is_asked_for_until_it_tells_of_every_look() -> None:
    pauses: list[float] = []
    node = Node(WAIT, WAIT, log_of("A"), log_of("A", "B"))
    found = fetch_signed_log(node, "/log/download", ["A", "B"], pause=pauses.append)
    assert found.references == {"A", "B"}
    assert len(pauses) == 3


@pytest.mark.parametrize(
    ("answer", "said"), [(WAIT, "409 access_log.nothing_signed_yet"), (log_of("B"), "1 looks not signed yet")]
)
def test_a_node_that_never_signs_is_given_up_with_what_it_said_last(
    answer: tuple[int, dict[str, Any]], said: str
) -> None:
    with pytest.raises(Unmet, match=said):
        fetch_signed_log(Node(answer), "/log/download", ["A"], patience=-1)


def test_any_other_refusal_is_not_waited_out() -> None:
    node = Node((404, {"code": "sharing.nothing_here"}), log_of("A"))
    with pytest.raises(Unmet, match=r"404 sharing\.nothing_here"):
        fetch_signed_log(node, "/log/download", ["A"])


def test_a_true_log_holds_and_a_later_one_extends_it() -> None:
    log = ToyLog()
    log.record(AOI, ("child",), "first")
    before = SignedLog(log.download(AOI, "child"), frozenset())
    size = len(log.leaves)
    log.record(AOI, ("child",), "second")
    after = SignedLog(log.download(AOI, "child", joins=(size,)), frozenset())
    assert check_offline(before, None).entries == 1
    assert check_offline(after, before.key, before).entries == 2


def test_a_log_of_another_key_than_the_pinned_one_does_not_hold() -> None:
    with pytest.raises(Unmet, match="wrong_key"):
        check_offline(signed(), SigningKey.generate().public())


def test_every_forgery_is_caught() -> None:
    caught = dict(line.split(": ") for line in check_tampered(signed(), LOG.key.public()))
    assert list(caught.values()) == [
        "entry_altered",
        "count_not_confirmed",
        "chain_broken, count_not_confirmed, entry_not_in_log",
        "signature_broken",
    ]


def test_a_verifier_that_lets_forgeries_pass_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_proof, "verify_bundle", lambda *_: Report(()))
    with pytest.raises(Unmet, match="passes as true"):
        check_tampered(signed(), LOG.key.public())
