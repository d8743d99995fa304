"""Node A with a registry in which two other participants stand, and a child whose ticket they may use."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from consent.scope import Terms
from pds.authorization.details import read_records
from pds.authorization.feature import authorization_feature
from pds.authorization.lodged import Lodged, find, hold_polled
from pds.authorization.presenting import authenticate_bearer
from pds.node import Node
from pds.settings import NodeSettings
from pds.sharing.models import ShareDossier, ShareGrant, ShareRequest
from tests.factories.node import World
from tests.integration.pds.authorization.asker import ISSUER, LONG_AGO, SCHOOL, Asker, asked, new_key, new_ticket
from tests.integration.web.conftest import TickingClock
from trust.participants import Organisation, OrganisationKind
from trust.registry import KeyUse, Participant, ParticipantKey, ParticipantKind, make_registry
from trust.signing import SigningKey
from web.clock import Clock
from web.context import ShellSettings
from web.database import Database
from web.participants.service import install
from web.routes import declares
from web.shell import Feature, make_app

OTHER_SCHOOL = "B120299000036"


@dataclass
class Registrar:
    """Signs registries and installs them."""

    key: SigningKey
    node: Node
    participants: dict[str, Participant]
    version: int = 0

    def publish(self, now: datetime) -> None:
        self.version += 1
        token = make_registry(
            self.key, self.version, tuple(self.participants.values()), now=now, expires_at=now + timedelta(days=90)
        )
        with self.node.database.session() as session:
            install(session, self.node, token, now)
            session.commit()


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
def settings(settings: NodeSettings, tmp_path: Path) -> NodeSettings:
    return dataclasses.replace(
        settings, registrar_key=tmp_path / "registrar.json", poll_interval=timedelta(seconds=300)
    )


@pytest.fixture
def node(node: Node, clock: TickingClock) -> Node:
    return dataclasses.replace(node, clock=clock)


@pytest.fixture
def jobs_node(jobs_node: Node, clock: TickingClock) -> Node:
    return dataclasses.replace(jobs_node, clock=clock)


@pytest.fixture
def registrar(jobs_node: Node, clock: TickingClock) -> Registrar:
    key = SigningKey.generate()
    assert jobs_node.settings.registrar_key is not None
    jobs_node.settings.registrar_key.write_text(json.dumps({"keys": [key.public().jwk()]}))
    return Registrar(key, jobs_node, {})


def participant(number: int, name: str, key: Any, school: str | None) -> Participant:
    schools = () if school is None else (Organisation(school, "みらい市立北小学校", OrganisationKind.SCHOOL),)
    return Participant(
        number, name, name, ParticipantKind.NODE, f"https://{name}.example", "教育委員会",
        (
            ParticipantKey.of(KeyUse.NODE, SigningKey.generate().jose_key(), LONG_AGO),
            ParticipantKey.of(KeyUse.CLIENT, key, LONG_AGO),
        ),
        schools,
    )  # fmt: skip


def protected_feature() -> Feature:
    """A resource behind the rule for presented tokens."""
    pages = Blueprint("protected", __name__)

    @pages.get("/protected")
    @declares(requires="presented_token", discloses="none")
    def protected() -> ResponseReturnValue:
        presented = authenticate_bearer()
        basis = presented.basis
        return {
            "client": presented.client_id, "kind": basis.kind, "learner": str(basis.learner), "id": str(basis.id),
        }  # fmt: skip

    return Feature(name="protected", blueprints=(pages,))


@pytest.fixture
def app(node: Node, clock: TickingClock) -> Flask:
    settings = ShellSettings("node", ISSUER, "みらい市教育委員会", "教育総務課 000-000-0000")
    return make_app(
        settings, database=node.database, features=[authorization_feature(node), protected_feature()], clock=clock
    )


@pytest.fixture
def asker(app: Flask, clock: TickingClock, registrar: Registrar) -> Asker:
    """Node B; the registry lists it and one other participant."""
    found = Asker(app, clock, "b.node", new_key())
    registrar.participants["b.node"] = participant(2, "b.node", found.key, SCHOOL)
    registrar.publish(clock())
    return found


@pytest.fixture
def stranger(app: Flask, clock: TickingClock, registrar: Registrar, asker: Asker) -> Asker:
    """Another participant, with nothing to do with the child."""
    found = Asker(app, clock, "c.node", new_key())
    registrar.participants["c.node"] = participant(3, "c.node", found.key, OTHER_SCHOOL)
    registrar.publish(clock())
    return found


@pytest.fixture
def world(jobs_node: Node, database: Database) -> Iterator[World]:
    with jobs_node.database.session() as session, database.session() as accounts:
        yield World(jobs_node, session, accounts)


@dataclass
class Family:
    """What the look-up job and the family do with a lodged request, written directly."""

    world: World
    clock: Clock
    learner: UUID

    def lodged(self, auth_req_id: str) -> Lodged:
        found = hold_polled(self.world.session, auth_req_id, "b.node")
        assert found is not None
        found_again = find(self.world.session, found.request_id)
        self.world.session.commit()
        assert found_again is not None
        return found_again

    def open(self, auth_req_id: str) -> Lodged:
        """The ticket was this child's: the request is opened."""
        lodged = self.lodged(auth_req_id)
        self.world.session.add(
            ShareRequest(
                learner_id=self.learner, request_id=lodged.request_id, client_id=lodged.client_id, school_code=SCHOOL,
                school_name="みらい市立北小学校", move="transfer", purpose="transfer_of_school",
                asked=Terms.from_wire({"erase_on": None, **lodged.details}).to_wire(),
                case_reference=lodged.case, state="lodged", lodged_at=lodged.lodged_at, opened_at=self.clock(),
                seen_at=None, expires_at=lodged.expires_at, closed_at=None, grant_id=None,
            )
        )  # fmt: skip
        self.world.session.commit()
        return lodged

    def terms(self, **changes: Any) -> Terms:
        return read_records(json.dumps([asked(**changes)]), now=self.clock()).terms

    def grant(self, auth_req_id: str, **kept: Any) -> UUID:
        """The family grants, all of it or what is kept."""
        lodged = self.open(auth_req_id)
        grant_id, terms = uuid4(), self.terms(**kept)
        session = self.world.session
        session.add(
            ShareGrant(
                learner_id=self.learner, grant_id=grant_id, request_id=lodged.request_id, client_id=lodged.client_id,
                school_code=SCHOOL, school_name="みらい市立北小学校", terms=terms.to_wire(), state="active",
                version=1, begin=self.clock(), until=terms.until, paused_by=[], closed_at=None, closed_by=None,
                told_at=None, end_answer=None, end_answered_at=None,
            )
        )  # fmt: skip
        self.settle(lodged.request_id, "granted_in_part" if kept else "granted", grant_id)
        return grant_id

    def settle(self, request_id: UUID, state: str, grant_id: UUID | None = None) -> None:
        row = self.world.session.get_one(ShareRequest, (self.learner, request_id))
        row.state, row.grant_id, row.closed_at = state, grant_id, self.clock()
        self.world.session.commit()

    def end_grant(self, grant_id: UUID, state: str = "revoked") -> None:
        row = self.world.session.get_one(ShareGrant, (self.learner, grant_id))
        row.state, row.closed_at = state, self.clock()
        self.world.session.commit()

    def dossier(self, lodged: Lodged, state: str = "ready") -> UUID:
        dossier = uuid4()
        self.world.session.add(
            ShareDossier(
                learner_id=self.learner, dossier_id=dossier, request_id=lodged.request_id, client_id=lodged.client_id,
                move="transfer", state=state, review_until=self.clock(), manifest=[], ready_at=self.clock(),
                closed_at=None, problems=None,
            )
        )  # fmt: skip
        self.world.session.commit()
        return dossier


@pytest.fixture
def family(world: World, clock: TickingClock) -> Family:
    learner = world.learner()
    world.commit()
    return Family(world, clock, learner)


@pytest.fixture
def tokens(asker: Asker, family: Family) -> Callable[..., tuple[dict[str, Any], UUID]]:
    """Lodge, grant and redeem; return what the asker got and the grant."""

    def redeem(**kept: Any) -> tuple[dict[str, Any], UUID]:
        auth_req_id = asker.lodge(new_ticket()).get_json()["auth_req_id"]
        grant_id = family.grant(auth_req_id, **kept)
        answer = asker.poll(auth_req_id)
        assert answer.status_code == 200, answer.get_json()
        got: dict[str, Any] = answer.get_json()
        return got, grant_id

    return redeem
