"""The broker's whole part in the work: a Celery message that says "look", and a worker that hears it."""

import logging
from pathlib import Path

from celery import Celery
from kombu.exceptions import OperationalError as BrokerOutOfReach

log = logging.getLogger(__name__)

LOOK = "manabi.look"


def make_celery(broker_url: str, *, queue: str, folder: Path | None = None) -> Celery:
    """Return a Celery application with one queue. `folder` holds the messages of a `filesystem://` broker."""
    app = Celery("manabi", broker=broker_url, set_as_current=False)
    app.conf.task_default_queue = queue
    app.conf.task_ignore_result = True
    app.conf.broker_connection_retry_on_startup = True
    app.conf.worker_hijack_root_logger = False
    app.conf.worker_enable_remote_control = False
    if folder is not None:
        for name in ("messages", "control"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        app.conf.broker_transport_options = {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.1,
        }
    return app


class Doorbell:
    """Rings a queue. A bell that cannot be rung loses nothing: every worker looks by itself soon after."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def ring(self) -> None:
        """Say "look" to the worker of the queue."""
        try:
            self._app.send_task(LOOK, retry=False, expires=60)
        except (BrokerOutOfReach, OSError) as error:
            log.warning("the doorbell could not be rung, the sweep will find the work: %s", type(error).__name__)
