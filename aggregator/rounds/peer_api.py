"""What the leader asks of the helper: each call and each answer is proven, and may be repeated for the same bytes.

These routes stand at the helper alone. It never calls the leader, and trusts nothing it says that it can check itself.
"""

from collections.abc import Callable
from functools import wraps
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from aggregator.plans.model import MAX_PLAN
from aggregator.plans_kept import service as plans
from aggregator.protocol.wire import StatementRefused, SubmissionRefused, read_digest
from aggregator.rounds import adding, announcing, closing, proofs, publishing, seating, standing
from aggregator.rounds.errors import PeerUnproven
from aggregator.rounds.ground import current_aggregator, ring
from aggregator.rounds.peer import MOST_CALL, PREFIX
from trust.forms import Form, FormFault
from trust.framing import canonical_json, to_text
from trust.registry import KeyUse, ParticipantKind
from trust.tokens import TokenFault, read_object
from web.context import current_shell, now, transaction
from web.replay import service as replay
from web.routes import declares

blueprint = Blueprint("count_peer", __name__, url_prefix=PREFIX)

_PROVEN: Final = "the other server's signed statement over path and body says who calls"
_SHORT: Final = 1024 * 1024
_Answer = Callable[[str, bytes], bytes | None]


def require_peer() -> None:
    """Rule `count_peer`: a server of the national count has signed this very call, and it was not made before."""
    aggregator, proof = current_aggregator(), request.headers.get(proofs.HEADER, "")
    body = request.get_data(cache=True)
    registry = standing.require_registry(transaction(), aggregator, now())
    caller = registry.by_id(proofs.claimed_caller(proof))
    if caller is None or caller.kind is not ParticipantKind.AGGREGATOR or caller.id == aggregator.node_id:
        raise PeerUnproven(reason="the caller is not another server of the registry")
    keys = caller.keys_for(KeyUse.NODE, now())
    call = proofs.check_call(proof, keys, aggregator.node_id, request.path, body, now())
    if not replay.remember(current_shell().database, f"peer {call.caller}", call.number, call.until):
        raise PeerUnproven(reason="made before")
    g.peer, g.peer_proof = call.caller, proof


def _answering(route: str, *, most: int = _SHORT) -> Callable[[_Answer], Callable[[], ResponseReturnValue]]:
    """Register a call: commit what it changed, wake the worker, prove the answer; 202 where there is none yet."""

    def register(answer: _Answer) -> Callable[[], ResponseReturnValue]:
        @wraps(answer)
        def view() -> ResponseReturnValue:
            try:
                made = answer(g.peer, request.get_data(cache=True))
            except (FormFault, TokenFault, ValueError) as fault:
                raise StatementRefused(reason=str(fault)) from fault
            except SubmissionRefused as refused:
                raise StatementRefused(reason=str(refused.params["reason"])) from refused
            transaction().commit()
            ring()
            body, aggregator = made or b"", current_aggregator()
            response = Response(body, 202 if made is None else 200, mimetype="application/json")
            response.headers[proofs.HEADER] = proofs.prove_answer(
                aggregator.key, aggregator.node_id, g.peer_proof, body
            )
            return response

        declared = declares(requires="count_peer", discloses="none", max_body=most, csrf_exempt=_PROVEN)(view)
        blueprint.post(route)(declared)
        return declared

    return register


@_answering("/plans")
def take_plan(_: str, body: bytes) -> bytes:
    """Take in a plan that its leader signed, and set its units aside in this server's own ledger."""
    token = _text(body, "token", MAX_PLAN * 2)
    plans.receive(transaction(), current_aggregator(), token, now())
    return b"{}"


@_answering("/rounds")
def commit(leader: str, body: bytes) -> bytes:
    """Commit to a nonce for a round that the leader orders."""
    form = Form(read_object(body), "call", {"round", "plan"})
    made = announcing.commit_to(
        transaction(), leader, UUID(form.text("round", most=36)), read_digest(form, "plan"), now()
    )
    return canonical_json({"commitment": to_text(made)})


@_answering("/openings", most=MOST_CALL)
def sign_opening(leader: str, body: bytes) -> bytes:
    """Check the announcement of a round and sign it."""
    token = _text(body, "opening", MOST_CALL)
    return canonical_json({"opening": announcing.agree(transaction(), current_aggregator(), leader, token, now())})


@_answering("/holdings")
def state_holdings(leader: str, body: bytes) -> bytes:
    """Say which submissions are held here."""
    return closing.state_holdings(transaction(), leader, _round(body))


@_answering("/close", most=MOST_CALL)
def sign_closing(leader: str, body: bytes) -> bytes:
    """Check the list of a round, spend, sign it, and reveal the nonce."""
    token = _text(body, "closing", MOST_CALL)
    signed, nonce = closing.agree(transaction(), current_aggregator(), leader, token, now())
    return canonical_json({"closing": signed, "nonce": to_text(nonce)})


@_answering("/draw")
def sign_draw(leader: str, body: bytes) -> bytes:
    """Check the revealed nonces and sign the draw."""
    token = _text(body, "draw", _SHORT)
    return canonical_json({"draw": seating.agree_draw(transaction(), current_aggregator(), leader, token, now())})


@_answering("/noise", most=MOST_CALL)
def compare_noise(leader: str, body: bytes) -> bytes:
    """End an attempt of the committees, and say which noise is held here."""
    return seating.compare(transaction(), current_aggregator(), leader, body, now())


@_answering("/seating", most=MOST_CALL)
def sign_seating(leader: str, body: bytes) -> bytes:
    """Check who adds the noise, sign it, and begin to add up."""
    token = _text(body, "seating", MOST_CALL)
    return canonical_json({"seating": seating.agree_seating(transaction(), current_aggregator(), leader, token, now())})


@_answering("/open")
def state_sums(leader: str, body: bytes) -> bytes | None:
    """Give this server's halves with their noise, as they are stored; nothing yet while they are being made."""
    return adding.state_sums(transaction(), leader, _round(body))


@_answering("/released")
def note_release(leader: str, body: bytes) -> bytes:
    """Note the release in this server's ledger, and remove what nodes sent."""
    publishing.note(transaction(), current_aggregator(), leader, _text(body, "release", _SHORT), now())
    return b"{}"


def _text(body: bytes, name: str, most: int) -> str:
    return Form(read_object(body), "call", {name}).text(name, most=most)


def _round(body: bytes) -> UUID:
    return UUID(_text(body, "round", 36))
