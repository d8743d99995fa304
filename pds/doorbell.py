"""The node's one queue: whoever wrote work rings it, the worker answers it."""

from celery import Celery

from pds.node import Node
from web.jobs.doorbell import make_celery

QUEUE = "pds"


def make_doorbell_app(node: Node) -> Celery:
    """Return the Celery application whose one queue is the node's doorbell."""
    settings = node.settings
    folder = settings.broker_folder if settings.broker_url.startswith("filesystem:") else None
    return make_celery(settings.broker_url, queue=QUEUE, folder=folder)
