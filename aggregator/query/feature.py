"""The interface over releases as a feature of the leader."""

from aggregator.query import api
from web.shell import Feature


def query_feature() -> Feature:
    """Return the JSON and CSV interface. Its sentences stand with those of the pages."""
    return Feature(name="query", blueprints=(api.blueprint,))
