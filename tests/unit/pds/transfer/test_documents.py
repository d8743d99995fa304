"""A document is believed for what it is: right key, right school, right addressee, right form, and due or granted."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from consent.policy.loader import shipped_policy
from consent.scope import Scope
from consent.vocabulary import Category, Move
from pds.sharing.copies import COMMENT, COPY_TYP
from pds.transfer.documents import Believed, Expected, Fault, NotBelieved, believe
from pds.transfer.states import Lane
from pds.transfer.wire import ListedDocument
from tests.factories import bodies
from trust.participants import Organisation, OrganisationKind, Participant, ParticipantKind
from trust.registry import Registry
from trust.signing import SigningKey

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
EAST, WEST, OTHER = (SigningKey.generate() for _ in range(3))
DOC = uuid4()
GRANTED = Expected("a.node", "b.node", Lane.CONSENT, Scope.of({Category.REPORT: [2026]}), Move.TRANSFER)
BY_LAW = Expected("a.node", "b.node", Lane.STATUTORY, None, Move.TRANSFER)


def node(number: int, name: str, school: str, key: SigningKey) -> Participant:
    organisation = Organisation(school, f"学校{number}", OrganisationKind.SCHOOL, (key.public(),))
    return Participant(
        number, name, name, ParticipantKind.NODE, f"https://{name}.example", "x", (), (organisation,)
    )  # fmt: skip


REGISTRY = Registry(1, NOW, NOW, (node(1, "a.node", "east", EAST), node(2, "c.node", "west", WEST)))


def payload(**changes: Any) -> dict[str, Any]:
    return {
        "iss": "east", "node": "a.node", "aud": "b.node", "sub": "x", "doc": str(DOC), "version": 1,
        "category": "report", "school_year": 2026, "schema": "urn:manabi:schema:report:1",
        "issued_at": "2026-11-01T00:00:00+00:00", "original_sha256": "0", "body": bodies.report(), "files": [],
    } | changes  # fmt: skip


def signed(key: SigningKey = EAST, typ: str = COPY_TYP, **changes: Any) -> str:
    return key.sign(json.dumps(payload(**changes), ensure_ascii=False).encode(), typ=typ)


def check(token: str, expected: Expected = GRANTED, *, doc: UUID = DOC, stated: str | None = None) -> Believed:
    listed = ListedDocument(doc, 1, stated or sha256(token.encode()).hexdigest(), token)
    return believe(listed, expected, REGISTRY, NOW, shipped_policy())


def fault_of(token: str, expected: Expected = GRANTED, **listed: Any) -> Fault:
    with pytest.raises(NotBelieved) as refused:
        check(token, expected, **listed)
    return refused.value.fault


def test_a_document_that_was_granted_is_believed_with_its_signature() -> None:
    found = check(signed())
    assert (found.category, found.school_year) == ("report", 2026)
    assert [(link.school_code, link.key_id) for link in found.chain] == [("east", EAST.kid)]


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        (signed(OTHER), Fault.UNKNOWN_KEY),
        (signed(typ="manabi-record+jws"), Fault.SIGNATURE),
        (signed()[:-4] + "AAAA", Fault.SIGNATURE),
        ("not a token", Fault.SIGNATURE),
        (signed(WEST, iss="west", node="c.node"), Fault.UNKNOWN_SCHOOL),
        (signed(iss="nowhere"), Fault.UNKNOWN_SCHOOL),
        (signed(iss=None), Fault.UNKNOWN_SCHOOL),
        (signed(node="c.node"), Fault.UNKNOWN_SCHOOL),
        (signed(aud="c.node"), Fault.OTHER_RECIPIENT),
        (signed(doc=str(uuid4())), Fault.OTHER_DOCUMENT),
        (signed(version=2), Fault.OTHER_DOCUMENT),
        (signed(school_year=2025), Fault.NOT_GRANTED),
        (signed(category="assessment"), Fault.NOT_GRANTED),
        (signed(category="safeguarding"), Fault.NOT_GRANTED),
        (signed(schema="urn:manabi:schema:report:9"), Fault.FORM),
        (signed(body={"school": 1}), Fault.FORM),
        (signed(body=[]), Fault.FORM),
        (signed(issued_at="yesterday"), Fault.FORM),
        (signed(issued_at="2026-11-01T00:00:00"), Fault.FORM),
        (signed(files=[{"no": 1}]), Fault.FORM),
        (signed(files="x"), Fault.FORM),
        (signed(enclosed=5), Fault.FORM),
    ],
)
def test_whatever_does_not_fit_is_named(token: str, fault: Fault) -> None:
    assert fault_of(token) is fault


def test_other_bytes_than_were_announced_are_refused() -> None:
    assert fault_of(signed(), stated="00" * 32) is Fault.HASH


def test_the_lane_of_the_law_brings_what_the_law_moves_and_either_lane_the_familys_words() -> None:
    sheet: dict[str, Any] = {
        "category": "health_check",
        "schema": "urn:manabi:schema:health_check:1",
        "body": bodies.health_check(),
    }
    assert check(signed(**sheet), BY_LAW).category == "health_check"
    for ground in (BY_LAW, GRANTED):
        assert check(signed(category=COMMENT, body={"text": "水泳が好きです。"}), ground).category == COMMENT
    assert fault_of(signed(), BY_LAW) is Fault.NOT_GRANTED


def test_what_schools_receive_and_never_send_is_believed() -> None:
    early = signed(category="early_years", schema="urn:manabi:schema:early_years:1", body={"text": "よく遊んだ。"})
    assert check(early, BY_LAW).category == "early_years"


def enclosing(inner: str, **changes: Any) -> str:
    return signed(enclosed=inner, **changes)


def test_an_earlier_schools_copy_is_believed_down_to_its_own_signature() -> None:
    inner = signed(WEST, iss="west", node="c.node", aud="a.node")
    assert [link.school_code for link in check(enclosing(inner)).chain] == ["east", "west"]


@pytest.mark.parametrize(
    ("inner", "fault"),
    [
        (signed(OTHER, iss="west", node="c.node", aud="a.node"), Fault.UNKNOWN_KEY),
        (signed(WEST, iss="west", node="c.node", aud="b.node"), Fault.OTHER_RECIPIENT),
        (signed(WEST, iss="west", node="c.node", aud="a.node", body={"another": "text"}), Fault.FORM),
    ],
)
def test_an_enclosed_copy_that_does_not_hold_refuses_the_whole(inner: str, fault: Fault) -> None:
    assert fault_of(enclosing(inner)) is fault


def test_files_are_named_once_each() -> None:
    file = {"no": 1, "name": "絵.png", "media_type": "image/png", "size": 3, "sha256": "ab" * 32}
    assert check(signed(files=[file])).files[0].sha256 == bytes.fromhex("ab" * 32)
    assert fault_of(signed(files=[file, file])) is Fault.FORM
