"""The walks an outside client can take through a running service, by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from manabi.check.errors import ScenarioUnknown
from manabi.check.look_back import LookBack
from manabi.check.report import Report
from manabi.check.steps import Act, walk

_WALKS: Final[Mapping[str, Callable[[str, Mapping[str, Mapping[str, str]]], Sequence[tuple[str, Act]]]]] = {
    "look-back": lambda url, sign_ins: LookBack(url, sign_ins).steps(),
}

SCENARIOS: Final = tuple(_WALKS)
"""The names, the default first."""


def run(scenario: str, url: str, sign_ins: Mapping[str, Mapping[str, str]]) -> Report:
    """Walk a scenario against the service at `url` with the sign-ins that its demo printed.

    Spends the staff codes it needs. Raises `ScenarioUnknown`, and `AddressRefused` for a service off this machine;
    everything else that goes wrong is a false step of the report.
    """
    if scenario not in _WALKS:
        raise ScenarioUnknown(scenario=scenario, known=", ".join(SCENARIOS))
    return walk(scenario, _WALKS[scenario](url, sign_ins))
