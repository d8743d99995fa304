"""The process whose time and memory `bench dossier` measures: it runs the pull that is due, and says what it took."""

import json
import os
import resource
import time
from datetime import timedelta

from manabi.node import jobs_node
from pds.settings import read_settings
from pds.transfer.receiving import PULL, pull
from web.jobs.runner import JobRun, Runner


def main() -> None:
    """Run the one job that is due and print seconds and peak memory (bytes) as JSON."""
    with jobs_node(read_settings(os.environ)) as node:

        def handle(run: JobRun) -> None:
            pull(node, run)

        runner = Runner(node.database, {PULL: handle}, node.clock, sweep=timedelta(seconds=1), lease=timedelta(hours=1))
        begun = time.monotonic()
        done = runner.run_one()
        seconds = time.monotonic() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {"done": done, "seconds": seconds, "peak": used.ru_maxrss * 1024, "cpu": used.ru_utime + used.ru_stime}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
