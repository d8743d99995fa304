"""Reading a page's form: values of bounded size, and for each wrong field one sentence that says what to do."""

from collections.abc import Mapping
from typing import Any

from flask import request
from markupsafe import Markup
from marshmallow import EXCLUDE, Schema, ValidationError

from trust.errors import ManabiError
from web.i18n import Locale, current_view, say


class FormSchema(Schema):
    """A form; fields it does not know (the token, the buttons) are left out. Error texts are message ids."""

    class Meta:
        """Browsers send more than the form asks for."""

        unknown = EXCLUDE


def read_form(schema: Schema) -> tuple[dict[str, Any], dict[str, Markup]]:
    """Return the values that can be used, and the sentences for the fields whose values cannot."""
    try:
        return dict(schema.load(request.form.to_dict())), {}
    except ValidationError as wrong:
        messages = wrong.messages if isinstance(wrong.messages, dict) else {"": wrong.messages}
        return dict(wrong.valid_data or {}), {field: say(str(_first(found))) for field, found in messages.items()}


def explain(error: ManabiError) -> Markup:
    """Return both sentences of an error, for the field it belongs to. Japanese sentences stand without a space."""
    space = "" if current_view().locale is Locale.JA else " "
    return say(error.title, **error.params) + space + say(error.remedy, **error.params)


def _first(found: object) -> object:
    if isinstance(found, Mapping):
        return _first(next(iter(found.values())))
    return found[0] if isinstance(found, list) else found
