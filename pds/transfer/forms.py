"""The forms of these pages: beginning a move, the board's enrolment decision, and what to ask the old school for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from flask import request
from markupsafe import Markup
from marshmallow import fields, validate
from werkzeug.datastructures import MultiDict

from consent.age import japan_midnight, school_year_end, school_year_of
from consent.scope import Scope, Terms
from consent.vocabulary import Category, Frequency, Mode, Move
from trust.errors import N_
from web.forms import FormSchema
from web.i18n import say

OUTGOING_MOVES: Final = (Move.TRANSFER, Move.PROMOTION)
SEXES: Final = ("male", "female", "unspecified")
LONGEST_USE: Final = timedelta(days=366)
"""How far ahead the end of a request may lie; the family can shorten it."""
_DAY = N_("Enter the day as year, month and day.")


def _text(missing: str, longest: int) -> fields.String:
    return fields.String(
        required=True,
        validate=[
            validate.Length(min=1, error=missing),
            validate.Length(max=longest, error=N_("This is too long. Shorten it.")),
        ],
        error_messages={"required": missing, "invalid": missing},
    )


def _day(missing: str = _DAY) -> fields.Date:
    return fields.Date(required=True, error_messages={"required": missing, "invalid": missing, "null": missing})


class StartForm(FormSchema):
    """A family has given notice that the child leaves. `left_on` is the last day at this school."""

    move = fields.Enum(
        Move,
        by_value=True,
        load_default=Move.TRANSFER,
        validate=[validate.OneOf(OUTGOING_MOVES, error=N_("Choose what kind of move it is."))],
        error_messages={"unknown": N_("Choose what kind of move it is.")},
    )
    left_on = _day(N_("Enter the last day at this school."))
    reason = fields.String(
        load_default="", validate=[validate.Length(max=400, error=N_("This is too long. Shorten it."))]
    )
    slip_language = fields.String(load_default="ja")


class DecisionForm(FormSchema):
    """The board's enrolment decision, copied from the papers that the family brought."""

    class_id = fields.UUID(
        required=True,
        error_messages={"required": N_("Choose the class."), "invalid_uuid": N_("Choose the class.")},
    )
    family_name = _text(N_("Enter the family name as in the resident register."), 60)
    given_name = _text(N_("Enter the given name as in the resident register."), 60)
    family_name_kana = _text(N_("Enter the reading of the family name."), 60)
    given_name_kana = _text(N_("Enter the reading of the given name."), 60)
    birth_date = _day(N_("Enter the birth date."))
    sex = fields.String(
        required=True,
        validate=[validate.OneOf(SEXES, error=N_("Choose what the register says."))],
        error_messages={"required": N_("Choose what the register says.")},
    )
    accepted_on = _day(N_("Enter the day on which the school accepts the child."))
    ticket = _text(N_("Enter the ticket that the family brought."), 80)
    source_id = fields.String(
        load_default="", validate=[validate.Length(max=120, error=N_("This is too long. Shorten it."))]
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What the clerk chose: for each ticked category the first school year, the last day of use, the day of erasure."""

    ticked: frozenset[Category] = frozenset()
    since: Mapping[Category, int] = field(default_factory=dict, hash=False)
    until: date | None = None
    erase_on: date | None = None
    frequency: Frequency = Frequency.ONCE

    def terms(self, statutory: Collection[Category], first_year: int, today: date) -> Terms:
        """Return the terms to lodge: the categories of the law for every year, the chosen ones from their year on.

        The day `until` is included whole, so the terms end when it does. Needs a choice without errors.
        """
        if self.until is None:
            raise ValueError("a request needs an end")
        now_year = school_year_of(today)
        wanted = {category: range(first_year, now_year + 1) for category in statutory}
        wanted |= {category: range(max(since, first_year), now_year + 1) for category, since in self.since.items()}
        return Terms(
            Scope.of(wanted), Mode.STORE, japan_midnight(self.until + timedelta(days=1)), self.erase_on, self.frequency
        )


def proposed(today: date) -> Asked:
    """Return what the form shows at first: no category, and the end of the school year, at least two months ahead."""
    end = school_year_end(school_year_of(today + timedelta(days=60)))
    return Asked(until=end, erase_on=end)


def years_between(first_year: int, today: date) -> tuple[int, ...]:
    """Return the school years a child may have records of, the present one first."""
    return tuple(range(school_year_of(today), first_year - 1, -1))


def read_asked(choosable: Collection[Category], first_year: int, today: date) -> tuple[Asked, dict[str, Markup]]:
    """Read the request's asking form; the errors name their field."""
    return _read_asked(request.form, choosable, first_year, today)


def _read_asked(
    form: MultiDict[str, str], choosable: Collection[Category], first_year: int, today: date
) -> tuple[Asked, dict[str, Markup]]:
    errors: dict[str, Markup] = {}
    since: dict[Category, int] = {}
    ticked = frozenset(category for category in choosable if category.value in form.getlist("category"))
    for category in ticked:
        year = form.get(f"since-{category}", type=int)
        if year is None or year not in years_between(first_year, today):
            errors[f"since-{category}"] = say(N_("Choose from which school year on."))
        else:
            since[category] = year
    until, erase_on = _read_day(form.get("until")), _read_day(form.get("erase_on"))
    if until is None or not today <= until <= today + LONGEST_USE:
        errors["until"] = say(N_("Enter a day from today on, at most a year ahead."))
    if erase_on is None or (until is not None and erase_on < until):
        errors["erase_on"] = say(N_("Enter a day that is not before the end of use."))
    wanted = form.get("frequency", Frequency.ONCE.value)
    frequency = Frequency(wanted) if wanted in list(Frequency) else Frequency.ONCE
    return Asked(ticked, since, until, erase_on, frequency), errors


def _read_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def chosen_uuid(text: str | None) -> UUID | None:
    """Return what an address names, None where it is no identifier."""
    try:
        return UUID(text or "")
    except ValueError:
        return None
