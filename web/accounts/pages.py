"""The pages of signing in: with a name and a password, with a passkey, for the first time, and out again."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from trust.errors import N_
from web.accounts.current import (
    current_account,
    enrolling_account,
    keep_token,
    require_account,
    start_session,
)
from web.accounts.errors import (
    CodeRefused,
    LoginNameRefused,
    LoginNameTaken,
    PasswordsDiffer,
    PasswordTooShort,
    PasswordTooSimple,
    SignInNeeded,
)
from web.accounts.names import accept_login_name, fold_login_name
from web.accounts.passwords import accept_password
from web.accounts.schemas import CodeForm, ConfirmForm, NewPasswordForm, SignInForm
from web.accounts.service import (
    SignInRefused,
    confirm_password,
    find_login_name,
    redeem_code,
    set_password,
    sign_in_with_password,
    spend_code,
)
from web.accounts.sessions import end_session, step_up
from web.addresses import local_path
from web.context import now, transaction
from web.cookies import clear_cookie, session_cookie
from web.dates import say_time
from web.forms import explain, read_form
from web.i18n import say
from web.notices import leave_notice
from web.routes import declares

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/sign-in")
@declares(requires="anyone", discloses="none")
def show_sign_in() -> ResponseReturnValue:
    """The sign-in page; who is signed in already goes on."""
    target = local_path(request.args.get("next"))
    if current_account() is not None:
        return redirect(target, 303)
    return _sign_in_page({"next": target}, {})


@blueprint.post("/sign-in")
@declares(requires="anyone", discloses="none")
def sign_in() -> ResponseReturnValue:
    """Sign a family in with name and password; failures are counted whatever comes out."""
    values, errors = read_form(SignInForm())
    if errors:
        return _sign_in_page(values, errors)
    outcome = sign_in_with_password(transaction(), values["login_name"], values["password"], now())
    if isinstance(outcome, SignInRefused):
        transaction().commit()
        return _sign_in_page(values, {"login_name": say_refusal(outcome.locked_until)})
    response = Response(status=303, headers={"Location": local_path(values["next"])})
    start_session(response, outcome.account_id, shared_device=values["shared_device"])
    transaction().commit()
    return response


@blueprint.post("/sign-out")
@declares(requires="anyone", discloses="none")
def sign_out() -> ResponseReturnValue:
    """End the session in the service and in the browser."""
    account = current_account() or enrolling_account()
    if account is not None:
        end_session(transaction(), account.account_id, account.session_id)
        transaction().commit()
    response = Response(status=303, headers={"Location": "/sign-in"})
    clear_cookie(response, session_cookie())
    leave_notice("accounts.signed_out")
    return response


@blueprint.get("/enrol")
@declares(requires="anyone", discloses="none")
def show_enrol() -> ResponseReturnValue:
    """The first step for somebody who holds a code."""
    return _page("accounts/enrol.html", {}, {})


@blueprint.post("/enrol")
@declares(requires="anyone", discloses="none")
def enrol() -> ResponseReturnValue:
    """Check a code and open the session in which the first credential is set up."""
    values, errors = read_form(CodeForm())
    if not errors:
        try:
            redeemed = redeem_code(transaction(), values["code"], now())
        except CodeRefused as refused:
            errors = {"code": explain(refused)}
    if errors:
        return _page("accounts/enrol.html", values, errors)
    response = Response(status=303, headers={"Location": "/enrol/credential"})
    start_session(response, redeemed.account_id, shared_device=values["shared_device"], enrolling=redeemed.code_hash)
    transaction().commit()
    return response


@blueprint.get("/enrol/credential")
@declares(requires="enrolling", discloses="none")
def show_enrol_credential() -> ResponseReturnValue:
    """Families choose a name and a password, or a passkey; staff register a passkey."""
    return _credential_page({}, {})


@blueprint.post("/enrol/credential")
@declares(requires="enrolling", discloses="none")
def enrol_with_password() -> ResponseReturnValue:
    """Set a family's name and password, spend the code, and sign in."""
    account = enrolling_account()
    if account is None or account.enrolling is None:
        raise SignInNeeded()
    values, errors = read_form(NewPasswordForm())
    errors = errors or check_choice(values["login_name"], values["password"], values["password_again"])
    if not errors:
        spend_code(transaction(), account.enrolling, now())
        try:
            set_password(transaction(), account.account_id, values["login_name"], values["password"], now())
        except LoginNameTaken as taken:
            transaction().rollback()
            errors = {"login_name": explain(taken)}
    if errors:
        return _credential_page(values, errors)
    response = Response(status=303, headers={"Location": "/"})
    start_session(response, account.account_id, shared_device=account.shared_device)
    transaction().commit()
    leave_notice("accounts.enrolled")
    return response


@blueprint.get("/confirm")
@declares(requires="signed_in", discloses="none")
def show_confirm() -> ResponseReturnValue:
    """Ask somebody signed in to prove anew who they are, before a step that needs it."""
    return _confirm_page({"next": local_path(request.args.get("next"))}, {})


@blueprint.post("/confirm")
@declares(requires="signed_in", discloses="none")
def confirm() -> ResponseReturnValue:
    """Check the password once more; the session gets a new token."""
    account = require_account()
    values, errors = read_form(ConfirmForm())
    if errors:
        return _confirm_page(values, errors)
    outcome = confirm_password(transaction(), account.account_id, values["password"], now())
    if isinstance(outcome, SignInRefused):
        transaction().commit()
        return _confirm_page(values, {"password": say_refusal(outcome.locked_until)})
    response = Response(status=303, headers={"Location": local_path(values["next"])})
    keep_token(response, step_up(transaction(), account, now()))
    transaction().commit()
    return response


@blueprint.post("/session/continue")
@declares(requires="signed_in", discloses="none")
def continue_session() -> ResponseReturnValue:
    """Go on with a session that is about to end; the request itself is the sign of life. Answers seconds left."""
    return {"lasts": int((require_account().ends_at - now()).total_seconds())}


def say_refusal(locked_until: datetime | None) -> Markup:
    """Return why a password did not help, without telling whether the name exists."""
    if locked_until is None:
        return say(N_("The name or the password is not right. Check both and try again."))
    return say(
        N_("There were too many failed attempts with this name. Try again after %(time)s, or use a passkey now."),
        time=say_time(locked_until),
    )


def check_choice(login_name: str, password: str, again: str) -> dict[str, Markup]:
    """Return what is wrong with a chosen name and password, field by field, all at once."""
    errors: dict[str, Markup] = {}
    try:
        accept_login_name(login_name)
    except LoginNameRefused as refused:
        errors["login_name"] = explain(refused)
    try:
        accept_password(password, fold_login_name(login_name))
    except (PasswordTooShort, PasswordTooSimple) as refused:
        errors["password"] = explain(refused)
    if password != again:
        errors["password_again"] = explain(PasswordsDiffer())
    return errors


def _sign_in_page(values: dict[str, Any], errors: dict[str, Markup]) -> ResponseReturnValue:
    return _page("accounts/sign_in.html", values, errors)


def _credential_page(values: dict[str, Any], errors: dict[str, Markup]) -> ResponseReturnValue:
    return _page("accounts/enrol_credential.html", values, errors, account=enrolling_account())


def _confirm_page(values: dict[str, Any], errors: dict[str, Markup]) -> ResponseReturnValue:
    account = require_account()
    has_password = find_login_name(transaction(), account.account_id) is not None
    return _page("accounts/confirm.html", values, errors, has_password=has_password)


def _page(template: str, values: dict[str, Any], errors: dict[str, Markup], **more: object) -> ResponseReturnValue:
    return render_template(template, values=values, errors=errors, **more), 422 if errors else 200
