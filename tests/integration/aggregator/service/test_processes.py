"""One server as its operator runs it: every task of the command line, in processes of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from aggregator.settings import Role
from manabi import embedded
from tests.integration.aggregator.rounds.country import free_port
from tests.integration.conftest import Cluster
from trust.joining import open_join_request
from trust.registry import make_registry, write_registrar_keys
from trust.signing import SigningKey

PATIENCE = 120.0


@pytest.fixture
def empty(cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    name = f"operator_{os.getpid()}_{tmp_path.name[-8:]}".replace("-", "_")
    embedded.run_sql(cluster.server, f'CREATE DATABASE "{name}" OWNER manabi_owner')
    yield name
    embedded.run_sql(cluster.server, f'DROP DATABASE "{name}" WITH (FORCE)')


def manabi(environment: Mapping[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "manabi", "aggregator", *words], env={**os.environ, **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.long
@pytest.mark.parametrize("role", list(Role))
def test_an_operator_lays_introduces_and_runs_a_server(
    cluster: Cluster, empty: str, tmp_path: Path, role: Role
) -> None:
    port, registrar = free_port(), SigningKey.generate()
    (tmp_path / "registrar.json").write_bytes(write_registrar_keys([registrar.public()]))
    environment = {
        "MANABI_AGGREGATOR_ID": f"{role.value}.example", "MANABI_AGGREGATOR_ROLE": role.value,
        "MANABI_OPERATOR": "運営者", "MANABI_CONTACT": "統計係", "MANABI_PUBLIC_URL": f"http://localhost:{port}",
        "MANABI_OWNER_DATABASE_URL": cluster.server.url("manabi_owner", empty),
        "MANABI_DATABASE_URL": cluster.server.url("manabi_app", empty),
        "MANABI_JOBS_DATABASE_URL": cluster.server.url("manabi_jobs", empty),
        "MANABI_KEYRING": str(tmp_path / "keyring"), "MANABI_BROKER_URL": "filesystem://",
        "MANABI_BROKER_FOLDER": str(tmp_path / "broker"), "MANABI_REGISTRAR_KEY": str(tmp_path / "registrar.json"),
        "MANABI_SYNTHETIC": "on",
    }  # fmt: skip
    manabi(environment, "migrate")
    manabi(environment, "make-keyring")
    request = manabi(environment, "join-request")
    now = datetime.now(UTC)
    wanted = open_join_request(request, now=now, find=lambda _: None).participant
    assert (wanted.id, wanted.issuer) == (f"{role.value}.example", f"http://localhost:{port}")
    document = make_registry(registrar, 1, [replace(wanted, number=1)], now=now, expires_at=now + timedelta(days=30))
    (tmp_path / "registry.jws").write_text(document)
    assert "number 1" in manabi(environment, "registry-install", str(tmp_path / "registry.jws"))
    assert len(manabi(environment, "invite", "officer", "承認 はじめ")) >= 8
    processes = [
        subprocess.Popen([sys.executable, "-m", "manabi", "aggregator", *words], env={**os.environ, **environment})
        for words in (["serve", "--bind", f"127.0.0.1:{port}", "--workers", "1"], ["work"])
    ]
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(f"http://localhost:{port}/health/live"):
            assert time.monotonic() < deadline
            assert all(process.poll() is None for process in processes)
            time.sleep(0.1)
        assert httpx.get(f"http://localhost:{port}/plans/v1").json() == {"plans": []}
        assert httpx.get(f"http://localhost:{port}/rounds/v1").json() == {"rounds": []}
        there = httpx.post(f"http://localhost:{port}/peer/v1/open", content=b"{}").status_code
        assert there == (401 if role is Role.HELPER else 404), "what the leader asks stands at the helper alone"
        assert processes[1].poll() is None
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(PATIENCE)


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_no_web_process_loads_what_only_a_worker_needs() -> None:
    program = (
        "import sys, json, aggregator.app, aggregator.startup;"
        "print(json.dumps([name for name in ('sklearn', 'scipy', 'pandas', 'diffprivlib') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
