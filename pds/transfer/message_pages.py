"""Messages to other services that wait or were given up, for the operator. No child is named, and no id of one."""

from uuid import UUID

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from pds.sharing.asking import current_node
from pds.transfer import messages
from pds.transfer.desk import ring
from pds.transfer.messages import Kind, OutState
from trust.errors import N_
from web.context import now, transaction
from web.notices import leave_notice
from web.routes import declares

blueprint = Blueprint("messages", __name__, url_prefix="/staff/node/messages")
KINDS = {
    Kind.ENROLMENT_NOTICE: N_("A child has been accepted"),
    Kind.DOSSIER_READY: N_("Documents can be fetched"),
    Kind.DOCUMENTS_RECEIVED: N_("Documents have come, or were not accepted"),
    Kind.GRANT_ENDED: N_("A permission has ended"),
    Kind.GRANT_END_ANSWER: N_("What came under a permission has been erased"),
    Kind.TRANSFER_CANCELLED: N_("A move was cancelled"),
}


@blueprint.get("/")
@declares(requires="duty:see_node_health", discloses="none")
def waiting() -> ResponseReturnValue:
    """What has not been delivered yet, those given up first."""
    found = messages.list_out(transaction())
    lines = sorted(found, key=lambda line: (line.state is not OutState.DEAD, line.created_at))
    return render_template("transfer/messages.html", lines=lines, kinds=KINDS, dead=OutState.DEAD)


@blueprint.post("/<uuid:message>/again")
@declares(requires="duty:see_node_health", discloses="none")
def again(message: UUID) -> ResponseReturnValue:
    """Send a message again that was given up."""
    messages.resend(transaction(), current_node(), message, now())
    transaction().commit()
    ring()
    leave_notice("transfer.message_again")
    return redirect("/staff/node/messages/", 303)
