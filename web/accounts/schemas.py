"""Forms of the sign-in pages, and the JSON bodies of the passkey ceremonies. Every size is bounded."""

from marshmallow import Schema, fields, validate

from trust.errors import N_
from web.forms import FormSchema

_NAME = N_("Enter your sign-in name.")
_PASSWORD = N_("Enter your password.")
_CODE = N_("Enter the code from your letter.")


def _text(missing: str, longest: int = 200) -> fields.String:
    return fields.String(
        required=True,
        validate=[validate.Length(min=1, max=longest, error=missing)],
        error_messages={"required": missing, "invalid": missing},
    )


def _next_page() -> fields.String:
    return fields.String(load_default="/", validate=[validate.Length(max=1000)])


class SignInForm(FormSchema):
    """Name and password of a family."""

    login_name = _text(_NAME)
    password = _text(_PASSWORD)
    shared_device = fields.Boolean(load_default=False)
    next = _next_page()


class CodeForm(FormSchema):
    """The first step of a first sign-in."""

    code = _text(_CODE, 60)
    shared_device = fields.Boolean(load_default=False)


class NewPasswordForm(FormSchema):
    """A family chooses its name and password."""

    login_name = _text(_NAME)
    password = _text(_PASSWORD)
    password_again = _text(_PASSWORD)


class ChangePasswordForm(FormSchema):
    """A family replaces its password."""

    current_password = _text(_PASSWORD)
    password = _text(_PASSWORD)
    password_again = _text(_PASSWORD)


class ConfirmForm(FormSchema):
    """Somebody signed in proves anew who they are."""

    password = _text(_PASSWORD)
    next = _next_page()


class RegisterOptionsBody(Schema):
    """Asks for the options of a new passkey."""

    label = fields.String(load_default="", validate=validate.Length(max=60))


class OptionsAnswer(Schema):
    """What the browser needs to begin: the number of the ceremony and the WebAuthn options."""

    ceremony = fields.UUID(required=True)
    options = fields.Dict(required=True)


class VerifyBody(Schema):
    """The browser's answer to a ceremony, as WebAuthn's `toJSON` gives it."""

    ceremony = fields.UUID(required=True)
    credential = fields.Dict(keys=fields.String(), required=True)


class SignInBody(VerifyBody):
    """The answer to a sign-in."""

    shared_device = fields.Boolean(load_default=False)
    next = fields.String(load_default="/", validate=validate.Length(max=1000))


class RegisterBody(VerifyBody):
    """The answer to a registration, with the name its owner gives the passkey."""

    label = fields.String(load_default="", validate=validate.Length(max=60))


class NextAnswer(Schema):
    """Where to go on."""

    next = fields.String(required=True)
