"""The JSON envelopes of moves, as the interface's description shows them."""

from marshmallow import Schema, fields, validate

from consent.vocabulary import Frequency, Mode, Move
from pds.transfer.forms import OUTGOING_MOVES, SEXES
from pds.transfer.states import ConsentState, IncomingState, OutgoingState, StatutoryState

_MOVES = [move.value for move in OUTGOING_MOVES]


def _text(longest: int) -> fields.String:
    return fields.String(required=True, validate=validate.Length(1, longest))


class StartBody(Schema):
    """The old school begins the move of a child that is enrolled there."""

    learner = fields.UUID(required=True)
    move = fields.String(load_default=Move.TRANSFER.value, validate=validate.OneOf(_MOVES))
    left_on = fields.Date(required=True, metadata={"description": "The last day at the old school"})
    reason = fields.String(load_default="", validate=validate.Length(max=400))


class TicketAnswer(Schema):
    """The transfer ticket. It is in this answer and nowhere else."""

    learner = fields.UUID(required=True)
    transfer = fields.UUID(required=True)
    ticket = fields.String(required=True)
    valid_until = fields.AwareDateTime(required=True, metadata={"description": "Exclusive"})


class DecisionBody(Schema):
    """The board's enrolment decision, with the ticket that the family brought."""

    school = fields.UUID(required=True)
    class_id = fields.UUID(required=True)
    family_name = _text(60)
    given_name = _text(60)
    family_name_kana = _text(60)
    given_name_kana = _text(60)
    birth_date = fields.Date(required=True)
    sex = fields.String(required=True, validate=validate.OneOf(SEXES))
    accepted_on = fields.Date(required=True)
    ticket = _text(80)
    source_id = fields.String(load_default="", validate=validate.Length(max=120))


class CaseAnswer(Schema):
    """Which case it is."""

    learner = fields.UUID(required=True)
    transfer = fields.UUID(required=True)


class ScopeLine(Schema):
    """A kind of record with its school years."""

    category = fields.String(required=True)
    school_years = fields.List(fields.Integer(), required=True)


class AskBody(Schema):
    """What the new school asks for, beside what the law sends. `until` is the last day of use."""

    categories = fields.List(fields.Nested(ScopeLine), load_default=[], validate=validate.Length(max=20))
    until = fields.Date(required=True)
    erase_on = fields.Date(load_default=None, allow_none=True)
    mode = fields.String(load_default=Mode.STORE.value, validate=validate.OneOf([one.value for one in Mode]))
    frequency = fields.String(
        load_default=Frequency.ONCE.value, validate=validate.OneOf([one.value for one in Frequency])
    )


class TermsAnswer(Schema):
    """A scope and the conditions around it. `until` is exclusive."""

    categories = fields.List(fields.Nested(ScopeLine), required=True)
    mode = fields.String(required=True)
    until = fields.AwareDateTime(required=True)
    erase_on = fields.Date(required=True, allow_none=True)
    frequency = fields.String(required=True)


class OutgoingLine(Schema):
    """A move of the old school, without what a clerk wrote about it."""

    learner = fields.UUID(required=True)
    transfer = fields.UUID(required=True)
    school = fields.UUID(required=True)
    move = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([one.value for one in OutgoingState]))
    left_on = fields.Date(required=True)
    started_at = fields.AwareDateTime(required=True)
    recipient_name = fields.String(required=True, allow_none=True)
    requested_at = fields.AwareDateTime(required=True, allow_none=True)
    review_until = fields.AwareDateTime(required=True, allow_none=True)
    sent_at = fields.AwareDateTime(required=True, allow_none=True)
    acknowledged_at = fields.AwareDateTime(required=True, allow_none=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)


class OutgoingAnswer(OutgoingLine):
    """One move of the old school. `problems` are what the new school could not accept."""

    accepted_on = fields.Date(required=True, allow_none=True)
    dossier_state = fields.String(required=True, allow_none=True)
    health_sheet_sent = fields.Boolean(required=True)
    problems = fields.List(fields.Raw(), required=True)


class IncomingLine(Schema):
    """A move of the new school."""

    learner = fields.UUID(required=True)
    transfer = fields.UUID(required=True)
    school = fields.UUID(required=True)
    move = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([one.value for one in IncomingState]))
    consent = fields.String(required=True, validate=validate.OneOf([one.value for one in ConsentState]))
    statutory = fields.String(required=True, validate=validate.OneOf([one.value for one in StatutoryState]))
    accepted_on = fields.Date(required=True)
    decided_at = fields.AwareDateTime(required=True)
    asked_at = fields.AwareDateTime(required=True, allow_none=True)
    received_at = fields.AwareDateTime(required=True, allow_none=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)


class ReceivedLine(Schema):
    """A document that came. `erased_at` tells that its content is gone."""

    document = fields.UUID(required=True, attribute="doc")
    version = fields.Integer(required=True)
    lane = fields.String(required=True)
    category = fields.String(required=True)
    school_year = fields.Integer(required=True)
    issuer_code = fields.String(required=True)
    issuer_name = fields.String(required=True)
    signed_by = fields.String(required=True, metadata={"description": "Key thumbprint (RFC 7638) of the school"})
    sha256 = fields.String(required=True)
    received_at = fields.AwareDateTime(required=True)
    erased_at = fields.AwareDateTime(required=True, allow_none=True)


class IncomingAnswer(IncomingLine):
    """One move of the new school: asked, granted, received, withheld without reason."""

    sender = fields.String(required=True)
    asked = fields.Nested(TermsAnswer, required=True, allow_none=True)
    granted = fields.Nested(TermsAnswer, required=True, allow_none=True)
    documents = fields.List(fields.Nested(ReceivedLine), required=True)
    withheld = fields.List(fields.Nested(ScopeLine), required=True)
    problems = fields.List(fields.Raw(), required=True)


class SignatureLine(Schema):
    """One signature of a document: the school, and the key the registry lists for it."""

    school = fields.String(required=True)
    name = fields.String(required=True)
    key = fields.String(required=True, metadata={"description": "Key thumbprint (RFC 7638)"})


class DocumentAnswer(Schema):
    """A document that came. `body` follows the schema that `schema` names; `signed` is the JWS it was taken from."""

    document = fields.UUID(required=True)
    version = fields.Integer(required=True)
    lane = fields.String(required=True)
    category = fields.String(required=True)
    school_year = fields.Integer(required=True)
    schema = fields.String(required=True)
    issued_at = fields.String(required=True)
    body = fields.Raw(required=True)
    files = fields.List(fields.Raw(), required=True)
    signatures = fields.List(fields.Nested(SignatureLine), required=True)
    sha256 = fields.String(required=True)
    signed = fields.String(required=True)


class TransfersAnswer(Schema):
    """Every move in reach of the caller's offices, the newest first."""

    outgoing = fields.List(fields.Nested(OutgoingLine), required=True)
    incoming = fields.List(fields.Nested(IncomingLine), required=True)
