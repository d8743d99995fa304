"""The node's part in the national count as a feature: plans for families, rounds for boards and operators."""

from importlib.resources import files
from pathlib import Path

from pds.statistics import pages, showing
from web.shell import Feature

_ROOM = Path(str(files("pds"))) / "statistics"


def statistics_feature() -> Feature:
    """Return the pages. Needs the rules of the accounts feature, the words of look back, and `duty:statistics`."""
    return Feature(
        name="statistics",
        blueprints=(pages.blueprint,),
        templates=_ROOM / "templates",
        template_globals={
            "plan_text": showing.text_of,
            "plan_counts": showing.kind_label,
            "grade_label": showing.grade_label,
            "sex_label": showing.sex_label,
            "situation_of": showing.situation_of,
            "trouble_of": showing.trouble_of,
        },
    )
