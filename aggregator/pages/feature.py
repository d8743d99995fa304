"""The public pages of the national side as a feature: start, workbench, plans, rounds, ledger, method."""

from importlib.resources import files
from pathlib import Path

from aggregator.pages import (
    ledger_pages,
    method_pages,
    plans_pages,
    rounds_pages,
    saying,
    start_pages,
    workbench_pages,
)
from aggregator.pages.bench import address, of_area
from web.shell import Feature

FOLDER = Path(str(files("aggregator"))) / "pages"


def pages_feature() -> Feature:
    """Return the pages that anyone may read. Each module of this room named `…_pages` brings one blueprint."""
    return Feature(
        name="national",
        blueprints=(
            start_pages.blueprint,
            workbench_pages.blueprint,
            plans_pages.blueprint,
            rounds_pages.blueprint,
            ledger_pages.blueprint,
            method_pages.blueprint,
        ),
        templates=FOLDER / "templates",
        translations=FOLDER.parent / "translations",
        styles=(FOLDER / "national.css",),
        template_globals={
            "words": saying.say_words,
            "bare_words": saying.say_bare,
            "level_name": saying.say_level,
            "dimension_name": saying.say_dimension,
            "code_name": saying.say_code,
            "bare_code": saying.bare_code,
            "area_name": saying.say_area,
            "bare_area": saying.bare_area,
            "reason_of": saying.say_reason,
            "bare_reason": saying.bare_reason,
            "num": saying.say_number,
            "fact_sentence": plans_pages.say_fact,
            "epsilon": ledger_pages.say_epsilon,
            "bench_address": address,
            "of_area": of_area,
        },
    )
