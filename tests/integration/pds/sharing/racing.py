"""Real processes that act on one database at the same moment, or die in the middle of an act.

Forked, so that none has to start an interpreter; each opens its own connections and its own keyring.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from typing import Any

from pds.node import Node
from tests.integration.pds.sharing.town import Town
from trust.keyring import FileKeyring
from web.database import Database

_FORK = multiprocessing.get_context("fork")
_PATIENCE = 60

Act = Callable[[Node], Any]


def race(town: Town, acts: Sequence[Act]) -> list[Any]:
    """Let each act run in a process of its own, all from the same moment on; return what they return."""
    barrier = _FORK.Barrier(len(acts))
    pipes = [_FORK.Pipe(duplex=False) for _ in acts]
    runners = [
        _FORK.Process(target=_run, args=(town, act, barrier, sender))
        for act, (_, sender) in zip(acts, pipes, strict=True)
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


def die_at(town: Town, act: Act) -> int:
    """Run an act that kills its own process on the way; return the signal that ended it."""
    runner = _FORK.Process(target=_run, args=(town, act, None, None))
    runner.start()
    runner.join(_PATIENCE)
    assert runner.exitcode is not None
    return -runner.exitcode


def die(*_: object, **__: object) -> None:
    """Be killed, here and now, without a chance to tidy up."""
    os.kill(os.getpid(), signal.SIGKILL)


def _run(town: Town, act: Act, barrier: Barrier | None, sender: Any) -> None:
    settings = town.node.settings
    database = Database(settings.database_url)
    node = replace(town.node, database=database, keyring=FileKeyring.open(settings.keyring, settings.node_id))
    if barrier is not None:
        barrier.wait(_PATIENCE)
    answer = act(node)
    if sender is not None:
        sender.send(answer)
    database.close()
    os._exit(0)
