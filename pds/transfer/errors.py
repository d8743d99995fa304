"""What can go wrong with a case, a message or another node, each with what to do next."""

from trust.errors import N_, ManabiError


class CaseUnknown(ManabiError):
    """No such case, or none that this office may know of."""

    code = "transfer.case_unknown"
    status = 404
    title = N_("There is no such transfer here.")
    remedy = N_("Go back to the list and open it from there.")


class NotNow(ManabiError):
    """The case has gone on since the page was loaded; the step does not fit its state any more."""

    code = "transfer.not_now"
    status = 409
    title = N_("This step does not fit the state of the transfer any more.")
    remedy = N_("Load the page again and look how far it is.")


class ChildTwice(ManabiError):
    """There is an open case for this child already."""

    code = "transfer.open_already"
    status = 409
    title = N_("A transfer of this child is open already.")
    remedy = N_("Open that transfer, or cancel it before you begin another.")


class DecisionRefused(ManabiError):
    """The enrolment decision does not fit what the node knows: another birth date, a foreign class, a closed child."""

    code = "transfer.decision_refused"
    status = 422
    title = N_("The decision does not fit what is known here (%(reason)s).")
    remedy = N_("Check name, birth date, class and identifier, and enter it again.")


class SenderUnknown(ManabiError):
    """The ticket names a node that the registry does not hold, or there is no registry in force."""

    code = "transfer.sender_unknown"
    status = 422
    title = N_("The ticket comes from a place that is not in the registry of participants.")
    remedy = N_("Check the first characters of the ticket. If they are right, ask the old school's board.")


class OwnTicket(ManabiError):
    """The ticket was issued by this very node: nothing has to travel."""

    code = "transfer.own_ticket"
    status = 422
    title = N_("This ticket was issued here: the old school uses the same service.")
    remedy = N_("Enrol the child through the roster. The records are here already.")


class RegistryMissing(ManabiError):
    """The node knows no other one: without a registry nothing can be sent or believed."""

    code = "transfer.no_registry"
    status = 503
    title = N_("This service knows no other participant yet.")
    remedy = N_("The operator installs the registry of participants. Nothing is lost; try again afterwards.")


class MessageRefused(ManabiError):
    """A message whose sender, signature or form does not stand; nothing of it was kept."""

    code = "transfer.message_refused"
    status = 400
    title = N_("The message cannot be accepted (%(reason)s).")
    remedy = N_("Check key, audience and registry version, and send it again.")


class AccessRefused(ManabiError):
    """The recipient's token opens nothing (more): the grant or dossier is over, paused or never was."""

    code = "transfer.access_refused"
    status = 403
    title = N_("This access is not, or no longer, open.")
    remedy = N_("Stop pulling. A message tells when a grant has ended; ask for a new token otherwise.")
