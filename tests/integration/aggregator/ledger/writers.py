"""Real processes that write to one ledger at the same moment, or die in the middle of a step.

Forked, so that none has to start an interpreter; each opens connections of its own.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from trust.errors import ManabiError
from web.database import Database

_FORK = multiprocessing.get_context("fork")
_PATIENCE = 120

Act = Callable[[Session], Any]


def race(url: str, acts: Sequence[Sequence[Act]]) -> list[list[Any]]:
    """Let each list of acts run in a process of its own, a transaction per act; return what they return or raise."""
    barrier = _FORK.Barrier(len(acts))
    pipes = [_FORK.Pipe(duplex=False) for _ in acts]
    runners = [
        _FORK.Process(target=_run, args=(url, own, barrier, sender))
        for own, (_, sender) in zip(acts, pipes, strict=True)
    ]
    for runner in runners:
        runner.start()
    found = []
    for receiver, _ in pipes:
        assert receiver.poll(_PATIENCE), "a process did not answer"
        found.append(receiver.recv())
    for runner in runners:
        runner.join(_PATIENCE)
        assert runner.exitcode == 0
    return found


def die_before(url: str, act: Act, statement: int) -> bool:
    """Run an act and its commit, killed before the statement (or commit) of this number; tell whether it died."""
    runner = _FORK.Process(target=_run_dying, args=(url, act, statement))
    runner.start()
    runner.join(_PATIENCE)
    assert runner.exitcode in (0, -signal.SIGKILL)
    return runner.exitcode == -signal.SIGKILL


def _run(url: str, acts: Sequence[Act], barrier: Barrier, sender: Any) -> None:
    database = Database(url, pool_size=1)
    barrier.wait(_PATIENCE)
    found: list[Any] = []
    for act in acts:
        with database.session() as session:
            try:
                found.append(act(session))
                session.commit()
            except ManabiError as error:
                found.append(error)
    sender.send(found)


def _run_dying(url: str, act: Act, statement: int) -> None:
    database, left = Database(url, pool_size=1), statement

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.engine, "before_cursor_execute", count)
    event.listen(database.engine, "commit", count)
    with database.session() as session:
        act(session)
        session.commit()
    count()
