"""The code lists of collection plans, as published in ``api_specs/plans/codes.json``: order, members and words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from aggregator.plans.model import Level, Words


@dataclass(frozen=True, slots=True)
class CodeList:
    """What a dimension may be counted by. Order is the vocabulary's: a page shows grade 10 after grade 9.

    A coarser list names in ``of`` the list it sums up, and in ``groups`` the codes behind each of its own.
    """

    id: str
    label: Words
    codes: Mapping[str, Words]
    of: str | None
    groups: Mapping[str, tuple[str, ...]]


@cache
def code_lists() -> Mapping[str, CodeList]:
    """Return the published code lists by the id of their dimension."""
    return {one["id"]: _code_list(one) for one in _published()["dimensions"]}


@cache
def fact_words() -> Mapping[str, Words]:
    """Return what each kind of fact counts, in words with a place ``%(at_least)s``."""
    return {one["kind"]: Words(**one["label"]) for one in _published()["facts"]}


@cache
def level_words() -> Mapping[Level, Words]:
    """Return the name of each level."""
    return {Level(one["level"]): Words(**one["label"]) for one in _published()["levels"]}


@cache
def _published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files("api_specs") / "plans" / "codes.json").read_text("utf-8"))
    return found


def _code_list(one: Mapping[str, Any]) -> CodeList:
    codes = {each["code"]: Words(**each["label"]) for each in one["codes"]}
    groups = {each["code"]: tuple(each["members"]) for each in one["codes"] if "members" in each}
    return CodeList(one["id"], Words(**one["label"]), codes, one.get("of"), groups)
