"""The authorization server as a feature of a node."""

import os

from flask import Flask
from flask.blueprints import BlueprintSetupState

from pds.authorization.api import make_endpoints
from pds.authorization.errors import InsecureTransportAllowed
from pds.authorization.presenting import require_presented_token
from pds.authorization.server import EXTENSION, NodeServer
from pds.doorbell import make_doorbell_app
from pds.node import Node
from web.jobs.doorbell import Doorbell
from web.shell import Feature


def authorization_feature(node: Node) -> Feature:
    """Return the OAuth endpoints and the rule `presented_token`; raises `InsecureTransportAllowed`."""
    if "AUTHLIB_INSECURE_TRANSPORT" in os.environ:
        raise InsecureTransportAllowed
    server = NodeServer(node, Doorbell(make_doorbell_app(node)))
    endpoints = make_endpoints(server)

    def keep(state: BlueprintSetupState) -> None:
        if isinstance(state.app, Flask):
            state.app.extensions[EXTENSION] = server

    endpoints.record(keep)
    return Feature(
        name="authorization", blueprints=(endpoints,), rules={"presented_token": require_presented_token}
    )  # fmt: skip
