"""What the edges of this room need of the running service: the server itself, and its worker's bell."""

from typing import Final

from flask import Blueprint, Flask, current_app
from flask.blueprints import BlueprintSetupState

from aggregator.doorbell import make_doorbell_app
from aggregator.server import Aggregator
from web.jobs.doorbell import Doorbell

_SERVER: Final = "aggregator.server"
_BELL: Final = "aggregator.bell"


def ground_of(aggregator: Aggregator) -> Blueprint:
    """Return a blueprint without routes: through it the application learns whose it is and how to wake its worker."""
    ground = Blueprint("rounds_ground", __name__)
    bell = Doorbell(make_doorbell_app(aggregator))

    def keep(state: BlueprintSetupState) -> None:
        if isinstance(state.app, Flask):
            state.app.extensions[_SERVER] = aggregator
            state.app.extensions[_BELL] = bell

    ground.record(keep)
    return ground


def current_aggregator() -> Aggregator:
    """Return the server that answers."""
    aggregator: Aggregator = current_app.extensions[_SERVER]
    return aggregator


def ring() -> None:
    """Wake the worker; the edge has committed before."""
    bell: Doorbell = current_app.extensions[_BELL]
    bell.ring()
