"""The everyday pages of staff as a feature of a node."""

from importlib.resources import files
from pathlib import Path

from consent.vocabulary import Duty
from pds.school_work import pages
from pds.school_work.asking import desk_in_view, require_duty
from web.shell import Feature

_ROOM = Path(str(files("pds"))) / "school_work"


def school_work_feature() -> Feature:
    """Return first page, class lists and sign-in codes of staff, and a rule `duty:…` for each duty of an office.

    Needs the rules of the accounts feature and the words of look back.
    """
    return Feature(
        name="school_work",
        blueprints=(pages.blueprint,),
        templates=_ROOM / "templates",
        rules={f"duty:{duty}": require_duty(duty) for duty in Duty},
        template_globals={"desk_in_view": desk_in_view},
        styles=(_ROOM / "school_work.css",),
    )
