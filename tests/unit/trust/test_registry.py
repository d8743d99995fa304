import copy
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trust.forging import EC, ED, RSA, b64
from trust.envelopes import SealingKey
from trust.framing import canonical_json, from_text
from trust.keys import Key, jose_key, write_jwk
from trust.registry import (
    AHEAD,
    KeyUse,
    Organisation,
    OrganisationKind,
    Participant,
    ParticipantKey,
    ParticipantKind,
    RegistrarUnknown,
    Registry,
    RegistryRefused,
    make_registry,
    open_registry,
    read_held,
    read_registrar_keys,
    write_registrar_keys,
)
from trust.signing import SigningKey

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MONTH = 30 * DAY
REGISTRAR = SigningKey.generate()
TYP = "manabi-registry+jws"
SCHOOL_KEYS = [SigningKey.generate().public() for _ in range(4)]


def key_of(use: KeyUse, key: Key | None = None, begin: datetime = NOW, end: datetime | None = None) -> ParticipantKey:
    return ParticipantKey.of(use, key or jose_key(SigningKey.generate()), begin, end)


def school(code: str, at: int, successor: str | None = None) -> Organisation:
    return Organisation(code, f"学校{at}", OrganisationKind.SCHOOL, (SCHOOL_KEYS[at],), successor)


MIRAI = Participant(
    1, "mirai.node", "みらい市教育委員会", ParticipantKind.NODE, "https://mirai.example", "教育総務課 000-000-0000",
    (key_of(KeyUse.NODE), key_of(KeyUse.CLIENT)),
    (
        Organisation("209201", "みらい市教育委員会", OrganisationKind.BOARD), school("B1", 0, "B2"),
        school("B2", 1, "C1"),
    ),
)  # fmt: skip
ASAHI = Participant(
    7, "asahi.node", "あさひ市教育委員会", ParticipantKind.NODE, "http://localhost:8401", "学校教育課",
    (key_of(KeyUse.NODE, ED), key_of(KeyUse.CLIENT, EC)), (school("C1", 2), school("C2", 3, "D9")),
)  # fmt: skip
VENDOR = Participant(
    8, "vendor", "校務システム株式会社", ParticipantKind.SYSTEM, None, "サポート窓口", (key_of(KeyUse.CLIENT, RSA),)
)
OPENER = SealingKey.generate()
LEADER = Participant(
    9, "leader", "全国集計センター", ParticipantKind.AGGREGATOR, "https://leader.example", "集計課",
    (key_of(KeyUse.NODE), ParticipantKey.to_seal(OPENER.public(), NOW)),
)  # fmt: skip
ALL = (MIRAI, ASAHI, VENDOR, LEADER)


def publish(version: int = 3, participants: tuple[Participant, ...] = ALL, key: SigningKey = REGISTRAR) -> str:
    return make_registry(key, version, participants, now=NOW, expires_at=NOW + MONTH)


def opened(token: str, now: datetime = NOW, held: Registry | None = None) -> Registry:
    return open_registry(token, [REGISTRAR.public()], now, held=held)


TOKEN = publish()
REGISTRY = opened(TOKEN)


def test_what_was_published_is_what_is_read() -> None:
    assert REGISTRY.participants == ALL
    assert (REGISTRY.version, REGISTRY.issued_at, REGISTRY.expires_at) == (3, NOW, NOW + MONTH)


def test_participants_are_found_by_id_number_and_issuer() -> None:
    assert REGISTRY.by_id("asahi.node") == REGISTRY.by_number(7) == REGISTRY.by_issuer("http://localhost:8401") == ASAHI
    assert REGISTRY.by_id("asahi") is None
    assert REGISTRY.by_number(2) is None
    assert REGISTRY.by_issuer("https://asahi.example") is None


def test_a_closed_school_leads_to_who_stands_for_it_now() -> None:
    found = REGISTRY.school("B1")
    assert found is not None
    assert (found[0].id, found[1].code) == ("asahi.node", "C1")


def test_a_successor_that_is_not_listed_leaves_the_school_where_it_was() -> None:
    found = REGISTRY.school("C2")
    assert found is not None
    assert found[1].code == "C2"
    assert REGISTRY.school("D9") is None


def test_a_closed_schools_own_keys_still_check_what_it_signed() -> None:
    found = REGISTRY.organisation("B1")
    assert found is not None
    assert found[1].key(SCHOOL_KEYS[0].kid) == SCHOOL_KEYS[0]
    assert found[1].key("another") is None


def test_a_key_counts_from_its_first_instant_until_before_its_last() -> None:
    old, new = key_of(KeyUse.CLIENT, begin=NOW, end=NOW + 2 * DAY), key_of(KeyUse.CLIENT, begin=NOW + DAY)
    one = Participant(1, "a", "a", ParticipantKind.NODE, "https://a", "a", (key_of(KeyUse.NODE), old, new))

    def kids(at: datetime) -> list[str | None]:
        return [key.kid for key in one.keys_for("client", at)]

    tick = timedelta(microseconds=1)
    assert kids(NOW - tick) == []
    assert kids(NOW) == kids(NOW + DAY - tick) == [old.kid]
    assert kids(NOW + DAY) == kids(NOW + 2 * DAY - tick) == [new.kid, old.kid]
    assert kids(NOW + 2 * DAY) == [new.kid]


def test_envelopes_are_closed_to_the_newest_key_that_counts() -> None:
    new = SealingKey.generate()
    changing = replace(LEADER, keys=(*LEADER.keys, ParticipantKey.to_seal(new.public(), NOW + DAY)))
    read = next(iter(opened(publish(participants=(changing,))).participants))
    tick = timedelta(microseconds=1)
    assert [read.sealing_key(at) for at in (NOW - tick, NOW, NOW + DAY - tick, NOW + DAY)] == [
        None, OPENER.public(), OPENER.public(), new.public(),
    ]  # fmt: skip
    assert MIRAI.sealing_key(NOW) is None


# Refused as a whole


def test_the_signature_must_be_a_pinned_registrars() -> None:
    with pytest.raises(RegistryRefused, match="not the registrar's"):
        opened(publish(key=SigningKey.generate()))
    with pytest.raises(RegistryRefused, match="not the registrar's"):
        open_registry(TOKEN, [], NOW, held=None)


def test_either_of_two_pinned_keys_will_do() -> None:
    other = SigningKey.generate()
    pinned = [other.public(), REGISTRAR.public()]
    for token in (TOKEN, publish(key=other)):
        assert open_registry(token, pinned, NOW, held=REGISTRY) == REGISTRY


def test_a_document_for_another_purpose_is_no_registry() -> None:
    payload = from_text(TOKEN.split(".")[1])
    with pytest.raises(RegistryRefused, match="another purpose"):
        opened(REGISTRAR.sign(payload, typ="manabi-record+jws"))


def test_a_document_counts_until_before_it_expires() -> None:
    opened(TOKEN, NOW + MONTH - timedelta(seconds=1))
    with pytest.raises(RegistryRefused, match="it expired on 2026-12-20T03:00:00Z"):
        opened(TOKEN, NOW + MONTH)


def test_a_document_from_the_future_is_refused() -> None:
    opened(TOKEN, NOW - AHEAD)
    with pytest.raises(RegistryRefused, match="in the future"):
        opened(TOKEN, NOW - AHEAD - timedelta(seconds=1))


def test_a_lower_version_is_refused() -> None:
    with pytest.raises(RegistryRefused, match="version 2 is older than version 3 in force"):
        opened(publish(2), held=REGISTRY)


def test_the_same_version_with_another_content_is_refused() -> None:
    with pytest.raises(RegistryRefused, match="another document with version 3 is in force"):
        opened(publish(3, (MIRAI,)), held=REGISTRY)


def test_the_same_document_and_a_newer_one_are_accepted() -> None:
    assert opened(TOKEN, held=REGISTRY) == REGISTRY
    assert opened(publish(4, (MIRAI,)), held=REGISTRY).version == 4


def test_a_kept_document_is_read_without_looking_at_clock_or_signature() -> None:
    assert read_held(TOKEN) == REGISTRY
    for damaged in ("", "a", "a.b", "a.b.c"):
        with pytest.raises(RegistryRefused, match=r"damaged|registry"):
            read_held(damaged)


# Refused by what stands in it


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(from_text(TOKEN.split(".")[1]))
    return found


def sign(wire: dict[str, Any]) -> str:
    return REGISTRAR.sign(canonical_json(wire), typ=TYP)


def test_the_document_changed_below_is_accepted_unchanged() -> None:
    assert opened(sign(document())) == REGISTRY


def setting(*place: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(wire: Any) -> None:
        for step in place[:-1]:
            wire = wire[step]
        if isinstance(wire, list) and place[-1] == len(wire):
            wire.append(to)
        else:
            wire[place[-1]] = to

    return change


def dropping(*place: str | int) -> Callable[[dict[str, Any]], None]:
    def change(wire: Any) -> None:
        for step in place[:-1]:
            wire = wire[step]
        del wire[place[-1]]

    return change


A = ("participants", 0)
KEY = (*A, "keys", 0)
CODE = (*A, "organisations", 1)
COUNTING = ("participants", 3)
CLIENT_KEY = {**document()["participants"][2]["keys"][0], "jwk": write_jwk(jose_key(SigningKey.generate()))}
SEALING_KEY = document()["participants"][3]["keys"][1]
CHANGES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another format": (setting("format", to="manabi-registry/2"), "format"),
    "an unknown member": (setting("learners", to=[]), "unknown learners"),
    "a missing member": (dropping("expires_at"), "unknown expires_at"),
    "version 0": (setting("version", to=0), "version"),
    "a version that is true": (setting("version", to=True), "version"),
    "a version that is a text": (setting("version", to="3"), "version"),
    "an instant without its zone": (setting("issued_at", to="2026-11-20T03:00:00"), "issued_at"),
    "an instant in another zone": (setting("issued_at", to="2026-11-20T12:00:00+09:00"), "issued_at"),
    "an instant in another spelling": (setting("issued_at", to="2026-11-20T3:00:00Z"), "issued_at"),
    "an instant that does not exist": (setting("expires_at", to="2026-13-20T03:00:00Z"), "expires_at"),
    "an expiry before the issue": (setting("expires_at", to="2026-11-20T03:00:00Z"), "not after issued_at"),
    "participants that are no list": (setting("participants", to={}), "participants"),
    "a participant that is no object": (setting("participants", 1, to="asahi"), r"participants\[1\]: not an object"),
    "a person in a participant": (setting(*A, "officer", to="山田花子"), "unknown officer"),
    "a person in an organisation": (setting(*CODE, "principal", to="山田花子"), "unknown principal"),
    "a participant without a name": (setting(*A, "name", to=" "), r"participants\[0\].name"),
    "a participant with an endless name": (setting(*A, "name", to="市" * 201), "name"),
    "a name with a control character": (setting(*A, "name", to="みらい\u0007市"), "control"),
    "number 0": (setting(*A, "number", to=0), "number"),
    "a number no ticket can carry": (setting(*A, "number", to=32**4), "number"),
    "the same number twice": (setting(*A, "number", to=7), "the number 7 stands twice"),
    "the same id twice": (setting(*A, "id", to="asahi.node"), "the id asahi.node stands twice"),
    "an id with a slash": (setting(*A, "id", to="mirai/node"), "id: not a name"),
    "the same issuer twice": (setting(*A, "issuer", to="http://localhost:8401"), "the issuer .* stands twice"),
    "an issuer without TLS": (setting(*A, "issuer", to="http://mirai.example"), "issuer"),
    "an issuer that only begins like this machine": (setting(*A, "issuer", to="http://localhost.evil"), "issuer"),
    "an issuer with a query": (setting(*A, "issuer", to="https://mirai.example?x"), "issuer"),
    "an issuer with a name before the host": (setting(*A, "issuer", to="https://a@mirai.example"), "issuer"),
    "an issuer that ends in a slash": (setting(*A, "issuer", to="https://mirai.example/"), "issuer"),
    "an issuer with a bad port": (setting(*A, "issuer", to="https://mirai.example:99999"), "issuer"),
    "an issuer that is a file": (setting(*A, "issuer", to="file:///etc/passwd"), "issuer"),
    "a node without an issuer": (setting(*A, "issuer", to=None), "a node has one"),
    "a system with an issuer": (setting("participants", 2, "issuer", to="https://v.example"), "a system has none"),
    "a system that stands for a school": (
        setting("participants", 2, "organisations", to=[document()["participants"][0]["organisations"][0]]),
        "a system stands for no organisation",
    ),
    "an aggregator without an issuer": (setting(*COUNTING, "issuer", to=None), "an aggregator too"),
    "an aggregator that stands for a school": (
        setting(*COUNTING, "organisations", to=[document()["participants"][0]["organisations"][0]]),
        "nor does an aggregator",
    ),
    "an aggregator without its sealing key": (dropping(*COUNTING, "keys", 1), "no sealing key"),
    "an aggregator without its node key": (dropping(*COUNTING, "keys", 0), "no node key"),
    "an aggregator that would be a client": (setting(*COUNTING, "keys", 2, to=CLIENT_KEY), "client key is not for"),
    "a node that opens envelopes": (setting(*A, "keys", 2, to=SEALING_KEY), "sealing key is not for"),
    "a sealing key that signs": (setting(*COUNTING, "keys", 1, "jwk", to=write_jwk(ED)), "not an X25519"),
    "a node key that seals": (setting(*KEY, "jwk", to=OPENER.public().jwk()), "another curve"),
    "a sealing key off its form": (setting(*COUNTING, "keys", 1, "jwk", "use", to="sig"), "published form"),
    "a sealing key with a private part": (setting(*COUNTING, "keys", 1, "jwk", "d", to="AAAA"), "private part"),
    "a sealing key under a false name": (setting(*COUNTING, "keys", 1, "jwk", "kid", to="mine"), "thumbprint"),
    "a sealing key of small order": (setting(*COUNTING, "keys", 1, "jwk", "x", to="A" * 43), "unreadable"),
    "another kind of participant": (setting(*A, "kind", to="person"), "kind: unknown"),
    "a node without its client key": (dropping(*A, "keys", 1), "no client key"),
    "a node without its node key": (dropping(*A, "keys", 0), "no node key"),
    "another use of a key": (setting(*KEY, "use", to="tls"), "use: unknown"),
    "a key with a private part": (setting(*KEY, "jwk", "d", to="AAAA"), "private part"),
    "a key that is a list": (setting(*KEY, "jwk", to=[]), "jwk"),
    "a key off its form": (setting(*KEY, "jwk", "key_ops", to=["sign"]), "published form"),
    "a key for another algorithm": (setting(*KEY, "jwk", "alg", to="none"), "published form"),
    "a key that ends before it begins": (setting(*KEY, "valid_to", to="2026-11-20T03:00:00Z"), "not after valid_from"),
    "the same key of two participants": (
        setting(*KEY, "jwk", to=document()["participants"][1]["keys"][0]["jwk"]), "the key .* stands twice",
    ),
    "the same key twice": (
        setting(*KEY, "jwk", to=document()["participants"][0]["keys"][1]["jwk"]), "a kid stands twice",
    ),
    "too many keys": (setting(*A, "keys", to=[document()["participants"][0]["keys"][0]] * 33), "at most 32"),
    "the same code twice": (setting(*CODE, "code", to="C1"), "the code C1 stands twice"),
    "a code with a space": (setting(*CODE, "code", to="B 1"), "code: not a name"),
    "another kind of organisation": (setting(*CODE, "kind", to="family"), "kind: unknown"),
    "a school that follows itself": (setting(*CODE, "successor", to="B1"), "the organisation itself"),
    "schools that follow each other": (setting("participants", 1, "organisations", 0, "successor", to="B1"), "ring"),
    "a school's key that is no key": (setting(*CODE, "keys", to=["key"]), "not an object"),
    "a school's key of another kind": (setting(*CODE, "keys", to=[write_jwk(EC)]), "not an Ed25519"),
    "a school's key with a private part": (setting(*CODE, "keys", 0, "d", to="AAAA"), "private part"),
    "a school's key under a false name": (setting(*CODE, "keys", 0, "kid", to="mine"), "thumbprint"),
    "a school's key twice": (setting(*CODE, "keys", to=[SCHOOL_KEYS[0].jwk()] * 2), "a key stands twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_a_document_that_says_something_else_is_refused_and_the_place_is_named(case: str) -> None:
    change, reason = CHANGES[case]
    wire = copy.deepcopy(document())
    change(wire)
    with pytest.raises(RegistryRefused, match=reason):
        opened(sign(wire))


def test_a_registrar_cannot_publish_a_document_that_contradicts_itself() -> None:
    with pytest.raises(RegistryRefused, match=r"the id mirai\.node stands twice"):
        publish(1, (MIRAI, MIRAI))


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"3", b"\xff", b"[" * 5000, b'{"a":' * 5000, b'{"a":1,"a":2}', b'{"version":NaN}']
)
def test_a_signed_payload_that_is_no_document_is_refused(payload: bytes) -> None:
    with pytest.raises(RegistryRefused):
        opened(REGISTRAR.sign(payload, typ=TYP))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(wire: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [here] if here else []
    steps: list[Any] = list(wire.items()) if isinstance(wire, dict) else []
    steps += list(enumerate(wire)) if isinstance(wire, list) else []
    for step, inner in steps:
        found += places(inner, (*here, step))
    return found


@given(st.sampled_from(places(document())), JSON)
def test_whatever_stands_anywhere_in_a_signed_document_it_is_read_or_refused(
    place: tuple[str | int, ...], value: object
) -> None:
    wire = document()
    setting(*place, to=value)(wire)
    with suppress(RegistryRefused):
        opened(REGISTRAR.sign(json.dumps(wire).encode(), typ=TYP))


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: f"{b64(raw)}.{b64(raw)}.{b64(raw)}"))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    for judged in (opened, read_held):
        with pytest.raises(RegistryRefused):
            judged(text)


@given(at=st.integers(0, len(TOKEN) - 1), to=st.sampled_from("AQgwz09-_.= é"))
def test_no_character_can_be_exchanged(at: int, to: str) -> None:
    changed = TOKEN[:at] + to + TOKEN[at + 1 :]
    if changed != TOKEN:
        with pytest.raises(RegistryRefused):
            opened(changed)


# The registrar's keys


def test_the_registrars_keys_are_pinned_as_a_jwk_set() -> None:
    keys = (REGISTRAR.public(), SigningKey.generate().public())
    assert read_registrar_keys(write_registrar_keys(keys)) == keys


@pytest.mark.parametrize("content", [b"", b"{}", b'{"keys":{}}', b'{"keys":[]}', b'{"keys":["a"]}', b"[" * 5000])
def test_a_file_without_keys_pins_nobody(content: bytes) -> None:
    with pytest.raises(RegistrarUnknown):
        read_registrar_keys(content)


@pytest.mark.long
def test_a_registry_of_the_whole_country_is_made_and_read() -> None:
    participants = tuple(
        Participant(
            number, f"node-{number}", "市", ParticipantKind.NODE, f"https://n{number}.example", "課",
            (key_of(KeyUse.NODE), key_of(KeyUse.CLIENT)),
            tuple(
                Organisation(f"B{number:05}{at:02}", "学校", OrganisationKind.SCHOOL, (SigningKey.generate().public(),))
                for at in range(20)
            ),
        )
        for number in range(1, 1742)
    )  # fmt: skip
    assert opened(publish(1, participants)).participants == participants
