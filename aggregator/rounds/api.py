"""Plans and rounds for everybody, and what nodes send: the interface that leader and helper have in common.

Nothing here is secret: who reported and what both servers signed may be looked up by anyone. A submission proves its
sender by its own signature, so no session is asked for.
"""

import json
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from aggregator.plans_kept import service as plans
from aggregator.protocol.wire import SubmissionRefused
from aggregator.rounds import service, standing
from aggregator.rounds.errors import PlanUnknown, RoundUnknown
from aggregator.rounds.ground import current_aggregator
from aggregator.rounds.schemas import (
    MOST_SHARE,
    PlanLine,
    PlansAnswer,
    ReceiptAnswer,
    RoundAnswer,
    RoundsAnswer,
    ShareBody,
)
from trust.framing import from_text
from web.context import now, transaction
from web.interface import JsonBlueprint
from web.problems import MEDIA_TYPE, InvalidInput, answer_problem
from web.routes import declares

blueprint = JsonBlueprint(
    "rounds",
    __name__,
    description="Plans and rounds of the national count. Nodes prove themselves by the signatures of what they send.",
)
_SIGNED = "the node's signature over the header, under the participant registry, says who sends it"


@blueprint.route("/plans/v1")
@declares(requires="anyone", discloses="none")
@blueprint.response(200, PlansAnswer)
def list_plans() -> dict[str, Any]:
    """Every approved plan, as its leader signed it."""
    return {"plans": [_plan(one) for one in plans.approved(transaction())]}


@blueprint.route("/plans/v1/<digest>")
@declares(requires="anyone", discloses="none")
@blueprint.response(200, PlanLine)
def show_plan(digest: str) -> dict[str, Any]:
    """One approved plan, by the SHA-256 of its bytes."""
    try:
        found = plans.find(transaction(), bytes.fromhex(digest))
    except (ValueError, plans.PlanUnknown) as error:
        raise PlanUnknown from error
    if found.token is None:
        raise PlanUnknown
    return _plan(found)


@blueprint.route("/rounds/v1")
@declares(requires="anyone", discloses="none")
@blueprint.response(200, RoundsAnswer)
def list_rounds() -> dict[str, Any]:
    """Every announced round, the newest first."""
    return {"rounds": [_line(one) for one in service.list_rounds(transaction()) if one.announced]}


@blueprint.route("/rounds/v1/<uuid:round_id>")
@declares(requires="anyone", discloses="none")
@blueprint.response(200, RoundAnswer)
def show_round(round_id: UUID) -> dict[str, Any]:
    """One round: what both servers signed, who has reported, which totals stay shut."""
    session = transaction()
    view = service.find_round(session, round_id)
    if not view.announced:
        raise RoundUnknown
    said = service.show_round(session, current_aggregator(), round_id)
    plan = standing.plan_of(session, view.plan_digest)
    return {
        **_line(view),
        "leader": plan.leader,
        "helper": plan.helper,
        "noise": view.noise,
        "opening": said.opening,
        "closing": said.closing,
        "draw": said.draw,
        "seating": said.seating,
        "attempt": said.attempt,
        "committees": [
            {"level": level.value, "area": area, "attempts": [list(each) for each in silent]}
            for (level, area), silent in sorted(said.silent.items())
        ],
        "withheld": [{"level": level, "area": area, "reason": reason} for level, area, reason in said.withheld],
        "nodes": [
            {"node": node, "sequence": sequence, "received_at": received_at}
            for node, sequence, received_at in service.reported_nodes(session, round_id)
        ],
    }


@blueprint.route("/rounds/v1/<uuid:round_id>/submissions", methods=["POST"])
@declares(requires="anyone", discloses="none", max_body=MOST_SHARE + 256 * 1024, csrf_exempt=_SIGNED)
@blueprint.arguments(ShareBody)
@blueprint.response(201, ReceiptAnswer)
@blueprint.alt_response(200, schema=ReceiptAnswer, description="The same submission again: the same receipt")
def submit(body: dict[str, str], round_id: UUID) -> tuple[dict[str, str], int]:
    """Take in one half of a node's vector, sealed to this server."""
    receipt, new = service.accept(
        transaction(), current_aggregator(), round_id, body["header"], _share(body["share"]), now()
    )
    transaction().commit()
    return {"receipt": receipt}, 201 if new else 200


@blueprint.route("/rounds/v1/<uuid:round_id>/noise", methods=["POST"])
@declares(requires="anyone", discloses="none", max_body=MOST_SHARE + 256 * 1024, csrf_exempt=_SIGNED)
@blueprint.arguments(ShareBody)
@blueprint.response(201, ReceiptAnswer)
@blueprint.alt_response(200, schema=ReceiptAnswer, description="The same noise again: the same receipt")
def add_noise(body: dict[str, str], round_id: UUID) -> tuple[dict[str, str], int]:
    """Take in one half of a seat's noise for one total, sealed to this server."""
    receipt, new = service.accept_noise(
        transaction(), current_aggregator(), round_id, body["header"], _share(body["share"]), now()
    )
    transaction().commit()
    return {"receipt": receipt}, 201 if new else 200


def answer_refusal(error: SubmissionRefused) -> ResponseReturnValue:
    """Name the reason beside the code, for programs: the sentences are in the caller's language."""
    response = answer_problem(error)
    if response.mimetype == MEDIA_TYPE:
        document = {**json.loads(response.get_data()), "reason": error.reason.value}
        response.set_data(json.dumps(document, ensure_ascii=False))
    return response


def _share(text: str) -> bytes:
    try:
        return from_text(text)
    except ValueError as error:
        raise InvalidInput from error


def _plan(one: plans.Kept) -> dict[str, Any]:
    return {
        "digest": one.plan.digest.hex(), "plan_id": one.plan.plan_id, "version": one.plan.version, "token": one.token,
    }  # fmt: skip


def _line(one: service.RoundView) -> dict[str, Any]:
    return {
        "round": one.round_id, "plan": one.plan_digest.hex(), "kind": one.kind.value, "state": one.state.value,
        "opens_at": one.opens_at, "closes_at": one.closes_at, "reported": one.reported, "listed": one.listed,
    }  # fmt: skip


blueprint.register_error_handler(SubmissionRefused, answer_refusal)
