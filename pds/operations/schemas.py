"""How the state of a node is told to a monitoring system."""

from marshmallow import Schema, fields, validate

from pds.operations.health import Level

_LEVELS = [level.value for level in Level]


class LightAnswer(Schema):
    """One light."""

    code = fields.String(required=True)
    level = fields.String(required=True, validate=validate.OneOf(_LEVELS))
    name = fields.String(required=True)
    finding = fields.String(required=True, metadata={"description": "What was found, in the caller's language"})
    remedy = fields.String(required=True, metadata={"description": "What to do; empty where nothing is"})


class HealthAnswer(Schema):
    """The whole node; `level` is the gravest of its lights. `unknown` is not good: nobody can say."""

    at = fields.AwareDateTime(required=True)
    level = fields.String(required=True, validate=validate.OneOf(_LEVELS))
    lights = fields.List(fields.Nested(LightAnswer), required=True)
