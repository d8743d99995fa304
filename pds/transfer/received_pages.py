"""What came from the old school, as a clerk reads it, downloads it, and confirms on paper that it came."""

from uuid import UUID

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from consent.vocabulary import Text
from pds.look_back.forms import find_form
from pds.look_back.register import Section, build_register
from pds.look_back.words import Sentence
from pds.sharing.asking import answer_damage, ask, current_node, settle
from pds.sharing.copies import COMMENT
from pds.sharing.enforcement import Refused
from pds.transfer import exports, incoming_views, reading
from pds.transfer.columns import name_kind, newest, tell_signatures
from pds.transfer.desk import own_duties
from pds.transfer.reading import ReceivedDocumentView
from pds.transfer.showing import incoming_page
from trust.errors import N_
from web.context import current_shell, transaction
from web.dates import say_moment
from web.i18n import Locale, View, current_view, say, use_view
from web.routes import declares

blueprint = Blueprint(
    "received_documents", __name__, url_prefix="/staff/transfers/incoming/<uuid:learner>/<uuid:transfer>"
)
answer_damage(blueprint)
_DOCUMENT = "/documents/<uuid:doc>/<int:version>"
CSV_NAME, JSON_NAME, ONEROSTER_NAME = "register-csv.zip", "register.json", "oneroster.zip"
"""Names of the downloads; they say nothing of the child."""


@blueprint.get(_DOCUMENT)
@declares(requires="staff:desk", discloses="any")
def document(learner: UUID, transfer: UUID, doc: UUID, version: int) -> ResponseReturnValue:
    """One document as a readable page, its signatures checked again just now."""
    found = settle(incoming_views.look(transaction(), current_node(), ask(), learner, transfer))
    opened = settle(reading.read_received(transaction(), current_node(), ask(), learner, transfer, doc, version))
    row = next((one for one in found.received if (one.doc, one.version) == (doc, version)), None)
    sections, unwritten = _laid_out(opened)
    made_by = [] if opened.category == COMMENT else [{"label": say("Made by"), "value": opened.issuer_name}]
    complete = {file.file_no for file in row.files if file.complete} if row else set()
    return render_template(
        "transfer/received.html",
        case=incoming_page(found, own_duties()),
        document=opened,
        kind=name_kind(opened.category),
        signatures=tell_signatures(opened),
        sections=sections,
        unwritten=unwritten,
        files=[{**file, "complete": file["no"] in complete} for file in opened.files],
        facts=[
            *made_by,
            {"label": say("Version"), "value": str(opened.version)},
            {"label": say("Received"), "value": say_moment(row.received_at) if row else "–"},
            {"label": say("Check value"), "value": opened.sha256},
        ],
    )


@blueprint.get(f"{_DOCUMENT}/files/<int:file_no>")
@declares(requires="staff:desk", discloses="any")
def document_file(learner: UUID, transfer: UUID, doc: UUID, version: int, file_no: int) -> ResponseReturnValue:
    """A file that came with a document, to be saved; it is never shown inside the page."""
    found = reading.read_file(transaction(), current_node(), ask(), learner, transfer, doc, version, file_no)
    content = b"" if isinstance(found, Refused) else b"".join(found.content)  # read before the entry is committed
    opened = settle(found)
    answer = Response(content, mimetype=opened.media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=opened.name)
    return answer


@blueprint.get("/register.csv")
@declares(requires="staff:desk", discloses="any")
def register_csv(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """The register's contents in the published CSV layouts, a file each in one zip."""
    found = exports.register_csv(transaction(), current_node(), ask(), learner, transfer)
    return attachment(settle(found), CSV_NAME, "application/zip")


@blueprint.get("/register.json")
@declares(requires="staff:desk", discloses="any")
def register_json(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """Everything that came, with the signed documents themselves."""
    found = exports.register_json(transaction(), current_node(), ask(), learner, transfer)
    return attachment(settle(found), JSON_NAME, "application/json")


@blueprint.get("/oneroster.zip")
@declares(requires="staff:desk", discloses="any")
def oneroster(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """The child's place at this school as a OneRoster 1.2 set."""
    found = exports.oneroster(transaction(), current_node(), ask(), learner, transfer)
    return attachment(settle(found), ONEROSTER_NAME, "application/zip")


@blueprint.get("/receipt")
@declares(requires="staff:desk", discloses="none")
def receipt(learner: UUID, transfer: UUID) -> ResponseReturnValue:
    """受領書: which documents came, to be printed for the files."""
    found = settle(incoming_views.look(transaction(), current_node(), ask(), learner, transfer))
    page = incoming_page(found, own_duties())
    documents = [one for one in newest(found.received) if one.erased_at is None]
    before, catalogues = current_view(), current_shell().catalogues
    use_view(View(Locale.JA), catalogues)
    drawn = render_template(
        "transfer/receipt_paper.html",
        case=page,
        accepted_on=found.row.accepted_on,
        senders=sorted({one.issuer_name for one in documents}),
        documents=[(name_kind(one.category), one) for one in documents],
    )
    use_view(before, catalogues)
    return render_template("transfer/receipt.html", case=page, paper=Markup(drawn))  # noqa: S704  drawn


def attachment(content: bytes, name: str, media_type: str) -> Response:
    """Return a download; the answer leaves after the decision and its entries stand."""
    answer = Response(content, mimetype=media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _laid_out(opened: ReceivedDocumentView) -> tuple[tuple[Section, ...], tuple[Text, ...]]:
    """Return the parts of a document and its empty fields; nothing for a form that is not published here."""
    if opened.category == COMMENT:
        heading = Sentence(
            N_("The family objects to the content") if opened.body["objects"] else N_("What the family wrote")
        )
        return (Section("comment", heading, paragraph=str(opened.body["text"])),), ()
    try:
        register = build_register(find_form(opened.schema), opened.body)
    except KeyError:
        return (), ()
    return register.sections, register.unwritten
