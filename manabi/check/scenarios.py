"""The walks an outside client can take through running services, by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from manabi.check.count import Count
from manabi.check.errors import ScenarioUnknown
from manabi.check.look_back import LookBack, SignIns
from manabi.check.move import Move
from manabi.check.report import Report
from manabi.check.steps import Act, walk


@dataclass(frozen=True, slots=True)
class Place:
    """One service of a demo: its address and the sign-ins that were printed for it."""

    url: str
    sign_ins: SignIns


Places = Mapping[str, Place]
"""The services by name."""

_WALKS: Final[Mapping[str, Callable[[Places], Sequence[tuple[str, Act]]]]] = {
    "look-back": lambda places: LookBack(places["mirai"].url, places["mirai"].sign_ins).steps(),
    "move": lambda places: Move(
        (places["mirai"].url, places["mirai"].sign_ins), (places["asahi"].url, places["asahi"].sign_ins)
    ).steps(),
    "count": lambda places: Count(
        (places["leader"].url, places["leader"].sign_ins), places["helper"].url,
        (places["mirai"].url, places["mirai"].sign_ins), places["registrar"].sign_ins, places["fleet"].sign_ins,
    ).steps(),
}  # fmt: skip

SCENARIOS: Final = tuple(_WALKS)
"""The names, the default first."""

NATIONAL: Final = frozenset({"count"})
"""Those that need the servers of the national count and the nodes that report to them."""


def run(wanted: Sequence[str], places: Places) -> Report:
    """Walk scenarios one after another against running services with the sign-ins that their demo printed.

    Spends the staff codes they need. Nothing follows a walk that failed. Raises `ScenarioUnknown`, and
    `AddressRefused` for a service off this machine; everything else that goes wrong is a false step of the report.
    """
    for name in wanted:
        if name not in _WALKS:
            raise ScenarioUnknown(scenario=name, known=", ".join(SCENARIOS))
    reports: list[Report] = []
    for name in wanted:
        reports.append(walk(name, _WALKS[name](places)))
        if not reports[-1].ok:
            break
    steps = tuple(step for report in reports for step in report.steps)
    return Report(", ".join(wanted), steps, sum(report.seconds for report in reports))
