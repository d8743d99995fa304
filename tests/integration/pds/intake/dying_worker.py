"""A worker process that does one job of intake and, at a named point, kills itself or the database."""

import os
import signal
import sys
from datetime import timedelta

from pds.intake.tasks import handlers
from pds.settings import read_settings
from pds.startup import open_node
from web.jobs.runner import Runner


def main(kind: str, point: str, times: str, victim: str) -> None:
    settings = read_settings(os.environ)
    node = open_node(settings, settings.jobs_database_url)
    left = int(times)

    def after(step: str) -> None:
        nonlocal left
        if step == point:
            left -= 1
            if left == 0:
                os.kill(int(victim) or os.getpid(), signal.SIGKILL)

    known = handlers(node, after)
    runner = Runner(node.database, {kind: known[kind]}, node.clock, sweep=timedelta(1), lease=settings.lease)
    print("did", runner.run_one(), flush=True)


main(*sys.argv[1:])
