import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey

from manabi.bench import solid
from manabi.bench.dpop import ProofKey
from manabi.bench.lines import Peer

LOCKED = Path(__file__).parents[4] / "tests" / "benchmarks" / "peers"


def test_a_peer_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(solid, "FOLDER", tmp_path / "nowhere")
    assert solid.find_peer() == Peer("Community Solid Server", None)


def test_a_peers_version_is_the_installed_packages_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"version": "7.9.9"}')
    monkeypatch.setattr(solid, "FOLDER", tmp_path)
    monkeypatch.setattr(solid, "find_node", lambda: Path("/somewhere/node"))
    assert solid.find_peer().version == "7.9.9"
    monkeypatch.setattr(solid, "find_node", lambda: None)
    assert solid.find_peer().version is None


def test_peers_are_pinned_with_hashes_and_without_the_address_they_came_from() -> None:
    wanted = json.loads((LOCKED / "package.json").read_text())["dependencies"]
    locked = json.loads((LOCKED / "package-lock.json").read_text())["packages"]
    assert all(version[0].isdigit() for version in wanted.values()), "pin exact versions"
    packages = {name: package for name, package in locked.items() if name}
    assert len(packages) > len(wanted)
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []


def test_no_peer_needs_to_run_code_while_it_is_installed() -> None:
    locked = json.loads((LOCKED / "package-lock.json").read_text())["packages"]
    assert [name for name, package in locked.items() if package.get("hasInstallScript")] == []


def test_a_proof_names_request_and_token_and_verifies_with_the_key_inside() -> None:
    proof = ProofKey.generate().prove("GET", "http://localhost:1/r", token="abc")
    header = jws.extract_compact(proof.encode()).headers()
    claims = jwt.decode(proof, ECKey.import_key(header["jwk"]), algorithms=["ES256"]).claims
    assert (header["typ"], header["alg"]) == ("dpop+jwt", "ES256")
    assert "d" not in header["jwk"]
    assert (claims["htm"], claims["htu"]) == ("GET", "http://localhost:1/r")
    assert claims["ath"] == urlsafe_b64encode(sha256(b"abc").digest()).decode().rstrip("=")


def test_no_two_proofs_share_their_identifier() -> None:
    key = ProofKey.generate()
    proofs = [jws.extract_compact(key.prove("GET", "http://localhost:1/r").encode()) for _ in range(20)]
    assert len({json.loads(proof.payload)["jti"] for proof in proofs}) == 20
