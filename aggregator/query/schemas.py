"""The interface's question and answers, as its description shows them."""

from marshmallow import EXCLUDE, Schema, fields, validate

MOST = 100_000


class FiguresQuestion(Schema):
    """How the answer is to be written. What is asked, dimensions and all, is read against the release itself."""

    class Meta:
        """The parts that depend on the release are read strictly elsewhere."""

        unknown = EXCLUDE

    release = fields.String(metadata={"description": "Digest of a release; the newest one if left out"})
    level = fields.String(metadata={"description": "nation, prefecture or establisher; the first there is if left out"})
    table = fields.String(metadata={"description": "A table of the level; its first one if left out"})
    area = fields.List(fields.String(), metadata={"description": "Codes of areas, repeated; all of them if left out"})
    prefecture = fields.String(metadata={"description": "JIS X 0401: establishers of this prefecture alone"})
    search = fields.String(metadata={"description": "A part of an area's name or code"})
    format = fields.String(load_default="json", validate=validate.OneOf(("json", "csv")))
    bom = fields.String(
        load_default="no",
        validate=validate.OneOf(("yes", "no")),
        metadata={"description": "CSV begins with a byte-order mark, so that a spreadsheet reads it as UTF-8"},
    )
    offset = fields.Integer(load_default=0, validate=validate.Range(0, MOST))
    limit = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, MOST))


class PlanName(Schema):
    """Which plan a release belongs to."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    digest = fields.String(required=True, metadata={"description": "SHA-256 of the plan's canonical bytes, hex"})


class ListedRelease(Schema):
    """A release in the list."""

    digest = fields.String(
        required=True, metadata={"description": "SHA-256 of the fixed bytes, hex: the name for ever"}
    )
    plan = fields.Nested(PlanName, required=True)
    round = fields.UUID(required=True)
    released_at = fields.AwareDateTime(required=True)
    document = fields.String(required=True, metadata={"description": "Address of the fixed bytes"})
    signature = fields.String(
        required=True, metadata={"description": "Address of the leader's signature (compact JWS)"}
    )


class ReleasesAnswer(Schema):
    """Every release, the newest first."""

    releases = fields.List(fields.Nested(ListedRelease), required=True)


class Bilingual(Schema):
    """A name in Japanese and in English."""

    ja = fields.String(required=True)
    en = fields.String(required=True)


class RoundSummary(Schema):
    """The round a release comes from."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"description": "main, supplement or repeat"})
    noise = fields.String(required=True, metadata={"description": "Who added the noise above the nodes"})
    nodes = fields.Integer(required=True, metadata={"description": "Nodes that reported"})


class ReleaseSummary(Schema):
    """What every answer says of its release."""

    digest = fields.String(required=True)
    method = fields.String(required=True, metadata={"description": "Version of the method, described at /method"})
    plan = fields.Nested(PlanName, required=True)
    title = fields.Nested(Bilingual, required=True)
    school_year = fields.Integer(required=True)
    attributed_at = fields.AwareDateTime(required=True)
    round = fields.Nested(RoundSummary, required=True)
    released_at = fields.AwareDateTime(required=True)
    citation = fields.String(required=True)


class FigureAnswer(Schema):
    """One figure. Numbers are null where it is withheld; one that is `too_noisy` is not to be quoted."""

    level = fields.String(required=True, metadata={"description": "nation, prefecture or establisher"})
    area = fields.String(
        required=True, metadata={"description": "JP, a JIS X 0401 code, a six-digit board code, or a stratum"}
    )
    area_name = fields.Nested(Bilingual, required=True)
    prefecture = fields.String(required=True, allow_none=True, metadata={"description": "JIS X 0401"})
    reporting_nodes = fields.Integer(required=True, metadata={"description": "The interval is for these nodes alone"})
    table = fields.String(required=True)
    codes = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    status = fields.String(required=True, metadata={"description": "ok, too_noisy, or withheld:<reason>"})
    value = fields.Integer(required=True, allow_none=True, metadata={"description": "Adjusted whole number"})
    low = fields.Integer(required=True, allow_none=True, metadata={"description": "Lower end of the interval"})
    high = fields.Integer(required=True, allow_none=True, metadata={"description": "Upper end of the interval"})
    half_width = fields.Integer(required=True, allow_none=True)
    coverage = fields.String(required=True, allow_none=True, metadata={"description": "Exact, at least 0.95"})
    measured = fields.Integer(required=True, allow_none=True, metadata={"description": "Unadjusted; may be negative"})
    sigma_squared = fields.String(required=True, allow_none=True, metadata={"description": "Variance of the noise"})


class FiguresAnswer(Schema):
    """The answer to a question. `total` counts all its figures, of which `figures` shows a part."""

    release = fields.Nested(ReleaseSummary, required=True)
    level = fields.String(required=True)
    table = fields.String(required=True)
    dimensions = fields.List(fields.String(), required=True)
    permanent_link = fields.String(required=True)
    total = fields.Integer(required=True)
    offset = fields.Integer(required=True)
    figures = fields.List(fields.Nested(FigureAnswer), required=True)
