"""A receipt is checked on one's own machine: the signature, the words, and what it must say."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from consent.receipt import DisclosedVersion, Party, ReceiptFacts, ShownText, make_receipt
from consent.scope import Scope, Terms
from consent.vocabulary import (
    Category,
    Channel,
    Frequency,
    Lane,
    Locale,
    Mode,
    Move,
    PurposeCode,
    ReceiptEvent,
    Relation,
)
from manabi.verify import DOES_NOT_HOLD, HOLDS, NOT_CHECKED, main
from manabi.verify_receipt import EVENTS, FINDINGS, Code, Finding, check_receipt, sentence
from trust.signing import SigningKey

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
KEY = SigningKey.generate()
TERMS = Terms(Scope.of({Category.REPORT: [2026]}), Mode.STORE, datetime(2027, 3, 31, 15, tzinfo=UTC), None,
              Frequency.REPEATED)  # fmt: skip
WORDS = ShownText.of("通知表を、西小学校に共有します。", Locale.JA)


def content(event: ReceiptEvent = ReceiptEvent.GIVEN) -> dict[str, Any]:
    sent = event is ReceiptEvent.DISCLOSED
    return make_receipt(
        ReceiptFacts(
            receipt_id=UUID(int=1), record_id=UUID(int=2), principal=UUID(int=3), event=event, at=AT,
            by=None if sent else UUID(int=4), by_relation=None if sent else Relation.CARER, channel=Channel.ONLINE,
            shown=WORDS, controller=Party("east", "みらい市教育委員会", "", ""),
            recipient=Party("west", "となり市立西小学校", "", ""), move=Move.TRANSFER,
            purpose=PurposeCode.TRANSFER_OF_SCHOOL, purpose_sentence="転学のため", purpose_dpv="x", lane=Lane.CONSENT,
            legal_basis=(), asked=TERMS, terms=TERMS, storage_location="west", withdrawal="窓口",
            disclosed=(DisclosedVersion(UUID(int=5), Category.REPORT, 2026, 1, "0" * 64),) if sent else (),
        )
    )  # fmt: skip


def bundle(body: Any, key: SigningKey = KEY) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    token = key.sign(raw, typ="manabi-receipt+jws")
    return {"format": "manabi-receipt/1", "receipt": token, "key": key.public().jwk()}


def save(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document, ensure_ascii=False))
    return str(path)


@pytest.fixture
def key(tmp_path: Path) -> str:
    return save(tmp_path / "key.json", KEY.public().jwk())


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("event", [ReceiptEvent.GIVEN, ReceiptEvent.DISCLOSED])
def test_a_receipt_that_holds_is_said_in_words(
    tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str], language: str, event: ReceiptEvent
) -> None:
    file = save(tmp_path / "receipt.json", bundle(content(event)))
    assert main([file, "--key", key, "--language", language]) == HOLDS
    said = capsys.readouterr().out
    assert WORDS.text in said
    assert "みらい市教育委員会" in said
    assert EVENTS[event][language == "en"] in said
    assert (("届いた文書: 1件" in said) or ("arrived: 1" in said)) is (event is ReceiptEvent.DISCLOSED)


def test_without_a_key_the_reader_is_asked_to_compare_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([save(tmp_path / "receipt.json", bundle(content())), "--language", "en"]) == HOLDS
    assert KEY.kid in capsys.readouterr().out


def test_a_changed_letter_is_found(tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = bundle(content())
    head, body, signature = document["receipt"].split(".")
    changed = ("A" if body[40] != "A" else "B").join((body[:40], body[41:]))
    document["receipt"] = f"{head}.{changed}.{signature}"
    assert main([save(tmp_path / "receipt.json", document), "--key", key, "--language", "en"]) == DOES_NOT_HOLD
    assert "signature does not hold" in capsys.readouterr().out


def test_another_operators_key_is_found(tmp_path: Path, key: str) -> None:
    file = save(tmp_path / "receipt.json", bundle(content(), SigningKey.generate()))
    assert main([file, "--key", key]) == DOES_NOT_HOLD


def test_words_that_do_not_have_the_stated_hash_are_found() -> None:
    body = content()
    body["pii_processing"]["privacy_notice"] = "すべてを共有します。"
    report = check_receipt(bundle(body), KEY.public())
    assert [finding.code for finding in report.findings] == [Code.TEXT_ALTERED]
    assert not report.ok


def without(name: str, part: str | None = None) -> dict[str, Any]:
    body = content()
    place = body if part is None else body[part] if part != "events" else body["events"][0]
    place.pop(name)
    return body


def with_value(name: str, value: Any) -> dict[str, Any]:
    body = content()
    body["events"][0][name] = value
    return body


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (bundle(content()) | {"more": 1}, "receipt"),
        (bundle(content()) | {"receipt": 1}, "receipt"),
        (bundle(content()) | {"key": "x"}, "key"),
        (bundle(b"not json"), "receipt"),
        (bundle([]), "events"),
        (bundle(without("events")), "events"),
        (bundle(content() | {"events": []}), "events"),
        (bundle(content() | {"receipt_id": 7}), "receipt_id"),
        (bundle(content() | {"party_identification": "x"}), "party_identification"),
        (bundle(without("privacy_notice", "pii_processing")), "privacy_notice"),
        (bundle(with_value("event_time", "yesterday")), "event_time"),
    ],
)
def test_a_file_of_another_shape_is_named_by_its_place(document: dict[str, Any], place: str) -> None:
    (finding,) = check_receipt(document, None).findings
    assert (finding.code, finding.params) == (Code.UNREADABLE, {"place": place})


def test_for_programs_there_is_one_object(tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([save(tmp_path / "receipt.json", bundle(content())), "--key", key, "--json"]) == HOLDS
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["event"], said["receipt"], said["findings"]) == (True, "given", str(UUID(int=1)), [])
    assert main([save(tmp_path / "broken.json", bundle(b"[]")), "--key", key, "--json"]) == DOES_NOT_HOLD
    assert json.loads(capsys.readouterr().out)["receipt"] is None


def test_an_earlier_file_has_no_sense_for_a_receipt(tmp_path: Path) -> None:
    file = save(tmp_path / "receipt.json", bundle(content()))
    assert main([file, "--earlier", file]) == NOT_CHECKED


def test_every_finding_and_every_event_has_its_sentence() -> None:
    params = dict.fromkeys(("place", "found", "expected", "reason", "kid"), "?")
    assert all(sentence(Finding(code, params), language) for code in FINDINGS for language in ("ja", "en"))
    assert set(FINDINGS) == set(Code)
    assert set(EVENTS) == {event.value for event in ReceiptEvent}
