"""Leader and helper for tests: settings, keyring and database of each, and a registry that lists both."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aggregator.server import Aggregator
from aggregator.settings import Role, read_settings
from tests.integration.conftest import NOW, Address
from trust.keyring import FileKeyring
from trust.participants import KeyUse, Participant, ParticipantKey, ParticipantKind
from trust.registry import make_registry, write_registrar_keys
from trust.signing import SigningKey
from web.database import Database
from web.participants import service as participants


@dataclass(frozen=True)
class Pair:
    """Two servers that know each other, and the registrar's own key."""

    leader: Aggregator
    helper: Aggregator
    registrar: SigningKey


def make_server(folder: Path, address: Address, database: Database, name: str, role: Role) -> Aggregator:
    """Return a server as its web process sees it."""
    keyring = FileKeyring.create(folder / name, name)
    settings = read_settings(
        {
            "MANABI_AGGREGATOR_ID": name,
            "MANABI_AGGREGATOR_ROLE": role.value,
            "MANABI_OPERATOR": "全国統計の運営者",
            "MANABI_CONTACT": "統計係 000-000-0000",
            "MANABI_PUBLIC_URL": "http://localhost:8402",
            "MANABI_DATABASE_URL": address.url("manabi_app"),
            "MANABI_JOBS_DATABASE_URL": address.url("manabi_jobs"),
            "MANABI_KEYRING": str(folder / name),
            "MANABI_BROKER_URL": "filesystem://",
            "MANABI_BROKER_FOLDER": str(folder / f"{name}-broker"),
            "MANABI_REGISTRAR_KEY": str(folder / "registrar.json"),
            "MANABI_SYNTHETIC": "on",
        }
    )
    return Aggregator(settings, database, keyring, lambda: NOW, role)


def introduce(folder: Path, *servers: Aggregator) -> SigningKey:
    """Write a registry that lists the servers and install it at each; return the registrar's key."""
    registrar = SigningKey.generate()
    (folder / "registrar.json").write_bytes(write_registrar_keys([registrar.public()]))
    listed = [_participant(number, server) for number, server in enumerate(servers, start=1)]
    token = make_registry(registrar, 1, listed, now=NOW, expires_at=NOW + timedelta(days=30))
    for server in servers:
        jobs = Database(server.settings.jobs_database_url)
        with jobs.session() as session:
            participants.install(session, server, token, NOW)
            session.commit()
        jobs.close()
    return registrar


def _participant(number: int, server: Aggregator) -> Participant:
    since = NOW - timedelta(days=1)
    return Participant(
        number=number,
        id=server.node_id,
        name=server.settings.operator,
        kind=ParticipantKind.AGGREGATOR,
        issuer=f"http://localhost:84{number:02}",
        contact=server.settings.contact,
        keys=(
            ParticipantKey.of(KeyUse.NODE, server.key.jose_key(), since),
            ParticipantKey.to_seal(server.keyring.sealing_key(KeyUse.SEALING.value).public(), since),
        ),
        organisations=(),
    )
