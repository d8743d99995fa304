"""Taking in what nodes send: submissions until the list is closed, the committees' noise afterwards.

A node's submissions are taken one after another, whichever process they reach, and never while the list is being fixed.
What this server signed once it signs again for ever, also when the round is long over.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from aggregator.protocol import admission, seating
from aggregator.protocol.admission import Admission
from aggregator.protocol.messages import NoiseHeader, Receipt, SubmissionHeader, open_header
from aggregator.protocol.shares import envelope_context
from aggregator.protocol.statements import RoundKind
from aggregator.protocol.wire import Message, Reason, SubmissionRefused, named_in, open_signed, sign
from aggregator.rounds import standing
from aggregator.rounds.errors import RoundUnknown, SubmissionLate
from aggregator.rounds.models import CollectionRound, NoiseShare, Submission
from aggregator.rounds.standing import RoundState
from aggregator.rounds.steps import side_of
from aggregator.server import Aggregator
from trust.envelopes import open_envelope
from trust.keys import Key
from trust.participants import KeyUse, OrganisationKind, Participant, ParticipantKind

_ONE_NODE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7270302))")
_BOARD_PREFECTURE = slice(0, 2)
_SCHOOL_PREFECTURE = slice(2, 4)


def accept(
    session: Session, aggregator: Aggregator, round_id: UUID, header_token: str, share: bytes, now: datetime
) -> tuple[str, bool]:
    """Take in a submission; flushes. Return the receipt and whether it is new.

    Raises RoundUnknown, SubmissionRefused with its reason, SubmissionLate, EnvelopeBroken; then nothing is kept.
    """
    row = _round(session, round_id)
    claimed = named_in(SubmissionHeader, header_token)
    node, keys = _node(session, aggregator, claimed.node, now)
    header = open_header(header_token, keys)
    admission.require_node(header, node.id)
    _require_own_areas(header, node)
    session.execute(_ONE_NODE_AT_A_TIME, {"name": f"{round_id} {node.id}"})
    own = select(Submission.sequence, Submission.header_digest)
    rows = session.execute(own.where(Submission.round_id == round_id, Submission.node_id == node.id))
    held: dict[int, bytes] = {row.sequence: row.header_digest for row in rows}
    opening, side = standing.opening_of(row), side_of(aggregator)
    supplement = opening.kind is RoundKind.SUPPLEMENT
    try:
        found = admission.admit(
            header, share, side, opening=opening, plan=standing.plan_of(session, row.plan_digest), held=held,
            codes=_boards(node), counted=standing.earlier_rounds(session, row).nodes if supplement else (),
            collecting=row.state == RoundState.COLLECTING and opening.opens_at <= now < opening.closes_at,
        )  # fmt: skip
    except SubmissionRefused as refused:
        if refused.reason is Reason.ROUND_CLOSED:
            raise SubmissionLate from refused
        raise
    if found is Admission.NEW:
        _require_share(aggregator, header, share)
        session.add(
            Submission(
                round_id=round_id, node_id=node.id, sequence=header.sequence, header=header_token,
                header_digest=header.digest, share=share, received_at=now,
            )
        )  # fmt: skip
        session.flush()
    return _receipt(aggregator, header.round_id, node.id, header), found is Admission.NEW


def accept_noise(
    session: Session, aggregator: Aggregator, round_id: UUID, header_token: str, share: bytes, now: datetime
) -> tuple[str, bool]:
    """Take in a seat's noise for one total; flushes. Return the receipt and whether it is new.

    Raises RoundUnknown, SubmissionRefused with its reason, EnvelopeBroken; then nothing is kept.
    """
    row = _round(session, round_id)
    claimed = named_in(NoiseHeader, header_token)
    node, keys = _node(session, aggregator, claimed.node, now)
    header = open_signed(NoiseHeader, header_token, keys)
    admission.require_node(header, node.id)
    if row.closing is None or row.draw is None:
        raise admission.refused(Reason.NOT_SEATED)
    session.execute(_ONE_NODE_AT_A_TIME, {"name": f"{round_id} {node.id}"})
    place = (round_id, header.level.value, header.area, header.attempt, node.id)
    held = session.get(NoiseShare, place)
    found = admission.admit_noise(
        header, share, side_of(aggregator), closing=standing.closing_of(row),
        plan=standing.plan_of(session, row.plan_digest), seats=_called(session, row, header),
        held=None if held is None else held.header_digest,
        collecting=row.waiting and header.attempt == row.attempt,
    )  # fmt: skip
    if found is Admission.NEW:
        _require_share(aggregator, header, share)
        session.add(
            NoiseShare(
                round_id=round_id, level=header.level.value, area=header.area, attempt=header.attempt,
                node_id=node.id, header=header_token, header_digest=header.digest, share=share, received_at=now,
            )
        )  # fmt: skip
        session.flush()
    return _receipt(aggregator, header.round_id, node.id, header), found is Admission.NEW


def _round(session: Session, round_id: UUID) -> CollectionRound:
    """Return a round that was announced, so that its list is not fixed before this transaction is over."""
    row = session.get(CollectionRound, round_id, with_for_update={"read": True}, populate_existing=True)
    if row is None or row.opening is None or row.peer_opening_signature is None:
        raise RoundUnknown
    return row


def _node(session: Session, aggregator: Aggregator, claimed: str, now: datetime) -> tuple[Participant, tuple[Key, ...]]:
    found = standing.require_registry(session, aggregator, now).by_id(claimed)
    if found is None or found.kind is not ParticipantKind.NODE:
        raise admission.refused(Reason.SIGNATURE)
    return found, found.keys_for(KeyUse.NODE, now)


def _boards(node: Participant) -> frozenset[str]:
    return frozenset(one.code for one in node.organisations if one.kind is OrganisationKind.BOARD)


def _require_own_areas(header: SubmissionHeader, node: Participant) -> None:
    """Refuse a prefecture in which the registry lists neither board nor school of this node.

    The codes of boards are looked at by ``admission``; here it is what they, and the codes of schools, lie in.
    """
    own = {one.code[_BOARD_PREFECTURE] for one in node.organisations if one.kind is OrganisationKind.BOARD}
    own |= {one.code[_SCHOOL_PREFECTURE] for one in node.organisations if one.kind is OrganisationKind.SCHOOL}
    strata = {area[_BOARD_PREFECTURE] for area in header.areas if "x-" in area}
    if not (set(header.prefectures) <= own and strata <= set(header.prefectures)):
        raise admission.refused(Reason.FOREIGN_AREA)


def _require_share(aggregator: Aggregator, header: SubmissionHeader | NoiseHeader, sealed: bytes) -> None:
    """Refuse an envelope that does not open, or holds a share of another length, on arrival."""
    side = side_of(aggregator)
    key = aggregator.keyring.sealing_key(KeyUse.SEALING.value)
    opened = open_envelope(key, sealed, context=envelope_context(header.context, side))
    admission.require_length(header, side, opened)


def _called(session: Session, row: CollectionRound, header: NoiseHeader) -> Collection[str]:
    """Return whom the attempt that is waited for calls for a total."""
    plan = standing.plan_of(session, row.plan_digest)
    for spec in standing.specs_of(session, row, plan, standing.headers_of(session, row)):
        if (spec.level, spec.area) == (header.level, header.area):
            answers = standing.answers_of(row).get((spec.level, spec.area), ())
            return seating.calls(plan, standing.opening_of(row), standing.seed_of_round(row), spec, answers)
    return ()


def _receipt(aggregator: Aggregator, round_id: str, node: str, header: Message) -> str:
    return sign(aggregator.key, Receipt(round_id, aggregator.node_id, node, header.digest))
