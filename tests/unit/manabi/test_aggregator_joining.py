"""A server of the national count asks to be taken into the registry."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from manabi.aggregator_joining import make_aggregator_join_request
from manabi.registrar import Registrar
from trust.envelopes import open_envelope, seal_to
from trust.keyring import FileKeyring
from trust.participants import ParticipantKind
from trust.registry import Registry

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def asked(keyring: FileKeyring, *, held: Registry | None = None, issuer: str = "https://leader.example") -> str:
    return make_aggregator_join_request(
        keyring, participant="leader.example", operator="全国集計センター", issuer=issuer, contact="集計課", held=held,
        now=NOW + timedelta(hours=0 if held is None else 1),
    )  # fmt: skip


def test_what_is_sealed_to_an_admitted_server_opens_with_its_keyring(tmp_path: Path) -> None:
    keyring = FileKeyring.create(tmp_path / "keyring", "leader.example")
    registry = Registrar.create(tmp_path / "registrar", now=NOW).admit(asked(keyring), now=NOW)
    entry = registry.by_id("leader.example")
    assert entry is not None
    assert (entry.kind, entry.organisations) == (ParticipantKind.AGGREGATOR, ())
    assert [key.thumbprint() for key in entry.keys_for("node", NOW)] == [keyring.signing_key("node").kid]
    public = entry.sealing_key(NOW)
    assert public is not None
    share = seal_to(public, b"share", context=b"round")
    assert open_envelope(keyring.sealing_key("sealing"), share, context=b"round") == b"share"


def test_a_new_address_leaves_the_listed_keys_as_they_are(tmp_path: Path) -> None:
    keyring = FileKeyring.create(tmp_path / "keyring", "leader.example")
    registrar = Registrar.create(tmp_path / "registrar", now=NOW)
    first = registrar.admit(asked(keyring), now=NOW)
    later = NOW + timedelta(hours=1)
    second = registrar.admit(asked(keyring, held=first, issuer="https://count.example"), now=later)
    (old,), (new,) = first.participants, second.participants
    assert (new.number, new.keys, new.issuer) == (old.number, old.keys, "https://count.example")
