"""`bench token`: what it counts, and what it compares with."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from manabi.bench import oidc_provider, token
from manabi.bench.contest import Round, Score
from manabi.bench.lines import Peer
from manabi.bench.load import Outcome, Request
from manabi.bench.refreshing import Refresher

PEER = Peer("oidc-provider", "9.0.0")


def score(rate: float, failed: int = 0, parts: Mapping[str, float] | None = None) -> Score:
    played = Round(Outcome(rate, 1.0, 2.0, failed, 100), parts or {"web": 0.2, "postgres": 0.1, "server": 0.1}, 0.0)
    return Score(played, (played, played))


def claims(compact: str) -> dict[str, object]:
    payload = compact.split(".")[1]
    found: dict[str, object] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def test_every_request_carries_an_assertion_and_a_proof_of_its_own() -> None:
    refresher = Refresher("bench", "http://localhost:1", "/oauth/token")
    requests = [refresher.request("token-1") for _ in range(10)]
    forms = [parse_qs((request.body or b"").decode()) for request in requests]
    assertions = [claims(form["client_assertion"][0]) for form in forms]
    proofs = [claims(request.headers["DPoP"]) for request in requests]
    assert {form["grant_type"][0] for form in forms} == {"refresh_token"}
    assert {one["aud"] for one in assertions} == {"http://localhost:1"}
    assert {one["htu"] for one in proofs} == {"http://localhost:1/oauth/token"}
    assert len({str(one["jti"]) for one in assertions + proofs}) == 20


def test_a_body_makes_a_post_with_its_length() -> None:
    wire = Request("/oauth/token", {"Accept": "application/json"}, b"a=b").to_bytes("localhost:1").decode()
    assert wire.startswith("POST /oauth/token HTTP/1.1\r\nHost: localhost:1\r\n")
    assert wire.endswith("Content-Length: 3\r\n\r\na=b")


def test_ids_and_tokens_that_were_not_kept_miss_a_bar() -> None:
    own = score(100.0)  # three rounds of a hundred answers, the warm-up among them
    good = {line.metric: line.ok for line in token.own_lines(own, (600, 300))}
    assert all(good.values())
    bad = {line.metric: line.ok for line in token.own_lines(own, (599, 300))}
    assert [metric for metric, ok in bad.items() if not ok] == ["one_time_ids_not_kept"]
    lost = {line.metric: line.ok for line in token.own_lines(own, (600, 299))}
    assert [metric for metric, ok in lost.items() if not ok] == ["tokens_not_kept"]


@pytest.mark.parametrize(("rate", "met"), [(35.0, True), (34.9, False)])
def test_the_bar_is_a_share_of_the_peers_rate(rate: float, met: bool) -> None:
    *_, ratio = token.ratio_lines(score(rate), score(100.0), PEER)
    assert (ratio.metric, ratio.ok) == ("ratio", met)


def test_without_the_peer_nothing_is_compared_and_nothing_fails() -> None:
    (ratio,) = token.ratio_lines(score(10.0), None, Peer("oidc-provider", None))
    assert (ratio.value, ratio.ok) == (None, None)


def test_a_peer_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(oidc_provider, "FOLDER", tmp_path / "nowhere")
    assert oidc_provider.find_peer() == Peer("oidc-provider", None)
    (tmp_path / "package.json").write_text('{"version": "9.9.9"}')
    monkeypatch.setattr(oidc_provider, "FOLDER", tmp_path)
    assert oidc_provider.find_peer().version == "9.9.9"
    monkeypatch.setattr(oidc_provider, "find_node", lambda: None)
    assert oidc_provider.find_peer().version is None
