"""HTTP envelopes of rounds and plans. Statements inside are signed tokens of the protocol, passed on as they are."""

from marshmallow import Schema, fields, validate

_MOST_HEADER = 64 * 1024
MOST_SHARE = 12 * 1024 * 1024
"""Characters of a sealed share: a vector of 2^20 words in base64url."""


class ShareBody(Schema):
    """What a node sends to each server: the header it signed, the same for both, and the half sealed to this one."""

    header = fields.String(required=True, validate=validate.Length(1, _MOST_HEADER))
    share = fields.String(required=True, validate=validate.Length(1, MOST_SHARE))


class ReceiptAnswer(Schema):
    """The server's signed word that it holds the share; the same for ever."""

    receipt = fields.String(required=True)


class PlanLine(Schema):
    """An approved plan in the list."""

    digest = fields.String(required=True, metadata={"description": "SHA-256 of the plan's bytes, hexadecimal"})
    plan_id = fields.String(required=True)
    version = fields.Integer(required=True)
    token = fields.String(required=True, metadata={"description": "The plan as its leader signed it"})


class PlansAnswer(Schema):
    """All approved plans."""

    plans = fields.List(fields.Nested(PlanLine), required=True)


class RoundLine(Schema):
    """A round in the list."""

    round = fields.UUID(required=True)
    plan = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    opens_at = fields.AwareDateTime(required=True)
    closes_at = fields.AwareDateTime(required=True)
    reported = fields.Integer(required=True, metadata={"description": "Nodes that have sent something"})
    listed = fields.Integer(allow_none=True, metadata={"description": "Nodes on the signed list"})


class RoundsAnswer(Schema):
    """All announced rounds, the newest first."""

    rounds = fields.List(fields.Nested(RoundLine), required=True)


class CommitteeLine(Schema):
    """The committee of one total: for each attempt that is over, who stayed silent."""

    level = fields.String(required=True)
    area = fields.String(required=True)
    attempts = fields.List(fields.List(fields.String()), required=True)


class WithheldLine(Schema):
    """A total that stays shut."""

    level = fields.String(required=True)
    area = fields.String(required=True)
    reason = fields.String(required=True)


class ReportedLine(Schema):
    """A node that sent something."""

    node = fields.String(required=True)
    sequence = fields.Integer(required=True)
    received_at = fields.AwareDateTime(required=True)


_SIGNED = {"description": "The statement as each server signed it, by side"}


class RoundAnswer(RoundLine):
    """Everything public of one round."""

    leader = fields.String(required=True)
    helper = fields.String(required=True)
    noise = fields.String(allow_none=True)
    opening = fields.Dict(keys=fields.String(), values=fields.String(), required=True, metadata=_SIGNED)
    closing = fields.Dict(keys=fields.String(), values=fields.String(), required=True, metadata=_SIGNED)
    draw = fields.Dict(keys=fields.String(), values=fields.String(), required=True, metadata=_SIGNED)
    seating = fields.Dict(keys=fields.String(), values=fields.String(), required=True, metadata=_SIGNED)
    attempt = fields.Integer(required=True)
    committees = fields.List(fields.Nested(CommitteeLine), required=True)
    withheld = fields.List(fields.Nested(WithheldLine), required=True)
    nodes = fields.List(fields.Nested(ReportedLine), required=True)
