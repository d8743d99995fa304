"""Accounts as a feature of any service."""

from trust.errors import N_
from web.accounts import api, my_pages, pages
from web.accounts.current import (
    account_in_view,
    require_enrolling,
    require_family,
    require_signed_in,
    require_staff,
    require_stepped_up,
)
from web.notices import Notice
from web.shell import Feature


def accounts_feature() -> Feature:
    """Return the sign-in pages, the passkey ceremonies, and the rules every other feature's routes may name."""
    return Feature(
        name="accounts",
        blueprints=(pages.blueprint, my_pages.blueprint, api.blueprint),
        rules={
            "signed_in": require_signed_in,
            "family": require_family,
            "staff": require_staff,
            "stepped_up": require_stepped_up,
            "enrolling": require_enrolling,
        },
        notices={
            "accounts.signed_out": Notice(
                "success",
                N_("You are signed out."),
                N_("If other people use this device, close the browser as well."),
            ),
            "accounts.session_ended": Notice(
                "info",
                N_("You were signed out, because nothing was done for a while."),
                N_("What you had already sent is kept. Sign in to go on."),
            ),
            "accounts.enrolled": Notice(
                "success",
                N_("Your sign-in is ready."),
                N_("From now on you do not need the code any more."),
            ),
            "accounts.passkey_added": Notice("success", N_("The passkey was added."), None),
            "accounts.passkey_removed": Notice("success", N_("The passkey was removed."), None),
            "accounts.session_stopped": Notice("success", N_("The session was ended."), None),
            "accounts.password_changed": Notice(
                "success",
                N_("Your password was changed."),
                N_("You were signed out on all other devices."),
            ),
        },
        template_globals={"viewer": account_in_view},
    )
