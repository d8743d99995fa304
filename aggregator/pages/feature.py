"""The public pages of the national side as a feature: start, workbench, plans, rounds, ledger, method."""

from importlib.resources import files
from pathlib import Path

from aggregator.pages import start_pages
from web.shell import Feature

FOLDER = Path(str(files("aggregator"))) / "pages"


def pages_feature() -> Feature:
    """Return the pages that anyone may read. Each module of this room named `…_pages` brings one blueprint."""
    return Feature(
        name="national",
        blueprints=(start_pages.blueprint,),
        templates=FOLDER / "templates",
        translations=FOLDER.parent / "translations",
        styles=(FOLDER / "national.css",),
    )
