"""A process of one server that kills itself at a named point: a worker at a step, or a server in a call."""

import os
import signal
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.serving import make_server

from aggregator.rounds.tasks import handlers
from aggregator.server import Aggregator
from aggregator.settings import read_settings
from tests.integration.aggregator.rounds.country import LEASE, Quiet, quick_noise
from trust.keyring import FileKeyring
from web.database import Database
from web.jobs.runner import Runner


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def open_server(url: str) -> Aggregator:
    settings = read_settings(os.environ)
    clock = Path(os.environ["COUNT_CLOCK"])
    keyring = FileKeyring.open(settings.keyring, settings.aggregator_id)
    database = Database(getattr(settings, url), pool_size=8)
    return Aggregator(settings, database, keyring, lambda: datetime.fromisoformat(clock.read_text()), settings.role)


def work(step: str) -> None:
    """Run what is due and die at the step; say how many jobs there were if it is never reached."""
    aggregator = open_server("jobs_database_url")

    def after(reached: str) -> None:
        if reached == step:
            die()

    run = handlers(aggregator, after, draw=quick_noise)
    runner = Runner(aggregator.database, run, aggregator.clock, sweep=timedelta(seconds=1), lease=LEASE)
    done = 0
    while runner.run_one():
        done += 1
    print(done, flush=True)


def serve(path: str, moment: str) -> None:
    """Answer until a call under `path` comes; die 'before' it is worked on, or 'after', before its answer leaves."""
    from aggregator.app import make_aggregator_app  # the worker does without it

    aggregator = open_server("database_url")
    app = make_aggregator_app(aggregator)

    def deadly(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        called = path in environ["PATH_INFO"]
        if called and moment == "before":
            die()
        started: list[tuple[Any, ...]] = []
        body = b"".join(app(environ, lambda *told: _keep(started, told)))
        if called:
            die()
        start_response(*started[0])
        return [body]

    port = int(aggregator.settings.public_url.rpartition(":")[2])
    server = make_server("127.0.0.1", port, deadly, threaded=True, request_handler=Quiet)
    print("serving", flush=True)
    server.serve_forever()


def _keep(started: list[tuple[Any, ...]], told: tuple[Any, ...]) -> Callable[[bytes], object]:
    started.append(told)
    return lambda _: None


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(sys.argv[2])
    else:
        serve(sys.argv[2], sys.argv[3])
