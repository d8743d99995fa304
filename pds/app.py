"""The node's web application: which features stand on the shell."""

from importlib.resources import files
from pathlib import Path

from flask import Flask

from pds.authorization.feature import authorization_feature
from pds.granting.feature import granting_feature
from pds.intake.feature import intake_feature
from pds.look_back.feature import look_back_feature
from pds.node import Node
from pds.operations.feature import operations_feature
from pds.school_work.feature import school_work_feature
from pds.statistics.feature import statistics_feature
from pds.transfer.feature import transfer_feature
from web.accounts.feature import accounts_feature
from web.context import ShellSettings
from web.shell import make_app

_PACKAGES = ("pds", "trust", "consent", "aggregator")
"""Whose sentences the node's pages say; the first one settles a clash, so a node speaks its own words."""


def make_node_app(node: Node) -> Flask:
    """Return the application of one node."""
    settings = node.settings
    return make_app(
        ShellSettings(
            service_id=settings.service_id,
            public_url=settings.public_url,
            operator=settings.operator,
            contact=settings.contact,
            protection_path="/protection",
            made_up=settings.synthetic,
        ),
        database=node.database,
        features=[
            accounts_feature(),
            look_back_feature(node),
            granting_feature(),
            school_work_feature(),
            intake_feature(node),
            operations_feature(node),
            transfer_feature(node),
            authorization_feature(node),
            statistics_feature(),
        ],
        clock=node.clock,
        translations=[Path(str(files(package))) / "translations" for package in _PACKAGES],
    )
