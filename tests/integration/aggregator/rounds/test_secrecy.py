"""What leader and helper see, keep, log and send: no exact total, in any spelling, ever; and each alone: noise."""

import io
import json
import logging
import math
import random
import struct
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from flask import Flask
from sqlalchemy import text

from aggregator.app import make_aggregator_app
from aggregator.plans.cells import project
from aggregator.plans.document import Level, Plan
from aggregator.protocol.messages import SubmissionHeader
from aggregator.protocol.shares import Side, envelope_context, words
from aggregator.protocol.wire import named_in
from aggregator.rounds import proofs
from aggregator.rounds.peer import Peer
from tests.integration.aggregator.rounds import country as lands
from tests.integration.aggregator.rounds.country import Country
from trust.envelopes import open_envelope
from trust.framing import from_text
from trust.registry import KeyUse
from web.database import Database

LEAST = 10**9
_WINDOW = 6


def spellings(value: int) -> set[bytes]:
    """Every way in which somebody might write a number down."""
    little, big = struct.pack("<q", value), struct.pack(">q", value)
    short = value.to_bytes(6, "big"), value.to_bytes(6, "little")
    found = {str(value).encode(), f"{value:,}".encode(), str(float(value)).encode(), f"{value:x}".encode()}
    found |= {f"{value:X}".encode(), little, big, *(raw.hex().encode() for raw in (little, big))}
    found |= {struct.pack("<d", value), struct.pack(">d", value), *(raw.hex().encode() for raw in short)}
    for raw in (little, big):
        for place in range(3):
            # Inside a longer text of base64 a number may begin at any of three places; what does not depend on its
            # neighbours is searched for.
            for coded in (b64encode(bytes(place) + raw), urlsafe_b64encode(bytes(place) + raw)):
                found.add(coded[4 if place else 0 : 8])
    return {one for one in found if len(one) >= 6 and len(set(one)) > 2}


class Seen:
    """Everything that was written or sent anywhere, by where."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, bytes]] = []

    def add(self, where: str, raw: bytes) -> None:
        self.pieces.append((where, raw))

    def hits(self, secrets: dict[bytes, str]) -> list[str]:
        """Return what was found where: first by the six bytes that every spelling begins with, then in full."""
        everything = b"".join(raw + bytes(_WINDOW) for _, raw in self.pieces)
        ends = np.cumsum([len(raw) + _WINDOW for _, raw in self.pieces])
        wanted: dict[int, list[bytes]] = {}
        for needle in secrets:
            wanted.setdefault(int.from_bytes(needle[:_WINDOW], "little"), []).append(needle)
        raw = np.frombuffer(everything, dtype=np.uint8).astype(np.uint64)
        length = len(raw) - _WINDOW + 1
        windows = np.zeros(length, dtype=np.uint64)
        for at in range(_WINDOW):
            windows += raw[at : at + length] << np.uint64(8 * at)
        found: list[str] = []
        for place in np.flatnonzero(np.isin(windows, np.array(list(wanted), dtype=np.uint64))).tolist():
            for needle in wanted[int(windows[place])]:
                if everything.startswith(needle, place):
                    where = self.pieces[int(np.searchsorted(ends, place, side="right"))][0]
                    found.append(f"{secrets[needle]} in {where}")
        return found


def decoded(raw: bytes) -> Iterator[bytes]:
    """A message, and whatever signed or coded parts it holds, opened."""
    yield raw
    for part in raw.replace(b'"', b" ").replace(b".", b" ").replace(b",", b" ").split():
        if len(part) > 40:
            try:
                yield from_text(part.decode())
            except (ValueError, UnicodeDecodeError):
                continue


def tap(seen: Seen, app: Flask, name: str) -> None:
    """Listen to everything that a server takes in and gives out."""
    inner = app.wsgi_app

    def heard(environ: Any, start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        answer = b"".join(inner(environ, start_response))
        for direction, raw in (("to", body), ("from", answer)):
            for piece in decoded(raw):
                seen.add(f"{direction} {name} {environ['PATH_INFO']}", piece)
        return [answer]

    app.wsgi_app = heard  # type: ignore[method-assign]


def keep_tables(seen: Seen, country: Country) -> None:
    """Every row of every table of both servers, as text and with its bytes as they are."""
    for side, server in country.servers.items():
        owner = Database(server.settings.database_url.replace("manabi_app@", "manabi_owner@"))
        with owner.session() as session:
            for table in session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars():
                for row in session.execute(text(f'SELECT * FROM "{table}"')):
                    for name, value in row._mapping.items():
                        raw = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                        if isinstance(value, dict):
                            raw = json.dumps(value).encode()
                        for piece in decoded(raw):
                            seen.add(f"{side} {table}.{name}", piece)
        owner.close()


def keep_folders(seen: Seen, folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            seen.add(str(path.relative_to(folder)), path.read_bytes())


def secrets_of(country: Country, plan: Plan) -> dict[bytes, str]:
    """Exact figures that no server may ever hold: of nation, prefectures, establishers and every single node."""
    found: dict[bytes, str] = {}
    exact = country.exact(plan)
    for (level, area), counts in exact.items():
        for value in (*counts, *(project(plan, Level.ESTABLISHER, counts)), sum(counts)):
            if value >= LEAST:
                found |= dict.fromkeys(spellings(value), f"{level} {area}")
    for place in country.places:
        for counts in place.counts.values():
            for value in counts:
                found |= dict.fromkeys(spellings(value), place.name)
    return found


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    found = Seen()
    make = make_aggregator_app

    def make_tapped(aggregator: Any) -> Flask:
        app = make(aggregator)
        tap(found, app, aggregator.node_id)
        return app

    monkeypatch.setattr(lands, "make_aggregator_app", make_tapped)
    return found


def test_no_exact_total_stands_anywhere_before_opening_or_afterwards(
    seen: Seen, ready_country: Country, plan: Plan, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Planted figures of eleven digits; by chance one of their spellings is met with probability below 1e-5."""
    caplog.set_level(logging.DEBUG)
    country = ready_country
    secrets = secrets_of(country, plan)
    round_id = country.open(plan)
    country.report(plan, round_id)
    country.helper.stop()  # nothing is opened while the helper is away
    country.close(round_id)
    keep_tables(seen, country)
    keep_folders(seen, tmp_path)
    assert seen.hits(secrets) == []
    country.helper.serve()
    country.pass_time(minutes=10)
    country.pass_time(minutes=1)
    assert country.state(round_id) == ("released", "released"), country.problem(round_id)
    country.show(round_id)
    keep_tables(seen, country)
    keep_folders(seen, tmp_path)
    seen.add("the log", caplog.text.encode())
    assert len(seen.pieces) > 500
    lucky = {
        needle
        for one in country.release(round_id)["figures"]
        for shown in (one["measured"], one["value"], one["low"], one["high"])
        if shown is not None and shown >= 0
        for needle in spellings(shown)
    }
    """Published figures may happen to be true."""
    assert seen.hits({needle: what for needle, what in secrets.items() if needle not in lucky}) == []
    planted = next(iter(secrets))
    seen.add("a table", b"\x00" + planted + b"\x00")
    assert seen.hits(secrets), "the search finds what is planted"


@pytest.mark.long
def test_what_one_server_holds_is_uniform(ready_country: Country, plan: Plan) -> None:
    """Chi-square over all bytes of one server's words, 256 classes; false alarms below 1e-6 for each of two sides."""
    country = ready_country
    for place in country.places:
        for counts in place.counts.values():
            counts[:] = [3] * len(counts)
    round_id = country.open(plan)
    for sequence in range(1, 16):
        country.report(plan, round_id, sequence=sequence)
    for side, server in country.servers.items():
        key = server.jobs.keyring.sealing_key(KeyUse.SEALING.value)
        raw = b""
        with server.session() as session:
            for header_token, share in session.execute(text("SELECT header, share FROM submission")):
                header = named_in(SubmissionHeader, header_token)
                opened = open_envelope(key, bytes(share), context=envelope_context(header.context, side))
                raw += words(opened, side, header.context, header.cells).astype("<u8").tobytes()
        expected = len(raw) / 256
        statistic = sum((raw.count(bytes([byte])) - expected) ** 2 / expected for byte in range(256))
        assert expected > 50
        assert statistic < 255 + 5.2 * math.sqrt(2 * 255), side


def test_both_together_would_find_the_figures(ready_country: Country, plan: Plan) -> None:
    """The other half of the test above: what is uniform alone is the vector together, so it was the right thing."""
    country = ready_country
    round_id = country.open(plan)
    sent = country.report(plan, round_id, country.places[0])[0]
    header = named_in(SubmissionHeader, sent.header)
    halves = [
        words(
            open_envelope(
                server.jobs.keyring.sealing_key(KeyUse.SEALING.value), sent.shares[side],
                context=envelope_context(header.context, side),
            ),
            side, header.context, header.cells,
        )
        for side, server in country.servers.items()
    ]  # fmt: skip
    vector = [int(one) for one in halves[0] + halves[1]]
    assert vector[-len(country.places[0].counts["131016"]) :] == country.places[0].counts["131016"]


@pytest.mark.long
def test_nobody_but_the_leader_gets_the_helpers_halves(ready_country: Country, plan: Plan) -> None:
    country = ready_country
    round_id = country.open(plan)
    country.report(plan, round_id)
    country.close(round_id)
    country.pass_time(minutes=1)
    body = json.dumps({"round": str(round_id)}).encode()
    address = f"{country.helper.settings.public_url}/peer/v1/open"
    now, leader, helper, node = country.clock(), country.leader.jobs, country.helper.jobs, country.places[0]
    number, path = f"{random.randrange(2**128):032x}", "/peer/v1/open"
    good = proofs.prove_call(leader.key, "leader.demo", "helper.demo", path, body, number, now)
    then = now - 2 * proofs.FRESH
    faults = {
        "no proof": "",
        "another key": proofs.prove_call(node.key, "leader.demo", "helper.demo", path, body, number, now),
        "a node": proofs.prove_call(node.key, node.name, "helper.demo", path, body, number, now),
        "itself": proofs.prove_call(helper.key, "helper.demo", "helper.demo", path, body, number, now),
        "another path": proofs.prove_call(leader.key, "leader.demo", "helper.demo", path + "s", body, number, now),
        "another body": proofs.prove_call(leader.key, "leader.demo", "helper.demo", path, b"{}", number, now),
        "another server": proofs.prove_call(leader.key, "leader.demo", "x.demo", path, body, number, now),
        "old": proofs.prove_call(leader.key, "leader.demo", "helper.demo", path, body, number, then),
        "an answer": proofs.prove_answer(leader.key, "leader.demo", good, body),
    }
    for fault, proof in faults.items():
        answer = httpx.post(address, content=body, headers={proofs.HEADER: proof}, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (401, "rounds.peer_unproven"), fault
    first = httpx.post(address, content=body, headers={proofs.HEADER: good}, timeout=60)
    assert first.status_code == 200
    assert httpx.post(address, content=body, headers={proofs.HEADER: good}, timeout=60).status_code == 401, "replayed"
    peer = Peer(country.helper.participant(2), "leader.demo", leader.key, country.clock)
    assert peer.send("/open", body) == first.content, "the same bytes for ever"
    assert Side.HELPER.value in first.text
