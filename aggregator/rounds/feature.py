"""Plans, rounds and submissions as a feature of a server; the helper also answers its leader."""

from aggregator.rounds import api, peer_api
from aggregator.rounds.ground import ground_of
from aggregator.server import Aggregator, Role
from web.shell import Feature


def rounds_feature(aggregator: Aggregator) -> Feature:
    """Return the interface that both servers have, and at the helper what only the leader may call."""
    helper = aggregator.role is Role.HELPER
    blueprints = (ground_of(aggregator), api.blueprint, *((peer_api.blueprint,) if helper else ()))
    return Feature(name="rounds", blueprints=blueprints, rules={"count_peer": peer_api.require_peer})
