"""The web application of a server of the national count: which features stand on the shell."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from flask import Flask

from aggregator.officers.feature import officers_feature
from aggregator.pages.feature import pages_feature
from aggregator.query.feature import query_feature
from aggregator.rounds.feature import rounds_feature
from aggregator.server import Aggregator, Role
from web.accounts.feature import accounts_feature
from web.context import ShellSettings
from web.shell import Feature, make_app


def make_aggregator_app(aggregator: Aggregator) -> Flask:
    """Return the application of one server. The helper has no public pages: what it holds says nothing by itself."""
    settings = aggregator.settings
    return make_app(
        ShellSettings(
            service_id=settings.service_id,
            public_url=settings.public_url,
            operator=settings.operator,
            contact=settings.contact,
            protection_path="/method" if aggregator.role is Role.LEADER else None,
            made_up=settings.synthetic,
        ),
        database=aggregator.database,
        features=_features(aggregator),
        clock=aggregator.clock,
        translations=[Path(str(files(package))) / "translations" for package in ("trust", "aggregator")],
    )


def _features(aggregator: Aggregator) -> Sequence[Feature]:
    both = (accounts_feature(), rounds_feature(aggregator))
    if aggregator.role is Role.HELPER:
        return both
    return (*both, query_feature(), pages_feature(), officers_feature())
