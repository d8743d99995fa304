"""The JSON envelopes of look back, as the interface's description shows them."""

from marshmallow import Schema, fields, validate

HIGHEST_ENTRY = 2**63 - 1
"""Entries are numbered in PostgreSQL's bigint."""


class OfficeAnswer(Schema):
    """A role at an organisation."""

    role = fields.String(required=True)
    organisation = fields.UUID(required=True)
    organisation_name = fields.String(required=True)


class MeAnswer(Schema):
    """Who is signed in."""

    kind = fields.String(required=True, metadata={"description": "learner, carer or staff"})
    person = fields.UUID(required=True)
    offices = fields.List(fields.Nested(OfficeAnswer), required=True)


class NameAnswer(Schema):
    """A person's name in daily use, with its readings as the school system gave them."""

    family = fields.String(required=True)
    given = fields.String(required=True)
    family_kana = fields.String(required=True)
    given_kana = fields.String(required=True)


class LearnerAnswer(Schema):
    """A child whose record the caller may open."""

    learner = fields.UUID(required=True)
    name = fields.Nested(NameAnswer, required=True)


class LearnersAnswer(Schema):
    """The children of a learner or carer; staff open children by way of their class lists."""

    learners = fields.List(fields.Nested(LearnerAnswer), required=True)


class EventAnswer(Schema):
    """Something an enrolment record tells of one day."""

    on = fields.Date(required=True)
    what = fields.String(required=True, metadata={"description": "entered, moved_in, left or graduated"})
    school = fields.String(required=True)


class SchoolAnswer(Schema):
    """The school that keeps and signed a record."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class RecordLine(Schema):
    """A record without its content."""

    record = fields.UUID(required=True)
    category = fields.String(required=True)
    school = fields.Nested(SchoolAnswer, required=True)
    version = fields.Integer(required=True)
    issued_at = fields.AwareDateTime(required=True)
    signed_by = fields.String(required=True, metadata={"description": "Key thumbprint (RFC 7638) of the school"})


class YearAnswer(Schema):
    """One school year of a child."""

    school_year = fields.Integer(required=True)
    grade = fields.String(required=True, allow_none=True, metadata={"description": "P1 to P6, J1 to J3, H1 to H3"})
    class_name = fields.String(required=True, allow_none=True)
    events = fields.List(fields.Nested(EventAnswer), required=True)
    records = fields.List(fields.Nested(RecordLine), required=True)


class TimelineAnswer(Schema):
    """All years of a child, the first one first. `refused` names categories that stay closed to the caller."""

    learner = fields.Nested(LearnerAnswer, required=True)
    years = fields.List(fields.Nested(YearAnswer), required=True)
    refused = fields.List(fields.String(), required=True)


class RecordAnswer(RecordLine):
    """One record. `body` follows the published schema that `schema` names, without the fields in `withheld`."""

    learner = fields.UUID(required=True)
    school_year = fields.Integer(required=True)
    schema = fields.String(required=True)
    relation = fields.String(required=True, metadata={"description": "As what the caller may see it"})
    body = fields.Raw(required=True)
    withheld = fields.List(fields.String(), required=True)


class LogQuery(Schema):
    """Which part of the log."""

    before = fields.Integer(load_default=None, validate=validate.Range(1, HIGHEST_ENTRY))
    wanted = fields.String(
        data_key="only", load_default=None, metadata={"description": "others, refused, or a category"}
    )
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class LogLine(Schema):
    """One entry. `position` counts the entries of the caller's chain; it is null until the entry is signed."""

    position = fields.Integer(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True)
    entry = fields.Raw(required=True)


class LogAnswer(Schema):
    """A page of the log, the newest entry first; `next_before` is where the next page begins, null on the last."""

    entries = fields.List(fields.Nested(LogLine), required=True)
    next_before = fields.Integer(required=True, allow_none=True)
