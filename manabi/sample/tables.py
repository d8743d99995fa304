"""The word lists of the sample: names, places and teachers' sentences, kept as JSON beside the code."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> Any:
    """Return one word list (`names`, `places`, `comments`); callers treat it as read-only."""
    return json.loads(files("manabi.sample.data").joinpath(f"{name}.json").read_text(encoding="utf-8"))


@cache
def published(path: str) -> Any:
    """Return one published contract, for example `layouts/health_check.json`; callers treat it as read-only."""
    return json.loads(files("api_specs").joinpath(path).read_text(encoding="utf-8"))
