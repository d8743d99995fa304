"""Why an outside client stops: each names what it asked, what it got, and what to try."""

from trust.errors import N_, ManabiError


class AddressRefused(ManabiError):
    """The client was led, or told, to go where it must not: another origin, or outside this machine."""

    code = "check.address_refused"
    status = 400
    title = N_("The check does not call %(address)s.")
    remedy = N_("Give the address of a service on this machine, or allow a remote one expressly.")


class RequestFailed(ManabiError):
    """No answer that could be read: no connection, too slow, too large, not what its media type says."""

    code = "check.request_failed"
    status = 502
    title = N_("%(address)s gave no usable answer: %(reason)s.")
    remedy = N_("See whether the service runs and what its log says, then run the check again.")


class CeremonyRefused(ManabiError):
    """The software authenticator will not take part: a browser and a real passkey would refuse as well."""

    code = "check.ceremony_refused"
    status = 400
    title = N_("The passkey does not answer: %(reason)s.")
    remedy = N_("See which options the service sends for passkeys, then run the check again.")


class Unmet(ManabiError):
    """What a step expects is not so."""

    code = "check.unmet"
    status = 422
    title = N_("Expected: %(expected)s. Found: %(found)s.")
    remedy = N_("See the log of the service, then run the check again.")


class ScenarioUnknown(ManabiError):
    """There is no walk of this name."""

    code = "check.scenario_unknown"
    status = 404
    title = N_("There is no scenario named %(scenario)s.")
    remedy = N_("Choose one of: %(known)s.")
