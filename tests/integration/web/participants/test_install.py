"""Installing the registrar's documents: one after another, never a step back, nothing half done."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from pds.node import Node
from tests.integration.conftest import NOW
from trust.keys import jose_key
from trust.registry import (
    KeyUse,
    Participant,
    ParticipantKey,
    ParticipantKind,
    RegistrarUnknown,
    Registry,
    RegistryRefused,
    make_registry,
    write_registrar_keys,
)
from trust.signing import SigningKey
from web.participants import service
from web.participants.service import current_registry, install

REGISTRAR = SigningKey.generate()
MONTH = timedelta(days=30)
CLIENT = SigningKey.generate()


def document(version: int, *, key: SigningKey = REGISTRAR, name: str = "みらい市", now: datetime = NOW) -> str:
    keys = tuple(
        ParticipantKey.of(use, jose_key(one), NOW)
        for use, one in ((KeyUse.NODE, SigningKey.generate()), (KeyUse.CLIENT, CLIENT))
    )
    node = Participant(1, "mirai.node", name, ParticipantKind.NODE, "https://mirai.example", "教育総務課", keys)
    return make_registry(key, version, [node], now=now, expires_at=now + MONTH)


FIRST = document(4)


@pytest.fixture
def joined(jobs_node: Node, tmp_path: Path) -> Node:
    """A node, as its command line sees it, that knows the registrar."""
    keys = tmp_path / "registrar.jwks.json"
    keys.write_bytes(write_registrar_keys([REGISTRAR.public()]))
    return replace(jobs_node, settings=replace(jobs_node.settings, registrar_key=keys))


def put(node: Node, token: str, now: datetime = NOW) -> Registry:
    with node.database.session() as session:
        registry = install(session, node, token, now)
        session.commit()
    return registry


def in_force(node: Node, now: datetime = NOW) -> Registry | None:
    with node.database.session() as session:
        return current_registry(session, node, now)


def kept(node: Node) -> list[tuple[int, str]]:
    with node.database.session() as session:
        rows = session.execute(text("SELECT version, token FROM registry_version ORDER BY version"))
        return [(row.version, row.token) for row in rows]


def version_in_force(node: Node, now: datetime = NOW) -> int | None:
    registry = in_force(node, now)
    return None if registry is None else registry.version


def test_without_a_registry_a_node_knows_nobody(joined: Node) -> None:
    assert in_force(joined) is None


def test_an_installed_registry_is_in_force_for_every_process(joined: Node, node: Node) -> None:
    put(joined, FIRST)
    web = replace(node, settings=joined.settings)
    found = in_force(web)
    assert found is not None
    assert found.by_id("mirai.node") is not None
    assert found is in_force(web)


def test_a_newer_registry_takes_over_and_the_older_one_is_kept(joined: Node) -> None:
    put(joined, FIRST)
    assert version_in_force(joined) == 4
    second = document(5)
    put(joined, second)
    assert version_in_force(joined) == 5
    assert kept(joined) == [(4, FIRST), (5, second)]


def test_installing_the_same_document_again_changes_nothing(joined: Node) -> None:
    put(joined, FIRST)
    assert put(joined, FIRST).version == 4
    assert kept(joined) == [(4, FIRST)]


REFUSED = (
    (document(3), "version 3 is older than version 4 in force"),
    (document(4, name="あさひ市"), "another document with version 4 is in force"),
    (document(9, key=SigningKey.generate()), "a key that is not the registrar's"),
    (document(9, now=NOW - MONTH), "it expired on 2026-11-20"),
    (document(9, now=NOW + timedelta(days=1)), "issued in the future"),
    (document(9)[:-4] + "AAAA", "signature"),
    ("", "signature"),
    (FIRST.replace(".", " "), "signature"),
)


def test_what_is_refused_is_named_and_changes_nothing(joined: Node) -> None:
    put(joined, FIRST)
    for token, reason in REFUSED:
        with pytest.raises(RegistryRefused, match=reason):
            put(joined, token)
    assert kept(joined) == [(4, FIRST)]
    assert version_in_force(joined) == 4


def test_an_expired_registry_is_no_longer_relied_on_and_still_bars_the_way_back(joined: Node) -> None:
    put(joined, FIRST)
    later = NOW + MONTH
    assert version_in_force(joined, later - timedelta(seconds=1)) == 4
    assert version_in_force(joined, later) is None
    with pytest.raises(RegistryRefused, match="version 3 is older"):
        put(joined, document(3, now=later), later)
    put(joined, document(5, now=later), later)
    assert version_in_force(joined, later) == 5


def test_a_process_that_starts_after_the_expiry_finds_none_in_force(
    joined: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(joined, FIRST)
    monkeypatch.setattr(service, "_opened", {})
    assert version_in_force(joined, NOW + MONTH) is None


def test_the_registrar_may_change_keys_and_a_step_back_stays_one(joined: Node) -> None:
    put(joined, FIRST)
    new = SigningKey.generate()
    assert joined.settings.registrar_key is not None
    joined.settings.registrar_key.write_bytes(write_registrar_keys([new.public()]))
    with pytest.raises(RegistryRefused, match="version 3 is older"):
        put(joined, document(3, key=new))
    put(joined, document(5, key=new))
    assert version_in_force(joined) == 5


def test_what_stands_in_the_database_is_not_believed_without_the_signature(
    joined: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = document(7, key=SigningKey.generate(), name="なりすまし")
    with joined.database.session() as session:
        session.execute(
            text("INSERT INTO registry_version VALUES (7, :token, :expires, :now)"),
            {"token": forged, "expires": NOW + MONTH, "now": NOW},
        )
        session.commit()
    with pytest.raises(RegistryRefused, match="not the registrar's"):
        in_force(joined)


def test_a_web_process_cannot_install(joined: Node, node: Node) -> None:
    web = replace(node, settings=joined.settings)
    with pytest.raises(ProgrammingError, match="permission denied"):
        put(web, FIRST)
    assert in_force(joined) is None


def test_without_readable_keys_of_the_registrar_nothing_is_installed(joined: Node) -> None:
    path = joined.settings.registrar_key
    assert path is not None
    for content in (b"", b"{}", b'{"keys": []}', b'{"keys": [1]}', b'{"keys": 3}', b"[]", b"[", b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(RegistrarUnknown):
            put(joined, FIRST)
    path.unlink()
    with pytest.raises(RegistrarUnknown, match="cannot be read"):
        put(joined, FIRST)
    assert kept(joined) == []


def test_a_node_that_was_told_no_registrar_installs_nothing(jobs_node: Node) -> None:
    with pytest.raises(RegistrarUnknown, match="no file is set"):
        put(jobs_node, FIRST)


def test_a_transaction_that_is_rolled_back_leaves_nothing(joined: Node) -> None:
    with joined.database.session() as session:
        install(session, joined, FIRST, NOW)
    assert kept(joined) == []
    assert in_force(joined) is None
