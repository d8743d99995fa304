"""The two answers to a read: allowed, or denied for a reason.

A verdict is a value, never an exception: a denial is written to the access log like an allowance.
"""

from dataclasses import dataclass
from enum import StrEnum

from consent.vocabulary import Relation


class DenialCode(StrEnum):
    """Why a read was refused. Each code has a sentence that says what to do next (``consent.wording``)."""

    SIGN_IN_NEEDED = "sign_in_needed"
    NO_RULE = "no_rule"  # nothing in force opens this; what is unlisted is forbidden
    ROLE_ENDED = "role_ended"
    ROLE_NOT_FOR_CATEGORY = "role_not_for_category"
    ROLE_NOT_FOR_DUTY = "role_not_for_duty"
    NOT_FOR_ONESELF = "not_for_oneself"  # nobody hands themselves a code
    OFFICE_ELSEWHERE = "office_elsewhere"  # a colleague who also acts where the asker's office does not reach
    CODE_OPENS_NOTHING = "code_opens_nothing"  # nothing would be open to whom the code is asked for
    LEFT_SCHOOL = "left_school"  # a former pupil, and a record that does not stay with the school
    ORIGINAL_SENT = "original_sent"  # the original has gone to the next school; the sender keeps none
    SECOND_PERSON_NEEDED = "second_person_needed"  # whoever entered a decision does not check it
    RELATIVE_OF_CHILD = "relative_of_child"  # staff act for their own relatives as relatives alone
    NOT_A_DECIDER = "not_a_decider"  # reads, and has no say in this act
    NOBODY_DECIDES = "nobody_decides"  # no holder who could; nothing widens
    REQUEST_OVER = "request_over"  # settled, withdrawn or expired
    NARROW_ONLY = "narrow_only"  # more than was asked or granted
    NOT_YOUR_PAUSE = "not_your_pause"  # only who paused resumes
    GRANT_NOT_ACTIVE = "grant_not_active"
    GRANT_ENDED = "grant_ended"
    NOT_IN_SCOPE = "not_in_scope"
    DOSSIER_NOT_READY = "dossier_not_ready"  # the family's review has not ended
    CONTACT_ONLY = "contact_only"
    CARER_SUSPENDED = "carer_suspended"
    CARER_UNABLE = "carer_unable"
    AUTHORITY_LOST = "authority_lost"
    CARE_ENDED = "care_ended"
    OF_AGE = "of_age"
    UNKNOWN_CHILD = "unknown_child"
    NOT_YOUR_RECORD = "not_your_record"
    NOT_YOUR_CHILD = "not_your_child"
    NOT_IN_YOUR_CARE = "not_in_your_care"
    CONTACT_BLOCKED = "contact_blocked"
    NOTHING_HERE = "nothing_here"  # what an asker is shown for the five above, and an account without children


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes: as whom, under which rule and article (Japanese), and which fields of the record stay closed even so."""

    relation: Relation
    rule: str
    citation: str
    withheld_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Denied:
    """No, and the reason for the log. What the person asking may be shown is ``public_code`` of it."""

    code: DenialCode


HIDDEN = frozenset(
    {
        DenialCode.UNKNOWN_CHILD,
        DenialCode.NOT_YOUR_RECORD,
        DenialCode.NOT_YOUR_CHILD,
        DenialCode.NOT_IN_YOUR_CARE,
        DenialCode.CONTACT_BLOCKED,
    }
)
"""Reasons from which an asker could learn whether a child is known here. *fixed*"""


def public_code(denied: Denied) -> DenialCode:
    """The code an asker may be shown: one and the same for an unknown child, a stranger's child and a blocked carer.

    The reasons that pass through are either the same whatever is asked for, or told only to the child, to someone whom
    the register itself names as a carer of the child, or to staff who have the child in their care.
    """
    return DenialCode.NOTHING_HERE if denied.code in HIDDEN else denied.code
