"""The page "my sign-in": where I am signed in, my passkeys, my password."""

from uuid import UUID

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from web.accounts.current import require_account
from web.accounts.pages import check_choice, say_refusal
from web.accounts.passkeys import list_passkeys, remove_passkey
from web.accounts.schemas import ChangePasswordForm
from web.accounts.service import SignInRefused, confirm_password, find_login_name, set_password
from web.accounts.sessions import end_session, end_sessions, list_sessions
from web.context import now, transaction
from web.forms import read_form
from web.notices import leave_notice
from web.routes import declares

blueprint = Blueprint("my_sign_in", __name__, url_prefix="/my-sign-in")


@blueprint.get("")
@declares(requires="signed_in", discloses="none")
def show() -> ResponseReturnValue:
    """Everything about one's own sign-in on one page."""
    account = require_account()
    return render_template(
        "accounts/my_sign_in.html",
        account=account,
        login_name=find_login_name(transaction(), account.account_id),
        passkeys=list_passkeys(transaction(), account.account_id),
        sessions=list_sessions(transaction(), account.account_id, now()),
    )


@blueprint.post("/sessions/<uuid:session_id>/end")
@declares(requires="signed_in", discloses="none")
def end_one_session(session_id: UUID) -> ResponseReturnValue:
    """End one session, for instance on a device left somewhere."""
    end_session(transaction(), require_account().account_id, session_id)
    transaction().commit()
    leave_notice("accounts.session_stopped")
    return redirect("/my-sign-in", 303)


@blueprint.post("/sessions/end-others")
@declares(requires="signed_in", discloses="none")
def end_other_sessions() -> ResponseReturnValue:
    """End every session but this one."""
    account = require_account()
    end_sessions(transaction(), account.account_id, keep=account.session_id)
    transaction().commit()
    leave_notice("accounts.session_stopped")
    return redirect("/my-sign-in", 303)


@blueprint.get("/passkeys/new")
@declares(requires="stepped_up", discloses="none")
def show_new_passkey() -> ResponseReturnValue:
    """Add a passkey, after a fresh proof of who one is."""
    return render_template("accounts/new_passkey.html")


@blueprint.post("/passkeys/<uuid:passkey_id>/remove")
@declares(requires="stepped_up", discloses="none")
def remove_one_passkey(passkey_id: UUID) -> ResponseReturnValue:
    """Remove a passkey, unless nothing else would be left."""
    remove_passkey(transaction(), require_account().account_id, passkey_id)
    transaction().commit()
    leave_notice("accounts.passkey_removed")
    return redirect("/my-sign-in", 303)


@blueprint.get("/passkeys/<uuid:passkey_id>/remove")
@declares(requires="stepped_up", discloses="none")
def show_remove_passkey(passkey_id: UUID) -> ResponseReturnValue:
    """Ask once more before a passkey is removed."""
    known = {line.passkey_id: line for line in list_passkeys(transaction(), require_account().account_id)}
    if passkey_id not in known:
        return redirect("/my-sign-in", 303)
    return render_template("accounts/remove_passkey.html", passkey=known[passkey_id])


@blueprint.get("/password")
@declares(requires="family", discloses="none")
def show_password() -> ResponseReturnValue:
    """Change the password."""
    return render_template("accounts/password.html", errors={}, login_name=_login_name())


@blueprint.post("/password")
@declares(requires="family", discloses="none")
def change_password() -> ResponseReturnValue:
    """Replace the password after the old one was given; sessions elsewhere end."""
    account, login_name = require_account(), _login_name()
    if login_name is None:
        return redirect("/my-sign-in", 303)
    values, errors = read_form(ChangePasswordForm())
    errors = errors or check_choice(login_name, values["password"], values["password_again"])
    if not errors:
        outcome = confirm_password(transaction(), account.account_id, values["current_password"], now())
        transaction().commit()
        if isinstance(outcome, SignInRefused):
            errors = {"current_password": say_refusal(outcome.locked_until)}
    if errors:
        return render_template("accounts/password.html", errors=errors, login_name=login_name), 422
    set_password(transaction(), account.account_id, login_name, values["password"], now())
    end_sessions(transaction(), account.account_id, keep=account.session_id)
    transaction().commit()
    leave_notice("accounts.password_changed")
    return redirect("/my-sign-in", 303)


def _login_name() -> str | None:
    return find_login_name(transaction(), require_account().account_id)
