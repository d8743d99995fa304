"""The passkey ceremonies as JSON, for the page's script and for software that acts as a person's device."""

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from trust.errors import N_
from web.accounts.current import (
    current_account,
    enrolling_account,
    keep_token,
    require_account,
    start_session,
)
from web.accounts.errors import SignInNeeded, StepUpNeeded
from web.accounts.models import AccountKind, CeremonyPurpose
from web.accounts.passkeys import (
    Begun,
    Challenge,
    RelyingParty,
    begin_confirmation,
    begin_registration,
    begin_sign_in,
    register_passkey,
    take_challenge,
    verify_passkey,
)
from web.accounts.schemas import (
    NextAnswer,
    OptionsAnswer,
    RegisterBody,
    RegisterOptionsBody,
    SignInBody,
)
from web.accounts.service import find_login_name, spend_code
from web.accounts.sessions import CurrentAccount, step_up
from web.addresses import local_path
from web.context import current_shell, now, transaction
from web.i18n import say_plain
from web.interface import JsonBlueprint
from web.notices import leave_notice
from web.routes import declares

blueprint = JsonBlueprint(
    "passkeys",
    __name__,
    url_prefix="/sign-in/passkey",
    description="Passkey ceremonies (WebAuthn). Every request carries the header X-CSRF-Token.",
)


@blueprint.route("/options", methods=["POST"])
@declares(requires="anyone", discloses="none")
@blueprint.response(200, OptionsAnswer)
def sign_in_options() -> dict[str, Any]:
    """Begin a sign-in with a passkey."""
    return _committed(begin_sign_in(transaction(), _party(), now()))


@blueprint.route("/verify", methods=["POST"])
@declares(requires="anyone", discloses="none")
@blueprint.arguments(SignInBody)
@blueprint.alt_response(200, schema=NextAnswer)
def sign_in_verify(body: dict[str, Any]) -> ResponseReturnValue:
    """Sign in with the answer of a passkey; sets the session cookie."""
    challenge = _take(body, CeremonyPurpose.SIGN_IN)
    account_id = verify_passkey(transaction(), _party(), challenge, body["credential"], now())
    response = jsonify(next=local_path(body["next"]))
    start_session(response, account_id, shared_device=body["shared_device"])
    transaction().commit()
    return response


@blueprint.route("/register/options", methods=["POST"])
@declares(requires="anyone", discloses="none")
@blueprint.arguments(RegisterOptionsBody)
@blueprint.response(200, OptionsAnswer)
def register_options(body: dict[str, Any]) -> dict[str, Any]:
    """Begin to register a passkey: right after a code was typed, or signed in and freshly confirmed."""
    owner = _owner()
    label = body["label"].strip() or _default_label(owner)
    return _committed(begin_registration(transaction(), _party(), owner.account_id, label, now()))


@blueprint.route("/register/verify", methods=["POST"])
@declares(requires="anyone", discloses="none")
@blueprint.arguments(RegisterBody)
@blueprint.alt_response(200, schema=NextAnswer)
def register_verify(body: dict[str, Any]) -> ResponseReturnValue:
    """Keep a new passkey. After a code, the code is spent and the person is signed in."""
    owner = _owner()
    challenge = _take(body, CeremonyPurpose.REGISTER)
    label = body["label"].strip() or _default_label(owner)
    response = jsonify(next="/" if owner.enrolling else "/my-sign-in")
    if owner.enrolling is not None:
        spend_code(transaction(), owner.enrolling, now())
    register_passkey(transaction(), _party(), owner.account_id, challenge, body["credential"], label, now())
    if owner.enrolling is not None:
        start_session(response, owner.account_id, shared_device=owner.shared_device)
        leave_notice("accounts.enrolled")
    else:
        leave_notice("accounts.passkey_added")
    transaction().commit()
    return response


@blueprint.route("/confirm/options", methods=["POST"])
@declares(requires="signed_in", discloses="none")
@blueprint.response(200, OptionsAnswer)
def confirm_options() -> dict[str, Any]:
    """Begin to prove anew who is signed in."""
    return _committed(begin_confirmation(transaction(), _party(), require_account().account_id, now()))


@blueprint.route("/confirm/verify", methods=["POST"])
@declares(requires="signed_in", discloses="none")
@blueprint.arguments(SignInBody)
@blueprint.alt_response(200, schema=NextAnswer)
def confirm_verify(body: dict[str, Any]) -> ResponseReturnValue:
    """Open the steps that ask for a fresh proof, for five minutes; the session gets a new token."""
    account = require_account()
    challenge = _take(body, CeremonyPurpose.CONFIRM)
    verify_passkey(transaction(), _party(), challenge, body["credential"], now())
    response = jsonify(next=local_path(body["next"]))
    keep_token(response, step_up(transaction(), account, now()))
    transaction().commit()
    return response


def _party() -> RelyingParty:
    return RelyingParty.at(current_shell().settings.public_url, say_plain(N_("Manabi no Kiroku")))


def _take(body: dict[str, Any], purpose: CeremonyPurpose) -> Challenge:
    """Take the challenge for good before the answer is looked at, so that no answer can be tried twice."""
    challenge = take_challenge(transaction(), body["ceremony"], purpose, now())
    transaction().commit()
    return challenge


def _owner() -> CurrentAccount:
    """Return for whom a passkey may be registered now; raises `SignInNeeded` or `StepUpNeeded`."""
    owner = enrolling_account() or current_account()
    if owner is None:
        raise SignInNeeded()
    if owner.enrolling is None and not owner.is_stepped_up(now()):
        raise StepUpNeeded()
    return owner


def _default_label(owner: CurrentAccount) -> str:
    """Return what a device shows a passkey as: the name the person signs in with, or the kind of sign-in."""
    if owner.kind is AccountKind.STAFF:
        return say_plain(N_("Staff sign-in"))
    return find_login_name(transaction(), owner.account_id) or say_plain(N_("Family sign-in"))


def _committed(begun: Begun) -> dict[str, Any]:
    transaction().commit()
    return {"ceremony": begun.ceremony_id, "options": begun.options}
