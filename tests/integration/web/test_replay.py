"""A token id counts once, whoever asks and however many ask at the same time."""

import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import text

from tests.integration.conftest import NOW, Address
from web.database import Database
from web.replay.service import Used, remember, remember_all, sweep

LATER = NOW + timedelta(minutes=5)

CONTENDER = """
import sys
from datetime import datetime, timedelta, UTC
from web.database import Database
from web.replay.service import remember
database = Database(sys.argv[1], pool_size=1)
with database.session() as session:
    session.connection()
print("ready", flush=True)
sys.stdin.readline()
print(*(remember(database, "mirai.node", jti, datetime.now(UTC) + timedelta(minutes=5)) for jti in sys.argv[2:]))
"""


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
    contenders = [
        subprocess.Popen(
            [sys.executable, "-c", CONTENDER, address.url("manabi_app"), *jtis],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(20)
    ]  # fmt: skip
    try:
        for one in contenders:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in contenders:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        answers = [one.communicate(timeout=120)[0].split() for one in contenders]
    finally:
        for one in contenders:
            one.kill()
            one.wait()
    assert [len(answer) for answer in answers] == [len(jtis)] * 20
    assert [[answer[at] for answer in answers].count("True") for at in range(len(jtis))] == [1] * len(jtis)
