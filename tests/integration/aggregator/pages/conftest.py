"""The leader's public pages, with two releases behind them."""

from tests.integration.aggregator.query.conftest import leader as leader
from tests.integration.aggregator.query.conftest import office as office
