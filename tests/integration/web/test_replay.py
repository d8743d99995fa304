"""A token id counts once, whoever asks and however many ask at the same time."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import text

from tests.integration.conftest import NOW, Address
from web.database import Database
from web.replay.service import Used, remember, remember_all, sweep

LATER = NOW + timedelta(minutes=5)

CONTENDERS = """
import os, sys
from datetime import datetime, timedelta, UTC
from web.database import Database
from web.replay.service import remember

url, count, *jtis = sys.argv[1:]
for _ in range(int(count)):
    if os.fork() == 0:
        database = Database(url, pool_size=1)
        with database.session() as session:
            session.connection()
        os.write(1, b"ready\\n")
        os.read(0, 1)
        found = [remember(database, "mirai.node", jti, datetime.now(UTC) + timedelta(minutes=5)) for jti in jtis]
        os.write(1, (" ".join(map(str, found)) + "\\n").encode())
        os._exit(0)
sys.exit(sum(os.wait()[1] for _ in range(int(count))))
"""
"""Processes that have imported everything before they part: twenty imports would be most of the test."""


def test_a_token_is_new_once(database: Database) -> None:
    assert remember(database, "mirai.node", "one", LATER)
    assert not remember(database, "mirai.node", "one", LATER)
    assert not remember(database, "mirai.node", "one", LATER + timedelta(days=1))


def test_the_same_id_of_another_issuer_is_another_token(database: Database) -> None:
    assert remember(database, "mirai.node", "one", LATER)
    assert remember(database, "asahi.node", "one", LATER)
    assert remember(database, "mirai.node", "ONE", LATER)


def test_the_tokens_of_one_request_are_noted_together_and_the_used_one_is_named(database: Database) -> None:
    assertion, proof, next_proof = (Used("mirai.node", jti, LATER) for jti in ("a", "p", "q"))
    assert remember_all(database, [proof, assertion]) == ()
    assert remember_all(database, [assertion, next_proof]) == (assertion,)
    assert remember_all(database, [next_proof]) == (next_proof,)
    assert remember_all(database, []) == ()


def test_what_was_remembered_stays_though_the_request_fails(database: Database) -> None:
    with database.session() as session:
        session.execute(text("SELECT 1"))
        assert remember(database, "mirai.node", "one", LATER)
    assert not remember(database, "mirai.node", "one", LATER)


def test_only_what_has_expired_is_swept(database: Database, jobs_database: Database) -> None:
    assert remember(database, "mirai.node", "old", NOW)
    assert remember(database, "mirai.node", "young", NOW + timedelta(seconds=1))
    with jobs_database.session() as session:
        assert sweep(session, NOW) == 1
        session.commit()
    assert remember(database, "mirai.node", "old", LATER)
    assert not remember(database, "mirai.node", "young", LATER)


def test_of_twenty_processes_that_present_the_same_token_one_wins(address: Address) -> None:
    jtis = [uuid4().hex for _ in range(10)]
    contenders = subprocess.Popen(
        [sys.executable, "-c", CONTENDERS, address.url("manabi_app"), "20", *jtis],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert contenders.stdout is not None
        assert [contenders.stdout.readline() for _ in range(20)] == ["ready\n"] * 20
        answers = [line.split() for line in contenders.communicate("g" * 20, timeout=120)[0].splitlines()]
    finally:
        if contenders.poll() is None:
            os.killpg(contenders.pid, signal.SIGKILL)
            contenders.wait()
    assert contenders.returncode == 0
    assert [len(answer) for answer in answers] == [len(jtis)] * 20
    assert [[answer[at] for answer in answers].count("True") for at in range(len(jtis))] == [1] * len(jtis)
