"""Handing in school files: the list, the dry run with what it found, applying, and undoing until midnight.

Whoever may import sees the hand-overs that are theirs: their own, and those of the schools in reach. Another's is
answered like one that does not exist.
"""

from uuid import UUID

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from pds.intake import errors, service
from pds.intake.archive import LIMITS
from pds.intake.errors import RunUnknown, UploadEmpty, UploadTooLarge
from pds.intake.findings import Severity
from pds.intake.report import report_csv, severity_label
from pds.intake.service import RunView
from pds.intake.showing import AT_WORK, content_names, gravest, kind_rows, page_of, published_layouts, standing
from pds.people import service as people
from pds.sharing.asking import current_node, current_viewer
from trust.errors import N_, ManabiError
from web.context import now, transaction
from web.forms import explain
from web.i18n import current_view, say, say_plain
from web.jobs.doorbell import Doorbell
from web.jobs.models import JobState
from web.notices import leave_notice
from web.problems import NotFound
from web.routes import declares

blueprint = Blueprint("intake", __name__, url_prefix="/staff/imports")
BELL = "manabi.intake.bell"
_LOOK_AGAIN = 5
_FORM_MARGIN = 64 * 1024
_IMPORTED = ("new", "changed", "unchanged", "ended")
_UNDONE = ("undone", "stayed")
_ERRORS = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ManabiError) and kind is not ManabiError
}


@blueprint.get("/")
@declares(requires="duty:import_files", discloses="none")
def runs() -> ResponseReturnValue:
    """The hand-overs of this officer, newest first, and the form for the next one."""
    return _list_page(None)


@blueprint.post("/")
@declares(requires="duty:import_files", discloses="none", max_body=LIMITS.upload + _FORM_MARGIN)
def hand_in() -> ResponseReturnValue:
    """Take a file in and order its dry run. Nothing is changed by that."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _list_page(say(N_("Choose the file that you want to hand in.")))
    try:
        run_id = service.receive(
            transaction(), current_node(), filename=upload.filename, stream=upload.stream, by=_officer(), now=now()
        )
    except (UploadTooLarge, UploadEmpty) as refused:
        transaction().rollback()
        return _list_page(explain(refused))
    return _go_on(run_id)


@blueprint.get("/layouts/<name>.csv")
@declares(requires="duty:import_files", discloses="none")
def layout(name: str) -> ResponseReturnValue:
    """An empty file of a published layout, with its header and one example row."""
    found = next((one for one in published_layouts() if one.name == name), None)
    if found is None:
        raise NotFound
    return _attachment(found.as_csv(), f"{name}.csv")


@blueprint.get("/<uuid:run_id>/")
@declares(requires="duty:import_files", discloses="none")
def run(run_id: UUID) -> ResponseReturnValue:
    """One hand-over: how far it is, its numbers, what was found, and what can be done with it now."""
    found = _own_run(run_id)
    counts = (found.report or {}).get("findings", {})
    wanted = request.args.get("severity", "")
    severity = Severity(wanted) if wanted in list(Severity) else gravest(counts)
    findings = service.findings_of(transaction(), current_node(), run_id)
    undo_findings = service.undo_findings_of(transaction(), current_node(), run_id)
    locale = current_view().locale.value
    at_work = found.state in AT_WORK and not found.failed
    page = render_template(
        "intake/run.html",
        run=found,
        standing=standing(found),
        at_work=at_work,
        watching=at_work and "still" not in request.args,
        kinds=kind_rows(found.report, _IMPORTED),
        undone=kind_rows(found.undo_report, _UNDONE),
        counts=counts,
        findings=page_of(findings, counts, severity, request.args.get("page", 1, int), say, locale),
        kept=bool(findings),
        undo_findings=page_of(undo_findings, {}, Severity.WARNING, 1, say, locale) if undo_findings else None,
        severities=[(one, severity_label(one)) for one in Severity],
        problem=_problem_of(found),
        who=_names([found.received_by, found.applied_by, found.undone_by]),
        may_undo=found.may_undo(now()),
        contents=content_names(found.content),
    )
    response = Response(page, mimetype="text/html")
    if at_work and "still" not in request.args:
        response.headers["Refresh"] = str(_LOOK_AGAIN)
    return response


@blueprint.get("/<uuid:run_id>/findings.csv")
@declares(requires="duty:import_files", discloses="none")
def findings_file(run_id: UUID) -> ResponseReturnValue:
    """Everything the check found, for the clerk's desk and the maker of the source system."""
    found = _own_run(run_id)
    findings = service.findings_of(transaction(), current_node(), run_id)
    undo_findings = service.undo_findings_of(transaction(), current_node(), run_id)
    content = b"".join(report_csv([*findings, *undo_findings], say_plain, current_view().locale.value))
    return _attachment(content, f"findings-{found.received_at:%Y%m%d-%H%M}.csv")


@blueprint.get("/<uuid:run_id>/apply")
@declares(requires="duty:import_files:fresh", discloses="none")
def confirm_apply(run_id: UUID) -> ResponseReturnValue:
    """Say once more what would be applied."""
    return _confirm_page("intake/apply.html", _own_run(run_id))


@blueprint.post("/<uuid:run_id>/apply")
@declares(requires="duty:import_files:fresh", discloses="none")
def apply(run_id: UUID) -> ResponseReturnValue:
    """Order the apply."""
    _own_run(run_id)
    service.request_apply(transaction(), run_id, by=_officer(), now=now())
    return _go_on(run_id)


@blueprint.get("/<uuid:run_id>/undo")
@declares(requires="duty:import_files:fresh", discloses="none")
def confirm_undo(run_id: UUID) -> ResponseReturnValue:
    """Say what undoing means."""
    return _confirm_page("intake/undo.html", _own_run(run_id))


@blueprint.post("/<uuid:run_id>/undo")
@declares(requires="duty:import_files:fresh", discloses="none")
def undo(run_id: UUID) -> ResponseReturnValue:
    """Order the undo."""
    _own_run(run_id)
    service.request_undo(transaction(), run_id, by=_officer(), now=now())
    return _go_on(run_id)


@blueprint.post("/<uuid:run_id>/cancel")
@declares(requires="duty:import_files", discloses="none")
def cancel(run_id: UUID) -> ResponseReturnValue:
    """Ask the work on a hand-over to stop; nothing of it is applied."""
    _own_run(run_id)
    service.request_cancel(transaction(), run_id)
    leave_notice("intake.cancelling")
    return _go_on(run_id)


def own_runs() -> list[RunView]:
    """Return the newest hand-overs that are this officer's to see."""
    runs = service.list_runs(transaction())
    return [run for run in runs if service.may_handle(transaction(), current_node(), run, _officer(), now=now())]


def _list_page(error: Markup | None) -> ResponseReturnValue:
    found = own_runs()
    page = render_template(
        "intake/list.html",
        runs=[(run, standing(run)) for run in found],
        who=_names([run.received_by for run in found]),
        error=error,
        most=LIMITS.upload // 1024**2,
        layouts=published_layouts(),
    )
    return page, 422 if error else 200


def _confirm_page(template: str, found: RunView) -> ResponseReturnValue:
    return render_template(
        template,
        run=found,
        kinds=kind_rows(found.report, _IMPORTED),
        counts=(found.report or {}).get("findings", {}),
        may_undo=found.may_undo(now()),
    )


def _own_run(run_id: UUID) -> RunView:
    found = service.view_run(transaction(), run_id)
    if found is None or not service.may_handle(transaction(), current_node(), found, _officer(), now=now()):
        raise RunUnknown
    return found


def _officer() -> UUID:
    return current_viewer().person


def _go_on(run_id: UUID) -> ResponseReturnValue:
    """Commit, wake the worker, and show the hand-over."""
    transaction().commit()
    bell: Doorbell = current_app.extensions[BELL]
    bell.ring()
    return redirect(f"/staff/imports/{run_id}/", 303)


def _names(people_named: list[UUID | None]) -> dict[UUID | None, str]:
    return {
        person: people.staff_name(transaction(), person) or "" for person in set(people_named) if person is not None
    }


def _problem_of(found: RunView) -> tuple[str, str, dict[str, object]] | None:
    """Return why the work on a run stopped: title, remedy and their values."""
    if not found.failed or found.job is None:
        return None
    problem = found.job.problem or {}
    kind = _ERRORS.get(problem.get("code", ""))
    if kind is not None:
        return kind.title, kind.remedy, problem.get("params", {})
    if found.job.state is JobState.CANCELLED:
        return (
            N_("The work was stopped, as somebody asked."),
            N_("Nothing was changed. Start it again if you want."),
            {},
        )
    return (
        N_("The work on this file stopped. Nothing was changed."),
        N_("Try it again. If it stops again, tell the operator the time of the hand-over."),
        {},
    )


def _attachment(content: bytes, name: str) -> Response:
    response = Response(content, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
