"""A certified client library that is not ours, unmodified, against a served node on PostgreSQL.

What the family does is written directly; everything the asking school does goes over HTTP through npm openid-client.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import UUID, uuid4

import pytest

from manabi.demo.folder import choose_ports
from manabi.demo.processes import Child
from pds.node import Node
from tests.factories.node import World
from tests.integration.conftest import Address
from tests.integration.pds.authorization.asker import SCHOOL, asked, new_key, new_ticket
from tests.integration.pds.authorization.conftest import Family, Registrar, participant
from tests.journeys.conftest import wait_until
from tests.judges.program import Judge, Refusal, judging
from trust.signing import SigningKey
from web.clock import system_clock
from web.database import Database

DOCUMENTS = "/shared/v1/documents"
INTERVAL = 1
BASE_PORT = 18700


@dataclass(frozen=True)
class Outside:
    """The judge beside a served node, and the family at it."""

    judge: Judge
    family: Family
    url: str

    def details(self, **changes: Any) -> list[dict[str, Any]]:
        until = (system_clock() + timedelta(days=90)).isoformat()
        return [asked(until=until, **changes)]

    def lodge(self) -> str:
        answer = self.judge.ask("lodge", ticket=new_ticket(), details=self.details())
        assert answer["interval"] == INTERVAL
        return str(answer["auth_req_id"])

    def granted(self, **kept: Any) -> tuple[dict[str, Any], UUID]:
        """Lodge, let the family grant while the client waits, and return what it got."""
        auth_req_id = self.lodge()
        waiting = self.judge.begin("wait", auth_req_id=auth_req_id)
        grant_id = self.family.grant(auth_req_id, until=self.details()[0]["until"], **kept)
        return waiting.result(60), grant_id

    def refused(self, action: str, **asked: Any) -> Refusal:
        with pytest.raises(Refusal) as refusal:
            self.judge.ask(action, **asked)
        return refusal.value


def answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/health/live", timeout=5):
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture
def outside(jobs_node: Node, address: Address, database: Database, tmp_path: Path) -> Iterator[Outside]:
    settings = jobs_node.settings
    port = choose_ports(BASE_PORT + os.getpid() % 100 * 10)
    url = f"http://localhost:{port}"
    registrar_key = SigningKey.generate()
    registrar = Registrar(registrar_key, replace(jobs_node, clock=system_clock), {})
    assert settings.registrar_key is not None
    settings.registrar_key.write_text(json.dumps({"keys": [registrar_key.public().jwk()]}))
    key = new_key()
    registrar.participants["b.node"] = participant(2, "b.node", key, SCHOOL)
    registrar.publish(system_clock())
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "MANABI_NODE_ID": settings.node_id,
        "MANABI_OPERATOR": settings.operator,
        "MANABI_CONTACT": settings.contact,
        "MANABI_PUBLIC_URL": url,
        "MANABI_DATABASE_URL": settings.database_url,
        "MANABI_JOBS_DATABASE_URL": settings.jobs_database_url,
        "MANABI_KEYRING": str(settings.keyring),
        "MANABI_UPLOADS": str(settings.uploads),
        "MANABI_BROKER_URL": "filesystem://",
        "MANABI_BROKER_FOLDER": str(tmp_path / "broker"),
        "MANABI_REGISTRAR_KEY": str(settings.registrar_key),
        "MANABI_POLL_INTERVAL_SECONDS": str(INTERVAL),
        "MANABI_SYNTHETIC": "on",
    }
    served = Child("web", ["node", "serve", "--bind", f"127.0.0.1:{port}"], environment, tmp_path / "web.log")
    served.start()
    try:
        wait_until(lambda: answers(url), "the node answers")
        with jobs_node.database.session() as session, database.session() as accounts:
            world = World(jobs_node, session, accounts)
            learner = world.learner()
            world.enrol(learner, school := world.school(), world.school_class(school))
            world.commit()
            private = key.as_dict(private=True)
            with judging(url, "b.node", {**private, "kid": key.kid}) as judge:
                yield Outside(judge, Family(world, system_clock, learner), url)
    finally:
        served.stop()


def test_an_outside_client_asks_waits_gets_less_reads_refreshes_and_is_cut_off(outside: Outside) -> None:
    judge, family = outside.judge, outside.family
    assert judge.ask("metadata")["issuer"] == outside.url
    kept = [{"category": "report", "school_years": [2025]}]
    got, grant_id = outside.granted(categories=kept)
    assert got["token_type"] == "dpop"
    assert got["authorization_details"][0]["categories"] == kept
    page = judge.ask("read", path=DOCUMENTS, token=got["access_token"])
    assert page["status"] == 200
    fresh = judge.ask("refresh", refresh_token=got["refresh_token"])
    assert "refresh_token" not in fresh
    assert judge.ask("introspect", token=fresh["access_token"])["active"] is True
    stolen = outside.refused("read", path=DOCUMENTS, token=fresh["access_token"], **{"with": "thief"})
    assert (stolen.status, stolen.error) == (401, "invalid_token")
    assert outside.refused("refresh", refresh_token=got["refresh_token"], **{"with": "thief"}).error == "invalid_grant"
    family.end_grant(grant_id)
    assert outside.refused("refresh", refresh_token=got["refresh_token"]).error == "invalid_grant"
    assert judge.ask("introspect", token=fresh["access_token"]) == {"active": False}


@pytest.mark.long
def test_an_outside_client_learns_of_a_refusal(outside: Outside) -> None:
    auth_req_id = outside.lodge()
    waiting = outside.judge.begin("wait", auth_req_id=auth_req_id)
    lodged = outside.family.open(auth_req_id)
    outside.family.settle(lodged.request_id, "refused")
    refusal = waiting.exception(60)
    assert isinstance(refusal, Refusal)
    assert refusal.error == "access_denied"


@pytest.mark.long
def test_an_outside_client_gives_its_tokens_back(outside: Outside) -> None:
    judge = outside.judge
    got, _ = outside.granted()
    judge.ask("revoke", token=got["refresh_token"])
    assert outside.refused("refresh", refresh_token=got["refresh_token"]).error == "invalid_grant"
    assert outside.refused("read", path=DOCUMENTS, token=got["access_token"]).error == "invalid_token"
    assert judge.ask("introspect", token=got["access_token"]) == {"active": False}


@pytest.mark.long
def test_an_outside_client_fetches_an_announced_dossier(outside: Outside) -> None:
    lodged = outside.family.open(outside.lodge())
    dossier = outside.family.dossier(lodged)
    got = outside.judge.ask("dossier", identifier=str(dossier))
    assert got["authorization_details"] == [{"type": "manabi_dossier", "identifier": str(dossier)}]
    assert outside.judge.ask("introspect", token=got["access_token"])["active"] is True
    assert outside.refused("dossier", identifier=str(uuid4())).error == "invalid_grant"
    assert outside.refused("dossier", identifier="nothing").error == "invalid_authorization_details"


@pytest.mark.long
def test_an_outside_client_is_told_of_a_mistyped_ticket_and_of_no_other(outside: Outside) -> None:
    forged = outside.judge.ask("lodge", ticket=new_ticket(999), details=outside.details())
    assert forged.keys() == {"auth_req_id", "expires_in", "interval"}
    slip = outside.refused("lodge", ticket="1000-0000", details=outside.details())
    assert (slip.status, slip.error) == (400, "invalid_request")


@pytest.mark.long
def test_what_an_outside_client_must_not_do_is_refused_by_name(outside: Outside) -> None:
    judge = outside.judge
    asked = {"ticket": new_ticket(), "details": outside.details()}
    for change in ("array aud", "endpoint aud", "ten years"):
        refusal = outside.refused("assertion_with", change=change, **asked)
        assert (refusal.status, refusal.error) == (400, "invalid_client"), change
    judge.ask("assertion_with", change="used before", **asked)
    assert outside.refused("assertion_with", change="used before", **asked).error == "invalid_client"
    got, _ = outside.granted()
    token = got["access_token"]
    replayed = judge.ask("replayed_proof", path=DOCUMENTS, token=token)
    assert replayed["first"]["status"] == 200
    assert replayed["second"]["status"] == 401
    assert 'error="invalid_dpop_proof"' in replayed["second"]["challenge"]
    for htu in (f"{outside.url}/shared/v1/other", "https://a.example/shared/v1/documents", "nothing", ""):
        wrong = judge.ask("wrong_htu", path=DOCUMENTS, htu=htu, token=token)
        assert (wrong["status"], 'error="invalid_dpop_proof"' in wrong["challenge"]) == (401, True), htu
    assert judge.ask("as_bearer", path=DOCUMENTS, token=token)["status"] == 401
