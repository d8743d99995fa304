"""A node enters the registry with one file and one answer, and changes its client key without a gap."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from manabi import joining
from manabi.joining import NotListed, make_join_request, rotate_client_key
from manabi.registrar import Registrar
from pds.node import Node
from tests.factories.node import EAST, World
from tests.integration.conftest import NOW
from trust.joining import JoinRefused
from trust.proof import ProofRefused, check_assertion, make_assertion
from trust.registry import KeyUse, OrganisationKind, Participant, Registry
from web.participants.service import client_key, current_registry, install

ISSUER = "https://asahi.example"
DAY = timedelta(days=1)


@pytest.fixture
def registrar(tmp_path: Path) -> Registrar:
    return Registrar.create(tmp_path / "registrar", now=NOW)


@pytest.fixture
def newcomer(jobs_node: Node, registrar: Registrar) -> Node:
    """A node with a school, that knows the registrar and is not known to it."""
    with jobs_node.database.session() as session:
        World(jobs_node, session, session).school()
        session.commit()
    return replace(jobs_node, settings=replace(jobs_node.settings, registrar_key=registrar.public_keys))


def ask(node: Node, now: datetime = NOW) -> str:
    with node.database.session() as session:
        return make_join_request(session, node, now)


def rotate(node: Node, now: datetime, overlap: timedelta = joining.OVERLAP) -> str:
    with node.database.session() as session:
        return rotate_client_key(session, node, now, overlap=overlap)


def install_newest(node: Node, registrar: Registrar, now: datetime = NOW) -> Registry:
    with node.database.session() as session:
        registry = install(session, node, registrar.document.read_text(), now)
        session.commit()
    return registry


def own(node: Node, registry: Registry) -> Participant:
    found = registry.by_id(node.node_id)
    assert found is not None
    return found


def client_kids(node: Node, registry: Registry, now: datetime) -> list[str | None]:
    return [key.kid for key in own(node, registry).keys_for(KeyUse.CLIENT, now)]


def test_one_request_and_one_answer_bring_a_node_in(newcomer: Node, registrar: Registrar) -> None:
    registrar.admit(ask(newcomer), now=NOW)
    registry = install_newest(newcomer, registrar)
    entry = own(newcomer, registry)
    assert (entry.number, entry.issuer, entry.name) == (1, "http://localhost:8400", "みらい市教育委員会")
    assert [key.kid for key in entry.keys_for(KeyUse.NODE, NOW)] == [newcomer.keyring.signing_key("node").kid]
    assert client_kids(newcomer, registry, NOW) == [newcomer.keyring.signing_key("client").kid]


def test_a_school_is_listed_with_the_key_that_signs_its_records(newcomer: Node, registrar: Registrar) -> None:
    registrar.admit(ask(newcomer), now=NOW)
    found = install_newest(newcomer, registrar).school(EAST[0])
    assert found is not None
    school = found[1]
    assert (school.name, school.kind, school.successor) == (EAST[1], OrganisationKind.SCHOOL, None)
    token = newcomer.keyring.signing_key(EAST[0]).sign(b"{}", typ="manabi-record+jws")
    key = school.key(newcomer.keyring.signing_key(EAST[0]).kid)
    assert key is not None
    assert key.verify(token, typ="manabi-record+jws") == b"{}"


def test_a_node_that_asks_again_keeps_its_number_and_its_keys(newcomer: Node, registrar: Registrar) -> None:
    registrar.admit(ask(newcomer), now=NOW)
    first = own(newcomer, install_newest(newcomer, registrar))
    registrar.admit(ask(newcomer, NOW + DAY), now=NOW + DAY)
    assert own(newcomer, install_newest(newcomer, registrar, NOW + DAY)) == first


def test_a_node_whose_registry_has_expired_asks_for_the_keys_it_has(newcomer: Node, registrar: Registrar) -> None:
    registrar.admit(ask(newcomer), now=NOW)
    install_newest(newcomer, registrar)
    registrar.admit(rotate(newcomer, NOW + DAY), now=NOW + DAY)
    rotated = own(newcomer, install_newest(newcomer, registrar, NOW + DAY))
    late = NOW + 60 * DAY
    asked = own(newcomer, registrar.admit(ask(newcomer, late), now=late))
    assert asked.keys == rotated.keys
    assert len(client_kids(newcomer, registrar.current(), late)) == 1


def accepted_by(registry: Registry, node: Node, assertion: str, now: datetime) -> bool:
    keys = own(node, registry).keys_for(KeyUse.CLIENT, now)
    try:
        check_assertion(assertion, keys=keys, client_id=node.node_id, issuer=ISSUER, now=now)
    except ProofRefused:
        return False
    return True


def signed(node: Node, registry: Registry, now: datetime) -> str:
    key = client_key(node, registry, now)
    return make_assertion(key, key.kid, node.node_id, ISSUER, now)


def test_a_rotation_leaves_no_instant_at_which_a_peer_refuses(newcomer: Node, registrar: Registrar) -> None:
    """Peers may hold any registry that has not expired; the assertion made now must pass with each of them."""
    before = registrar.admit(ask(newcomer), now=NOW)
    install_newest(newcomer, registrar)
    begin = NOW + DAY
    during = registrar.admit(rotate(newcomer, begin), now=begin)
    own_registry = install_newest(newcomer, registrar, begin)
    assert len(client_kids(newcomer, during, begin)) == 2
    for day in range(1, 29):
        now = NOW + day * DAY
        assert accepted_by(before, newcomer, signed(newcomer, own_registry, now), now)
        assert accepted_by(during, newcomer, signed(newcomer, own_registry, now), now)
    late = begin + joining.OVERLAP
    after = registrar.renew(now=late)
    new = client_key(newcomer, after, late)
    assert [new.kid] == client_kids(newcomer, after, late)
    assert new.kid != newcomer.keyring.signing_key("client").kid
    assert accepted_by(after, newcomer, signed(newcomer, after, late), late)


def test_a_key_that_others_may_know_ends_at_once(newcomer: Node, registrar: Registrar) -> None:
    registrar.admit(ask(newcomer), now=NOW)
    registry = install_newest(newcomer, registrar)
    stolen = signed(newcomer, registry, NOW + DAY)
    registry = registrar.admit(rotate(newcomer, NOW + DAY, timedelta(0)), now=NOW + DAY)
    assert not accepted_by(registry, newcomer, stolen, NOW + DAY)
    assert accepted_by(registry, newcomer, signed(newcomer, registry, NOW + DAY), NOW + DAY)


def test_a_rotation_asked_twice_before_the_answer_names_one_new_key(newcomer: Node, registrar: Registrar) -> None:
    registrar.admit(ask(newcomer), now=NOW)
    install_newest(newcomer, registrar)
    rotate(newcomer, NOW + DAY)
    registry = registrar.admit(rotate(newcomer, NOW + DAY), now=NOW + DAY)
    assert len(own(newcomer, registry).keys) == 3
    assert not newcomer.keyring.has_signing_key("client-3")


def test_a_second_rotation_makes_a_third_key(newcomer: Node, registrar: Registrar) -> None:
    registrar.admit(ask(newcomer), now=NOW)
    install_newest(newcomer, registrar)
    for day in (1, 2):
        registrar.admit(rotate(newcomer, NOW + day * DAY), now=NOW + day * DAY)
        registry = install_newest(newcomer, registrar, NOW + day * DAY)
    assert len(client_kids(newcomer, registry, NOW + 2 * DAY)) == 3
    assert newcomer.keyring.has_signing_key("client-3")


def test_a_node_outside_the_registry_has_no_key_to_rotate(newcomer: Node, registrar: Registrar) -> None:
    with pytest.raises(NotListed):
        rotate(newcomer, NOW)
    install_newest(newcomer, registrar)
    with pytest.raises(NotListed):
        rotate(newcomer, NOW)
    assert client_key(newcomer, registrar.current(), NOW) == newcomer.keyring.signing_key("client")


def test_a_node_that_lost_its_keys_is_not_let_back_in_by_its_name(newcomer: Node, registrar: Registrar) -> None:
    registrar.admit(ask(newcomer), now=NOW)
    (newcomer.settings.keyring / "signing" / "node.pem").unlink()
    newcomer.keyring.__dict__["_signing_keys"].clear()
    with pytest.raises(JoinRefused, match="its key is not known"):
        registrar.admit(ask(newcomer), now=NOW)


def command(node: Node, words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    joining.add_tasks(parser.add_subparsers(dest="task", required=True))
    arguments = parser.parse_args(words)
    return joining.TASKS[arguments.task](node, arguments)


def test_the_command_line_does_the_same(
    newcomer: Node, registrar: Registrar, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "join.jws"
    assert command(newcomer, ["join-request", "--out", str(out)]) == 0
    assert newcomer.keyring.signing_key("node").kid in capsys.readouterr().err
    registrar.admit(out.read_text().strip(), now=NOW)
    assert command(newcomer, ["registry-install", str(registrar.document)]) == 0
    assert capsys.readouterr().out == ("registry version 2 is in force until 2026-12-20; this node is number 1\n")
    assert command(newcomer, ["rotate-client-key", "--overlap-days", "0"]) == 0
    registry = registrar.admit(capsys.readouterr().out.strip(), now=NOW)
    assert len(client_kids(newcomer, registry, NOW)) == 1
    with newcomer.database.session() as session:
        found = current_registry(session, newcomer, NOW)
    assert found is not None
    assert found.version == 2
