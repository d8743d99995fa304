"""What other nodes call here: the documents under a token, piece by piece, and the inbox of signed messages.

A page or a chunk is decided, logged and committed before its first byte leaves. An inbox that knows the case and one
that does not answer alike: what a message asks for is done later, by a job.
"""

from typing import Final, TypeVar
from uuid import UUID

from flask import Response, current_app, json, request
from flask.typing import ResponseReturnValue

from pds.authorization.presenting import authenticate_bearer
from pds.sharing import pulling
from pds.sharing.asking import answer_damage, current_node
from pds.sharing.enforcement import Refused
from pds.sharing.parties import Basis, BasisKind
from pds.transfer import messages
from pds.transfer.errors import AccessRefused, MessageRefused
from pds.transfer.remote import MESSAGE_TYPE
from trust.messages import MAX_MESSAGE
from web.context import now, transaction
from web.interface import JsonBlueprint
from web.jobs.doorbell import Doorbell
from web.problems import UnsupportedMediaType, reference
from web.routes import declares

BELL: Final = "manabi.transfer.bell"
Found = TypeVar("Found")
_NO_COOKIE: Final = "signed by the sending node's own key, reads no cookie"

blueprint = JsonBlueprint(
    "transfer_api",
    __name__,
    description="Between nodes: documents under a grant or dossier, and signed messages.",
)
answer_damage(blueprint)


@blueprint.route("/shared/v1/documents")
@declares(requires="presented_token", discloses="any")
@blueprint.alt_response(200, description="A page of signed copies: documents, next, withheld, basis_version")
def documents() -> ResponseReturnValue:
    """The next documents that the token opens; by default those that were not acknowledged yet.

    `after` is `next` of the page before; with `everything` also what was acknowledged.
    """
    presented, basis = _presented()
    found = pulling.read_page(
        transaction(), current_node(), presented, basis, request.args.get("after"), now(), reference(),
        everything=request.args.get("everything") == "true",
    )  # fmt: skip
    page = _settle(found)
    body = {
        "documents": [
            {
                "doc": str(one.doc), "version": one.version, "category": one.category,
                "school_year": one.school_year, "sha256": one.sha256, "token": one.token,
            }
            for one in page.documents
        ],
        "next": page.next,
        "withheld": page.withheld.to_wire(),
        "basis_version": page.basis_version,
    }  # fmt: skip
    return Response(json.dumps(body), mimetype="application/json")


@blueprint.route("/shared/v1/documents/<uuid:doc>/files/<int:file_no>")
@declares(requires="presented_token", discloses="any")
@blueprint.alt_response(200, description="At most 64 KiB of the file from `offset` on")
def file_chunk(doc: UUID, file_no: int) -> ResponseReturnValue:
    """A piece of a file that belongs to a document of a page before."""
    presented, basis = _presented()
    offset = request.args.get("offset", 0, type=int)
    found = pulling.read_chunk(
        transaction(), current_node(), presented, basis, doc, file_no, offset, now(), reference()
    )
    chunk = _settle(found)
    headers = {"Manabi-Document-Version": str(chunk.version), "Manabi-File-Size": str(chunk.size)}
    return Response(chunk.content, mimetype="application/octet-stream", headers=headers)


@blueprint.route("/transfer/v1/messages", methods=["POST"])
@declares(requires="anyone", discloses="none", max_body=MAX_MESSAGE, csrf_exempt=_NO_COOKIE)
@blueprint.alt_response(202, description="The message is kept; the same one again changes nothing")
def take_message() -> ResponseReturnValue:
    """Take in a signed message of another node (RFC 8417, delivered as in RFC 8935)."""
    if request.mimetype != MESSAGE_TYPE:
        raise UnsupportedMediaType
    try:
        token = request.get_data(cache=False).decode("ascii")
    except UnicodeDecodeError as error:
        raise MessageRefused(reason="not a token") from error
    fresh = messages.take_in(transaction(), current_node(), token, now())
    transaction().commit()
    bell: Doorbell | None = current_app.extensions.get(BELL)
    if fresh and bell is not None:
        bell.ring()
    return Response(status=202)


def _presented() -> tuple[str, Basis]:
    shown = authenticate_bearer()
    return shown.client_id, Basis(BasisKind(shown.basis.kind.value), shown.basis.learner, shown.basis.id)


def _settle(found: Found | Refused) -> Found:
    """Commit the decision with its entry, then return what was opened, or refuse in one way whatever the reason."""
    transaction().commit()
    if isinstance(found, Refused):
        raise AccessRefused
    return found
