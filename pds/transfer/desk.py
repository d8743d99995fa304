"""What every edge of this room asks for: duties and cases of whoever is signed in, schools in reach, the bell."""

from uuid import UUID

from flask import current_app, redirect
from flask.typing import ResponseReturnValue

from consent.age import japan_day
from consent.offices import Place, duties_of, may_do
from consent.verdict import Allowed
from consent.vocabulary import Duty
from pds.organisations.registry import KnownOrganisation, OrganisationKind, standing_organisations
from pds.sharing.asking import ask, current_node, current_viewer
from pds.transfer import incoming_views, outgoing, outgoing_api
from pds.transfer.showing import incoming_row, outgoing_row
from pds.transfer.worklist import CaseRow
from web.context import now, transaction
from web.jobs.doorbell import Doorbell

BELL = outgoing_api.BELL


def own_duties() -> frozenset[Duty]:
    """Return the duties of the offices held now."""
    return duties_of(current_viewer().actor, now(), current_node().policy)


def own_cases() -> list[CaseRow]:
    """Return every case in reach of the offices held now, of both sides."""
    duties, rows = own_duties(), []
    if Duty.SEND_TRANSFER in duties:
        rows += [outgoing_row(case, now()) for case in outgoing.list_cases(transaction(), current_node(), ask())]
    if duties & {Duty.RECEIVE_TRANSFER, Duty.DECIDE_ENROLMENT}:
        rows += [incoming_row(case) for case in incoming_views.list_cases(transaction(), current_node(), ask())]
    return rows


def schools_to_decide_for() -> list[KnownOrganisation]:
    """Return the open schools for which whoever is signed in may record an enrolment decision."""
    actor, policy, today = current_viewer().actor, current_node().policy, japan_day(now())
    return [
        one
        for one in standing_organisations(transaction())
        if one.kind is OrganisationKind.SCHOOL
        and not one.closed_by(today)
        and isinstance(
            may_do(actor, Duty.DECIDE_ENROLMENT, now(), policy, where=[Place(one.organisation, one.parent)]), Allowed
        )
    ]


def ring() -> None:
    """Tell the worker that there is something to do; whoever does not hear it finds the work at the next sweep."""
    bell: Doorbell | None = current_app.extensions.get(BELL)
    if bell is not None:
        bell.ring()


def go_to(side: str, learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Commit, wake the worker, and show the case."""
    transaction().commit()
    ring()
    return redirect(f"/staff/transfers/{side}/{learner}/{transfer}/", 303)
