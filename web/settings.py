"""Settings of a process: read once from the environment into one frozen object, every fault named at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trust.errors import N_, ManabiError


class SettingsRefused(ManabiError):
    """The environment lacks a variable or holds one that cannot be read; `problems` lists them all."""

    code = "settings.refused"
    status = 500
    title = N_("The settings cannot be used: %(problems)s")
    remedy = N_("Set the named environment variables as docs/operations.md describes, then start again.")


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, how its text is read, and what it means to an operator."""

    name: str
    parse: Callable[[str], Any]
    meaning: str
    default: str | None = None


def read_variables(variables: Sequence[Variable], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return every variable's value by name, or raise `SettingsRefused` naming each missing or bad one."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for variable in variables:
        text = environ.get(variable.name, variable.default)
        if text is None:
            problems.append(f"{variable.name} is missing ({variable.meaning})")
            continue
        try:
            values[variable.name] = variable.parse(text)
        except ValueError as error:
            problems.append(f"{variable.name}: {error}")
    if problems:
        raise SettingsRefused(problems="; ".join(problems))
    return values


def parse_switch(text: str) -> bool:
    """Read `on` or `off`."""
    if text not in ("on", "off"):
        raise ValueError(f"expected on or off, got {text!r}")
    return text == "on"


def parse_seconds(text: str) -> float:
    """Read a positive number of seconds."""
    seconds = float(text)
    if seconds <= 0:
        raise ValueError("expected a number of seconds above 0")
    return seconds


def parse_public_url(text: str) -> str:
    """Read the origin under which people reach the service: https, or http on localhost; no path."""
    if not text.startswith(("https://", "http://localhost")) or text.count("/") != 2:
        raise ValueError(f"expected https://NAME or http://localhost:PORT without a path, got {text!r}")
    return text
