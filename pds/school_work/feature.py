"""The everyday pages of staff as a feature of a node."""

from importlib.resources import files
from pathlib import Path

from consent.vocabulary import Duty
from pds.school_work import code_pages, pages
from pds.school_work.asking import desk_in_view, require_desk, require_duty, require_fresh_staff
from web.shell import Feature

_ROOM = Path(str(files("pds"))) / "school_work"


def school_work_feature() -> Feature:
    """Return first page, class lists and sign-in codes of staff, and a rule `duty:…` for each duty of an office.

    `duty:…:fresh` asks besides for a fresh proof of who is asking.
    Needs the rules of the accounts feature and the words of look back.
    """
    return Feature(
        name="school_work",
        blueprints=(pages.blueprint, code_pages.blueprint),
        templates=_ROOM / "templates",
        rules={
            **{f"duty:{duty}": require_duty(duty) for duty in Duty},
            **{f"duty:{duty}:fresh": require_duty(duty, fresh=True) for duty in Duty},
            "staff:fresh": require_fresh_staff,
            "staff:desk": require_desk(),
            "staff:desk:fresh": require_desk(fresh=True),
            "duty:transfers": require_duty(Duty.SEND_TRANSFER, Duty.RECEIVE_TRANSFER, Duty.DECIDE_ENROLMENT),
            "duty:statistics": require_duty(Duty.SEE_NODE_HEALTH, Duty.DECIDE_ENROLMENT),
            "duty:codes": require_duty(Duty.ISSUE_FAMILY_CODE, Duty.ISSUE_STAFF_CODE),
        },
        template_globals={"desk_in_view": desk_in_view},
        styles=(_ROOM / "school_work.css",),
    )
