"""The JSON envelopes of asking and sharing, as the interface's description shows them."""

from marshmallow import Schema, fields, validate

from consent.vocabulary import Category


class SharedScopeLine(Schema):
    """One category with its school years."""

    category = fields.String(required=True, validate=validate.OneOf([category.value for category in Category]))
    school_years = fields.List(
        fields.Integer(validate=validate.Range(1947, 2200)), required=True, validate=validate.Length(1, 40)
    )


class SharedTermsAnswer(Schema):
    """What is asked or shared, and under which conditions. `until` is exclusive."""

    categories = fields.List(fields.Nested(SharedScopeLine), required=True)
    mode = fields.String(required=True, metadata={"description": "view or store"})
    until = fields.AwareDateTime(required=True)
    erase_on = fields.Date(required=True, allow_none=True)
    frequency = fields.String(required=True, metadata={"description": "once or repeated"})


class AskerAnswer(Schema):
    """Who asks. `operator` and `registry` are null where the registry in force does not list the school."""

    school_code = fields.String(required=True)
    name = fields.String(required=True)
    operator = fields.String(required=True, allow_none=True)
    registry = fields.Integer(required=True, allow_none=True, metadata={"description": "Version of the registry"})


class DossierAnswer(Schema):
    """What the law moves with a request; the family may comment until `review_until`."""

    dossier = fields.UUID(required=True)
    state = fields.String(required=True)
    review_until = fields.AwareDateTime(required=True)


class MineAnswer(Schema):
    """The caller's own answer; `kept` is null for no. It counts at once, or when a second person has checked it."""

    kept = fields.Nested(SharedTermsAnswer, required=True, allow_none=True)
    channel = fields.String(required=True)
    answered_at = fields.AwareDateTime(required=True)
    counts = fields.Boolean(required=True)


class RequestAnswer(Schema):
    """A request. `choosable` is what the family gives or not; `statutory` goes by law whatever is answered."""

    request = fields.UUID(required=True)
    learner = fields.UUID(required=True)
    asker = fields.Nested(AskerAnswer, required=True)
    move = fields.String(required=True)
    purpose = fields.String(required=True)
    state = fields.String(required=True)
    asked = fields.Nested(SharedTermsAnswer, required=True)
    choosable = fields.List(fields.Nested(SharedScopeLine), required=True)
    statutory = fields.List(fields.String(), required=True)
    lodged_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, metadata={"description": "Exclusive"})
    may_answer = fields.Boolean(required=True, metadata={"description": "Whether the caller's answer is awaited"})
    others_awaited = fields.Boolean(required=True)
    mine = fields.Nested(MineAnswer, required=True, allow_none=True)
    dossier = fields.Nested(DossierAnswer, required=True, allow_none=True)
    grant = fields.UUID(required=True, allow_none=True)


class RequestsAnswer(Schema):
    """The requests for a child, the newest first."""

    requests = fields.List(fields.Nested(RequestAnswer), required=True)


class CopyAnswer(Schema):
    """One document, exactly as the asker would get it: `token` is signed by the school, `sha256` is that of it."""

    doc = fields.UUID(required=True)
    category = fields.String(required=True)
    school_year = fields.Integer(required=True)
    version = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    token = fields.String(required=True)


class PreviewAnswer(Schema):
    """What the asker would get of one category."""

    documents = fields.List(fields.Nested(CopyAnswer), required=True)


class StatutoryRecord(Schema):
    """One record that the law moves, as far as it is open to the caller."""

    record = fields.UUID(required=True)
    category = fields.String(required=True)
    school_year = fields.Integer(required=True)
    version = fields.Integer(required=True)
    body = fields.Raw(required=True)
    withheld = fields.List(fields.String(), required=True)


class StatutoryAnswer(Schema):
    """What the law moves, and the caller's own comment. `open` says whether a comment still goes along."""

    dossier = fields.UUID(required=True)
    state = fields.String(required=True)
    review_until = fields.AwareDateTime(required=True)
    open = fields.Boolean(required=True)
    records = fields.List(fields.Nested(StatutoryRecord), required=True)
    unopened = fields.List(fields.String(), required=True)
    comment = fields.String(required=True, allow_none=True)
    objects = fields.Boolean(required=True)
    seen_at = fields.AwareDateTime(required=True, allow_none=True)


class CommentForm(Schema):
    """A comment that goes along with what the law moves."""

    comment = fields.String(required=True, validate=validate.Length(1, 4000))
    objects = fields.Boolean(load_default=False)


class SeenAnswer(Schema):
    """Whether everybody entitled has now read what the law moves, so that it is sent at once."""

    complete = fields.Boolean(required=True)


class ChoiceForm(Schema):
    """What is kept of a request: categories and years struck, the end shortened; nothing can be added."""

    keep = fields.List(fields.Nested(SharedScopeLine), load_default=list, validate=validate.Length(max=20))
    until = fields.AwareDateTime(load_default=None, metadata={"description": "Exclusive; null for the end asked for"})
    comment = fields.String(load_default="", validate=validate.Length(max=1000))


class WordsAnswer(Schema):
    """The words to put before the decider; the answer names their version."""

    text = fields.String(required=True)
    version = fields.String(required=True, metadata={"description": "SHA-256 of the text"})
    locale = fields.String(required=True)
    terms = fields.Nested(SharedTermsAnswer, required=True, allow_none=True)


class DecisionForm(ChoiceForm):
    """A decision. `share` true keeps what `keep` names; false says no to all of it."""

    share = fields.Boolean(required=True)
    shown = fields.String(
        required=True, validate=validate.Length(equal=64), metadata={"description": "Version of the words shown"}
    )


class OutcomeAnswer(Schema):
    """What a decision came to, with its receipt."""

    state = fields.String(required=True)
    others_awaited = fields.Boolean(required=True)
    grant = fields.UUID(required=True, allow_none=True)
    terms = fields.Nested(SharedTermsAnswer, required=True, allow_none=True)
    receipt = fields.UUID(required=True)


class GrantAnswer(Schema):
    """A sharing. `told_at` and `end_answer` follow what the recipient was told of its end and what it answered."""

    grant = fields.UUID(required=True)
    request = fields.UUID(required=True)
    asker = fields.Nested(AskerAnswer, required=True)
    terms = fields.Nested(SharedTermsAnswer, required=True)
    state = fields.String(required=True)
    begin = fields.AwareDateTime(required=True)
    paused_by_me = fields.Boolean(required=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    told_at = fields.AwareDateTime(required=True, allow_none=True)
    end_answer = fields.String(required=True, allow_none=True)
    end_answered_at = fields.AwareDateTime(required=True, allow_none=True)


class GrantsAnswer(Schema):
    """The sharings of a child, the newest first."""

    grants = fields.List(fields.Nested(GrantAnswer), required=True)


class ReceiptLine(Schema):
    """A receipt without its content."""

    receipt = fields.UUID(required=True)
    event = fields.String(required=True)
    issued_at = fields.AwareDateTime(required=True)
    request = fields.UUID(required=True, allow_none=True)
    grant = fields.UUID(required=True, allow_none=True)


class ReceiptsAnswer(Schema):
    """The receipts of a child, the newest first."""

    receipts = fields.List(fields.Nested(ReceiptLine), required=True)
