"""What can go wrong with signing in, each with what to do next."""

from trust.errors import N_, ManabiError


class SignInNeeded(ManabiError):
    """Nobody is signed in, or the session has ended."""

    code = "accounts.sign_in_needed"
    status = 401
    title = N_("You need to sign in for this.")
    remedy = N_("Sign in, then do it once more.")


class StepUpNeeded(ManabiError):
    """The person must prove anew who they are before this step."""

    code = "accounts.step_up_needed"
    status = 403
    title = N_("For this step we need to be sure that it is you.")
    remedy = N_("Enter your password or use your passkey once more, then go on.")


class WrongKindOfAccount(ManabiError):
    """The page is for the other kind of account."""

    code = "accounts.wrong_kind"
    status = 403
    title = N_("This page is not for the sign-in you are using.")
    remedy = N_("Go to the first page. If you have another sign-in, sign out and use that one.")


class CodeRefused(ManabiError):
    """The code is wrong, expired, replaced by a newer one, or used; which of these is not told."""

    code = "accounts.code_refused"
    status = 422
    title = N_("This code cannot be used.")
    remedy = N_("Check every character. A code works once and for 7 days; if it is older, ask for a new one.")


class LoginNameRefused(ManabiError):
    """The login name breaks a rule of form."""

    code = "accounts.login_name_refused"
    status = 422
    title = N_("This name cannot be used for signing in.")
    remedy = N_("Choose 4 to 64 letters or digits without spaces.")


class LoginNameTaken(ManabiError):
    """Somebody else has this login name."""

    code = "accounts.login_name_taken"
    status = 422
    title = N_("Somebody else already uses this name.")
    remedy = N_("Choose another name, for example with a number added.")


class PasswordTooShort(ManabiError):
    """Fewer characters than the rule asks for."""

    code = "accounts.password_too_short"
    status = 422
    title = N_("This password is too short.")
    remedy = N_("Use 10 characters or more. Several words in a row are easy to remember.")


class PasswordTooSimple(ManabiError):
    """The password is the login name, or a handful of characters over and over."""

    code = "accounts.password_too_simple"
    status = 422
    title = N_("This password is too easy to guess.")
    remedy = N_("Do not use your sign-in name, or the same characters over and over.")


class PasswordsDiffer(ManabiError):
    """The two entries of a new password are not the same."""

    code = "accounts.passwords_differ"
    status = 422
    title = N_("The two passwords are not the same.")
    remedy = N_("Enter the same password in both fields.")


class PasswordNotAllowed(ManabiError):
    """Staff accounts have no password."""

    code = "accounts.password_not_allowed"
    status = 422
    title = N_("Staff sign in with a passkey, not with a password.")
    remedy = N_("Register a passkey on this page.")


class PasskeyRefused(ManabiError):
    """A passkey answer that does not fit: unknown, altered, outdated, or without verification of its owner."""

    code = "accounts.passkey_refused"
    status = 422
    title = N_("The passkey could not be used.")
    remedy = N_("Try once more. If it does not work again, use another passkey or ask for a new code.")


class LastCredential(ManabiError):
    """Taking this away would leave no way to sign in."""

    code = "accounts.last_credential"
    status = 422
    title = N_("This is your only way to sign in.")
    remedy = N_("Add another passkey first, then remove this one.")


class KindDiffers(ManabiError):
    """The subject has an account of the other kind already."""

    code = "accounts.kind_differs"
    status = 409
    title = N_("This person already has a sign-in of the other kind.")
    remedy = N_("Issue the code for the kind of sign-in the person has.")
