"""The operator sees how the node is, and nobody else does; what stands still is named."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from pds.access_log.sequencer import Sequencer
from pds.node import Node
from pds.operations.health import Level, Light, judge
from pds.operations.queries import job_facts, log_facts
from pds.operations.service import needs_operator, take_vitals
from tests.factories.node import NOW
from tests.integration.conftest import Address
from tests.integration.pds.school_work.browser import main_text
from tests.integration.pds.school_work.conftest import Town, Visit
from web.database import Database
from web.jobs.models import Job, JobState
from web.jobs.service import enqueue

PAGE, JSON = "/staff/node/", "/api/v1/node/health"


@pytest.fixture
def lights(node: Node) -> Iterator[dict[str, Light]]:
    with node.database.session() as session:
        yield {light.code: light for light in judge(take_vitals(session, node, NOW))}


def test_the_operator_sees_every_light_with_its_remedy(town: Town, visit: Visit) -> None:
    browser = visit(town.staff["operator"])
    page = browser.get(PAGE)
    assert page.status_code == 200
    words = main_text(page)
    for name in (
        "データベース",
        "スキーマ",
        "workerと待ち行列",
        "最新のチェックポイント",
        "鍵の世代",
        "台帳",
        "保存領域",
    ):
        assert name in words
    assert "把握しているバックアップはありません" in words
    for learner in ("青木", "伊藤", "NGUYEN"):
        assert learner not in page.text


def test_a_monitoring_system_reads_the_same(town: Town, visit: Visit) -> None:
    browser = visit(town.staff["operator"])
    browser.client.environ_base["HTTP_ACCEPT"] = "application/json"
    answer = browser.client.get(JSON)
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["level"] in set(Level)
    assert {light["code"] for light in told["lights"]} >= {"database", "schema", "jobs", "sequencer", "backup", "epoch"}
    assert all(set(light) == {"code", "level", "name", "finding", "remedy"} for light in told["lights"])


@pytest.mark.parametrize("who", ["teacher", "nurse", "clerk", "principal", "officer", "former"])
def test_nobody_else_sees_the_state_of_the_node(town: Town, visit: Visit, who: str) -> None:
    browser = visit(town.staff[who])
    assert browser.get(PAGE).status_code == 403
    browser.client.environ_base["HTTP_ACCEPT"] = "application/json"
    refused = browser.client.get(JSON)
    assert (refused.status_code, refused.mimetype) == (403, "application/problem+json")


def test_families_and_strangers_see_nothing_of_it(town: Town, visit: Visit) -> None:
    browser = visit(town.mother)
    browser.client.environ_base["HTTP_ACCEPT"] = "application/json"
    assert browser.client.get(JSON).status_code == 403
    browser.client.delete_cookie("__Host-manabi-node", domain="localhost")
    assert browser.client.get(JSON).status_code == 401


def test_a_fresh_node_waits_for_its_first_checkpoint(lights: dict[str, Light]) -> None:
    assert lights["schema"].level is Level.OK
    assert lights["checkpoint"].level is Level.UNKNOWN
    assert lights["journal"].values == {"lines": 0}
    assert lights["epoch"].values["epoch"] == 1


def test_entries_that_nobody_signs_turn_the_light_red_until_the_sequencer_comes(
    town: Town, visit: Visit, node: Node, jobs_node: Node
) -> None:
    visit(town.staff["teacher"]).get(f"/staff/classes/{town.first}/")
    visit(town.pupils[0]).get("/")
    with node.database.session() as session:
        waiting = log_facts(session)
        assert waiting.waiting > 1
        assert waiting.oldest == NOW
        later = take_vitals(session, node, NOW + timedelta(minutes=2))
    assert {light.code: light.level for light in judge(later)}["sequencer"] is Level.FAULT
    Sequencer(jobs_node).run_once(NOW)
    with node.database.session() as session:
        signed = log_facts(session)
    assert (signed.waiting, signed.oldest, signed.checkpoint_at) == (0, None, NOW)
    assert signed.checkpoint_size == waiting.waiting == node.keyring.leaves.size


def test_work_that_nobody_takes_and_work_that_failed_are_told_apart(node: Node) -> None:
    with node.database.session() as session:
        enqueue(session, "intake.check", {}, now=NOW - timedelta(minutes=5))
        for state, lease in ((JobState.RUNNING, NOW - timedelta(minutes=9)), (JobState.RUNNING, NOW), ("failed", None)):
            session.execute(insert(Job).values(_job(str(state), lease)))
        session.execute(insert(Job).values(_job("failed", None, finished=NOW - timedelta(days=8))))
        facts = job_facts(session, NOW, NOW - timedelta(days=7))
    assert (facts.due, facts.running) == (1, 1)
    assert facts.overdue_since == NOW - timedelta(minutes=9)
    assert [(one.kind, one.count) for one in facts.failed] == [("intake.apply", 1)]


def _job(state: str, lease: object, finished: object = NOW - timedelta(hours=1)) -> dict[str, object]:
    return {
        "job_id": uuid4(), "kind": "intake.apply", "arguments": {}, "state": state, "attempts": 1, "fence": 1,
        "due_at": NOW - timedelta(hours=1), "lease_until": lease, "done": 0, "total": None, "cancel_requested": False,
        "problem": None, "created_by": None, "created_at": NOW, "finished_at": finished if state == "failed" else None,
    }  # fmt: skip


def test_an_altered_journal_turns_the_light_red(node: Node, town: Town) -> None:
    journal: Path = node.settings.keyring / "journal.jsonl"
    node.keyring.erase_subject(town.stranger, by="officer", now=NOW)
    journal.write_text(re.sub(r'"by": ?"officer"', '"by":"nobody!"', journal.read_text()))
    with node.database.session() as session:
        found = {light.code: light.level for light in judge(take_vitals(session, node, NOW))}
        assert found["journal"] is Level.FAULT
        assert needs_operator(session, node, NOW) >= 1


def test_an_older_schema_is_named(node: Node, address: Address) -> None:
    owner = Database(address.url("manabi_owner"))
    with owner.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'pds_0002' WHERE version_num LIKE 'pds%'"))
        session.commit()
    owner.close()
    with node.database.session() as session:
        schema = next(light for light in judge(take_vitals(session, node, NOW)) if light.code == "schema")
    assert schema.level is Level.FAULT
    assert "pds_0002" in str(schema.values["found"])


def test_the_first_page_of_an_operator_counts_the_lights(town: Town, visit: Visit, node: Node) -> None:
    def counted() -> int:
        found = re.search(r"対応が必要なものが(\d+)件あります", main_text(visit(town.staff["operator"]).get("/")))
        return int(found[1]) if found else 0

    before = counted()  # the fixed clock of the tests and the database's are apart, and disks differ
    with node.database.session() as session:
        enqueue(session, "intake.check", {}, now=NOW - timedelta(minutes=5))
        session.commit()
    assert counted() == before + 1


def test_the_backlog_is_counted_for_the_web_without_showing_an_entry(town: Town, visit: Visit, node: Node) -> None:
    visit(town.pupils[0]).get("/")
    with node.database.session() as session:
        assert session.execute(text("SELECT count(*) FROM log_entry")).scalar_one() == 0
        assert log_facts(session).waiting > 0
