"""A leader with published releases in its database, as it stands after rounds that went well."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from aggregator.plans.shipped import shipped_plan
from aggregator.plans_kept.models import CollectionPlan
from aggregator.releases.models import Release
from aggregator.rounds.models import CollectionRound, OpenedSum, Submission
from aggregator.server import Aggregator
from aggregator.settings import Role
from tests.factories.release import PLAN, RELEASED_AT, Made
from tests.integration.aggregator.servers import make_server
from tests.integration.conftest import Address, Cluster
from trust.keyring import FileKeyring
from web.database import Database


def keep_plan(session: Session, now: datetime = RELEASED_AT) -> bytes:
    """Put the shipped plan in, approved; return its digest."""
    plan = shipped_plan(PLAN)
    if session.get(CollectionPlan, plan.digest) is None:
        session.add(
            CollectionPlan(
                plan_digest=plan.digest, plan_id=plan.plan_id, version=plan.version, document=plan.to_bytes(),
                state="approved", token="a.b.c", proposed_by=None, proposed_at=now, approved_at=now,
            )
        )  # fmt: skip
        session.flush()
    return plan.digest


def open_round(session: Session, round_id: UUID, *, kind: str = "main", state: str = "collecting") -> None:
    """Put a round in that nodes may report to."""
    plan, done = shipped_plan(PLAN), RELEASED_AT if state == "released" else None
    session.add(
        CollectionRound(
            round_id=round_id, plan_digest=keep_plan(session), kind=kind, state=state, opens_at=plan.opens_at,
            closes_at=plan.closes_at, nonce=bytes(32), opening=b"{}", opening_signature="a.b.c",
            attempt=0, waiting=False, answers={},
            noise="servers" if done else None, closed_at=done, opened_at=done, released_at=done,
        )
    )  # fmt: skip
    session.flush()


def publish(session: Session, made: Made, *, days: int = 0) -> str:
    """Put a release in with its round, who reported, and what was withheld; return its digest."""
    open_round(session, made.round_id, kind=made.document["round"]["kind"], state="released")
    for number in range(made.document["round"]["nodes"]):
        session.add(
            Submission(
                round_id=made.round_id, node_id=f"node{number}.example", sequence=1, header="a.b.c",
                header_digest=bytes(32), share=None, received_at=RELEASED_AT,
            )
        )  # fmt: skip
    withheld = {(one["level"], one["area"], one["status"]) for one in made.document["figures"] if one["value"] is None}
    for level, area, status in withheld:
        session.add(OpenedSum(round_id=made.round_id, level=level, area=area, withheld=status.partition(":")[2]))
    digest = sha256(made.raw).digest()
    session.add(
        Release(
            digest=digest, round_id=made.round_id, plan_digest=keep_plan(session), document=made.raw, token="a.b.c",
            released_at=RELEASED_AT + timedelta(days=days),
        )
    )  # fmt: skip
    session.flush()
    return digest.hex()


@contextmanager
def leader_of(cluster: Cluster, template: str, folder: Path) -> Iterator[tuple[Aggregator, Database]]:
    """Open a leader with a database of its own, and the database as its worker sees it."""
    address = Address(cluster.server, f"leader_{os.getpid()}_{uuid4().hex[:8]}")
    cluster.create(address.name, template)
    try:
        with closing(Database(address.url("manabi_app"))) as web, closing(Database(address.url("manabi_jobs"))) as jobs:
            server = make_server(folder, address, web, "leader.demo", Role.LEADER)
            assert isinstance(server.keyring, FileKeyring)
            with closing(server.keyring):
                yield server, jobs
    finally:
        cluster.drop(address.name)
