"""The server's one queue: whoever wrote work rings it, the worker answers it."""

from celery import Celery

from aggregator.server import Aggregator
from web.jobs.doorbell import make_celery

QUEUE = "count"


def make_doorbell_app(aggregator: Aggregator) -> Celery:
    """Return the Celery application whose one queue is the server's doorbell."""
    settings = aggregator.settings
    folder = settings.broker_folder if settings.broker_url.startswith("filesystem:") else None
    return make_celery(settings.broker_url, queue=QUEUE, folder=folder)
