"""One process of `bench round`: a server's worker, or the helper's web server. It says what it did and when.

Lines of JSON: a step with its instant (monotonic seconds, one clock for all processes of a machine), at the end the
peak memory in bytes.
"""

import json
import os
import resource
import signal
import sys
import threading
import time
from datetime import timedelta
from typing import NoReturn

from werkzeug.serving import WSGIRequestHandler, make_server

from aggregator.app import make_aggregator_app
from aggregator.rounds.tasks import handlers
from aggregator.settings import read_settings
from aggregator.startup import open_aggregator
from manabi.bench.round_country import widen_code_lists
from web.jobs.runner import Runner


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of a call."""


def main() -> None:
    """Work or serve until told to stop."""
    widen_code_lists()
    signal.signal(signal.SIGTERM, _end)
    if sys.argv[1] == "serve":
        _serve()
    else:
        _work()


def _work() -> None:
    settings = read_settings(os.environ)
    aggregator = open_aggregator(settings, settings.jobs_database_url)

    def after(step: str) -> None:
        _say(step)

    run = handlers(aggregator, after)
    runner = Runner(aggregator.database, run, aggregator.clock, sweep=settings.sweep, lease=timedelta(hours=1))
    _say("ready")
    runner.run_forever()


def _serve() -> None:
    settings = read_settings(os.environ)
    app = make_aggregator_app(open_aggregator(settings, settings.database_url))
    port = int(settings.public_url.rpartition(":")[2])
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _say("ready")
    while True:
        signal.pause()


def _say(step: str) -> None:
    print(json.dumps({"step": step, "at": time.monotonic()}), flush=True)


def _end(*_: object) -> NoReturn:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"peak": peak}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
