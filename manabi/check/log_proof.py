"""The downloaded access log: fetched once it is signed, checked offline, and tampered with to see that it shows."""

import json
import time
from collections.abc import Callable, Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from manabi.check.client import Client
from manabi.check.errors import Unmet
from manabi.check.steps import expect
from trust.signing import VerifyingKey
from trust.transparency.bundle import Report, verify_bundle

_PATIENCE: Final = 60.0
"""Seconds. A node signs within ten; a machine under load gets more."""

_PAUSE: Final = 0.25

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SignedLog:
    """A download with the numbers of the requests it tells of."""

    document: Document
    references: frozenset[str]

    @property
    def key(self) -> VerifyingKey:
        """The node's key as this file has it; pinned from a first download, it checks every later one."""
        return VerifyingKey.from_jwk(self.document["node_key"])


def fetch_signed_log(
    client: Client,
    address: str,
    until: Collection[str],
    *,
    patience: float = _PATIENCE,
    pause: Callable[[float], object] = time.sleep,
) -> SignedLog:
    """Download a log again and again until it is signed and tells of every request in `until`; raises `Unmet`.

    Entries are signed some seconds after the look they tell of; until then the service answers 409.
    """
    deadline = time.monotonic() + patience
    while True:
        answer = client.fetch(address)
        document = answer.document()
        if answer.status == 200:
            log = SignedLog(document, frozenset(one["entry"]["reference"] for one in document["entries"]))
            missing = set(until) - log.references
            if not missing:
                expect("attachment" in answer.headers.get("Content-Disposition", ""), "a file to keep", answer.headers)
                return log
            state = f"{len(missing)} looks not signed yet"
        else:
            state = f"{answer.status} {document.get('code')}"
            expect(document.get("code") == "access_log.nothing_signed_yet", "the log as a file", state)
        if time.monotonic() > deadline:
            raise Unmet(expected=f"a signed log within {patience:.0f} s", found=state)
        pause(_PAUSE)


def check_offline(log: SignedLog, key: VerifyingKey | None, earlier: SignedLog | None = None) -> Report:
    """Follow every proof of a download, as its file alone has it; raises `Unmet` with what does not hold."""
    kept = json.loads(json.dumps(log.document))
    report = verify_bundle(kept, key, earlier=None if earlier is None else earlier.document)
    faults = [finding.code.value for finding in report.findings if finding.is_fault]
    expect(report.ok and not faults, "a log that holds in every step", faults)
    expect(report.entries == len(log.document["entries"]) > 0, "every entry is checked", report.entries)
    return report


def check_tampered(log: SignedLog, key: VerifyingKey) -> list[str]:
    """Forge a log in several ways; return how each was caught, or raise `Unmet` for one that was not."""
    caught = []
    for name, forged in _forgeries(log.document):
        report = verify_bundle(forged, key)
        expect(not report.ok, f"a log is refused where {name}", "it passes as true")
        codes = sorted({finding.code.value for finding in report.findings if finding.is_fault})
        caught.append(f"{name}: {', '.join(codes)}")
    return caught


def _forgeries(document: Document) -> Iterator[tuple[str, Document]]:
    """Yield what somebody might do who wants a look unseen, or seen otherwise."""
    forged = deepcopy(document)
    forged["entries"][-1]["entry"]["at"] = "2000-01-01T00:00:00.000+00:00"
    yield "the last look is given another day", forged
    forged = deepcopy(document)
    del forged["entries"][-1]
    yield "the last look is left out", forged
    if len(document["entries"]) > 1:
        forged = deepcopy(document)
        del forged["entries"][0]
        for position, one in enumerate(forged["entries"], start=1):
            one["position"] = position
        yield "the first look is left out and the rest renumbered", forged
    forged = deepcopy(document)
    head, payload, signature = forged["checkpoint"].split(".")
    forged["checkpoint"] = f"{head}.{payload}.{signature[:9]}{'A' if signature[9] != 'A' else 'B'}{signature[10:]}"
    yield "the signature is altered", forged
