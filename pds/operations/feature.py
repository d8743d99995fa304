"""The state of a node as a feature: a page for its operator, and the same as JSON for a monitoring system."""

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from pds.node import Node
from pds.operations.health import Level, Light, Value, gravest, judge
from pds.operations.schemas import HealthAnswer
from pds.operations.service import take_vitals
from trust.errors import N_
from web.context import now, transaction
from web.dates import say_moment
from web.i18n import say_plain
from web.interface import JsonBlueprint
from web.routes import declares
from web.shell import Feature

_ROOM = Path(str(files("pds"))) / "operations"
_WORDS = {
    Level.FAULT: (N_("Fault"), "error"),
    Level.ATTENTION: (N_("Needs attention"), "warning"),
    Level.UNKNOWN: (N_("Not known"), "none"),
    Level.OK: (N_("Good"), "success"),
}


def operations_feature(node: Node) -> Feature:
    """Return the page and the interface. Needs the rule `duty:see_node_health` and the layout of staff pages."""
    return Feature(
        name="operations",
        blueprints=(_page(node), _interface(node)),
        templates=_ROOM / "templates",
        template_globals={"level_words": _WORDS, "light_values": say_values},
    )


def say_values(values: Mapping[str, Value]) -> dict[str, str | int]:
    """Return the values of a light as its sentences take them: instants as day and time in Japan."""
    return {name: say_moment(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _lights(node: Node) -> tuple[Light, ...]:
    return judge(take_vitals(transaction(), node, now()))


def _page(node: Node) -> Blueprint:
    page = Blueprint("operations", __name__, url_prefix="/staff/node")

    @page.get("/")
    @declares(requires="duty:see_node_health", discloses="none")
    def health() -> ResponseReturnValue:
        """Every light with what to do, the gravest first."""
        lights = _lights(node)
        order = list(Level)
        return render_template(
            "operations/node.html",
            lights=sorted(lights, key=lambda light: order.index(light.level)),
            worst=gravest(lights),
            counted={level: sum(light.level is level for light in lights) for level in Level},
        )

    return page


def _interface(node: Node) -> JsonBlueprint:
    interface = JsonBlueprint(
        "operations_api",
        __name__,
        url_prefix="/api/v1/node",
        description="The state of the node, for its operator's monitoring.",
    )

    @interface.route("/health")
    @declares(requires="duty:see_node_health", discloses="none")
    @interface.response(200, HealthAnswer)
    def health() -> dict[str, Any]:
        """Every light of the node."""
        lights = _lights(node)
        return {"at": now(), "level": gravest(lights).value, "lights": [_told(light) for light in lights]}

    return interface


def _told(light: Light) -> dict[str, str]:
    values = say_values(light.values)
    return {
        "code": light.code,
        "level": light.level.value,
        "name": say_plain(light.name),
        "finding": say_plain(light.finding, **values),
        "remedy": say_plain(light.remedy, **values) if light.remedy else "",
    }
