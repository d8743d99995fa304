"""What can go wrong with rounds, in words that say what to do next."""

from trust.errors import N_, ManabiError


class RoundUnknown(ManabiError):
    """No round with that name at this server."""

    code = "rounds.unknown"
    status = 404
    title = N_("There is no such round here.")
    remedy = N_("Look up the round in the list of rounds and use its address from there.")


class PlanUnknown(ManabiError):
    """No approved plan with that digest at this server."""

    code = "rounds.plan_unknown"
    status = 404
    title = N_("There is no approved plan with this digest here.")
    remedy = N_("Look up the plan in the list of plans. The leader hands a plan over once two officers approved it.")


class NotThisServer(ManabiError):
    """A step that the other server does."""

    code = "rounds.not_this_server"
    status = 409
    title = N_("This server does not do this step (it is the %(role)s).")
    remedy = N_("Plans are approved, and rounds opened and closed, at the leader alone.")


class RoundNotNow(ManabiError):
    """A step that the round's state does not allow."""

    code = "rounds.not_now"
    status = 409
    title = N_("The round cannot take this step now (%(reason)s).")
    remedy = N_("Nothing was changed. The page of the round shows its state and which step comes next.")


class SubmissionLate(ManabiError):
    """A submission after the list was closed."""

    code = "rounds.too_late"
    status = 409
    title = N_("The round takes no submissions now.")
    remedy = N_(
        "Nothing was kept. A service that was in no earlier round of this date can still count in a supplement, which"
        " the leader announces as a round of its own. A correction of what was counted waits for a repeated round."
    )


class RegistryMissing(ManabiError):
    """There is no participant registry in force, so nobody can be told from anybody else."""

    code = "rounds.registry_missing"
    status = 503
    title = N_("This server holds no participant registry that is in force.")
    remedy = N_("The operator installs the registrar's newest document. Nothing was changed.")


class PeerUnproven(ManabiError):
    """A call between the servers that the named server did not make, or did not make now."""

    code = "rounds.peer_unproven"
    status = 401
    title = N_("The call does not come from the other server (%(reason)s).")
    remedy = N_("Nothing was done. The operators compare clocks, and the keys that the participant registry lists.")
