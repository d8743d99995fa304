"""What can keep a node from reporting. Light: pages that tell of these load no vectors and no sampler."""

from trust.errors import N_, ManabiError


class FactRefused(ManabiError):
    """A fact that the plan does not allow. It names the place in the fact and the reason, never what stood there."""

    code = "reporter.fact_refused"
    status = 422
    title = N_("What was counted for one child cannot stand (%(place)s: %(reason)s).")
    remedy = N_(
        "Nothing was sent. The records are not at fault; the operator reports it to the makers of the software."
    )

    def __init__(self, *, place: str, reason: str) -> None:
        super().__init__(place=place, reason=reason)


class NoiseUnfit(ManabiError):
    """Kept noise that does not belong to this plan, or was damaged: reporting with it, or anew, would be wrong."""

    code = "reporter.noise_unfit"
    status = 409
    title = N_("The noise that was kept for this round does not fit its plan.")
    remedy = N_("Nothing was sent. Restore the database from the newest backup; do not remove the noise by hand.")


class Overtaken(ManabiError):
    """Another process of this node prepared the same sequence first; its bytes are the ones to send."""

    code = "reporter.overtaken"
    status = 409
    title = N_("This report was prepared by another worker at the same time.")
    remedy = N_("Nothing is lost. The other one is sent.")


class ServerOutOfReach(ManabiError):
    """A server of the national count does not answer, or answers nonsense. Trying again may help, and is done."""

    code = "reporter.server_out_of_reach"
    status = 503
    title = N_("%(server)s cannot be reached now (%(reason)s).")
    remedy = N_("It is tried again by itself. If it lasts, ask the operator of the national count.")


class ServerRefused(ManabiError):
    """A server said no. ``why`` is its stable code."""

    code = "reporter.server_refused"
    status = 409
    title = N_("%(server)s did not take what was sent (%(why)s).")
    remedy = N_("The method page of the national count explains each reason. Ask its operator what to do.")


class NotAnnounced(ManabiError):
    """A round that its servers did not announce as they must: nothing is sent into it."""

    code = "reporter.not_announced"
    status = 422
    title = N_("The round was not announced as it must be (%(reason)s).")
    remedy = N_("Nothing was sent. A round is announced by both servers of the national count; ask their operators.")


class BudgetReached(ManabiError):
    """One more round would cost the children of this node more than the school year allows."""

    code = "reporter.budget_reached"
    status = 409
    title = N_("This round would go beyond what school year %(school_year)s allows for each child.")
    remedy = N_("Nothing was sent. The public ledger of the national count shows what was spent, and on which round.")


class CountedAlready(ManabiError):
    """A supplement is for nodes that were in no earlier round of the date; this one was, or may have been."""

    code = "reporter.counted_already"
    status = 409
    title = N_("This service was counted in an earlier round of this date and stays out of the supplement.")
    remedy = N_("Nothing needs to be done. What was corrected since can be counted in a round that is charged again.")
