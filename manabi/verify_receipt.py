"""The check of a receipt: that the node signed these very words, and that it says what a receipt must say.

A receipt states what somebody decided or what was handed over, with the text the person had before them (field names of
ISO/IEC TS 27560:2023). Its file holds the signed receipt and the node's public key, nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from trust.signing import KeyRefused, SignatureRefused, VerifyingKey

FORMAT: Final = "manabi-receipt/1"
_TYP: Final = "manabi-receipt+jws"
_MEMBERS: Final = {"format", "receipt", "key"}


class Code(StrEnum):
    """Everything the check can find. All but the notice mean that the receipt must not be relied on."""

    UNREADABLE = "unreadable"
    WRONG_KEY = "wrong_key"
    SIGNATURE_BROKEN = "signature_broken"
    TEXT_ALTERED = "text_altered"
    KEY_FROM_FILE = "key_from_file"


FINDINGS: Final[dict[Code, tuple[str, str]]] = {
    Code.UNREADABLE: (
        "このファイルは受領書として読めません（%(place)s がないか、形が違います）。もう一度ダウンロードしてください。",
        "This file cannot be read as a receipt: %(place)s is missing or has the wrong shape. Download it again.",
    ),
    Code.WRONG_KEY: (
        "ファイルの鍵（%(found)s）は、渡された鍵（%(expected)s）と違います。別の運営者のファイルか、作り変えられたものです。",
        "The key in the file (%(found)s) is not the key you gave (%(expected)s): "
        "it is another operator's file, or a forged one.",
    ),
    Code.SIGNATURE_BROKEN: (
        "運営者の署名が正しくありません（%(reason)s）。署名のあとで書きかえられたか、別の鍵で署名されています。",
        "The operator's signature does not hold (%(reason)s): it was changed after signing, or made with another key.",
    ),
    Code.TEXT_ALTERED: (
        "画面に出ていた文章が、受領書に書かれたハッシュ値と合いません。",
        "The words that were shown do not have the hash that the receipt states.",
    ),
    Code.KEY_FROM_FILE: (
        "署名は、ファイルに入っている鍵で確かめました。この鍵の番号 %(kid)s が、"
        "運営者が公表している番号と同じか、見くらべてください。",
        "The signature was checked with the key in the file. Compare its number %(kid)s "
        "with the one the operator publishes.",
    ),
}

EVENTS: Final[dict[str, tuple[str, str]]] = {
    "given": ("共有することにした", "sharing was agreed to"),
    "given_in_part": ("一部を共有することにした", "sharing was agreed to in part"),
    "refused": ("共有しないことにした", "sharing was refused"),
    "narrowed": ("共有するものを減らした", "less is shared"),
    "paused": ("共有を止めた", "sharing was paused"),
    "resumed": ("共有を再開した", "sharing was resumed"),
    "revoked": ("共有をやめた", "sharing was ended"),
    "expired": ("共有の期限が来た", "sharing came to its end"),
    "commented": ("意見を書いた", "a comment was written"),
    "disclosed": ("相手に届いた", "documents arrived"),
}

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "subject": (
        "運営者: %(operator)s\n相手: %(recipient)s\nできごと: %(event)s\n時刻: %(at)s\n受領書の番号: %(receipt)s",
        "Operator: %(operator)s\nRecipient: %(recipient)s\nEvent: %(event)s\nTime: %(at)s\nReceipt: %(receipt)s",
    ),
    "documents": ("届いた文書: %(count)s件", "Documents that arrived: %(count)s"),
    "words": ("画面に出ていた文章:", "The words that were shown:"),
    "holds": (
        "確かめました。この受領書は、運営者が署名したとおりです。",
        "Checked. This is the receipt as the operator signed it.",
    ),
    "fails": ("この受領書は、このままでは信用できません。", "This receipt cannot be relied on as it is."),
    "notices": ("知っておいていただきたいこと:", "Please note:"),
    "limits": (
        "この確認でわかるのは、運営者がこの内容に署名したことです。そのあとに変わったことは、わかりません。",
        "This check shows that the operator signed this. It cannot show what has changed since.",
    ),
}
_LANGUAGES: Final = ("ja", "en")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, with what its sentence needs."""

    code: Code
    params: dict[str, str] = field(default_factory=dict)

    @property
    def is_fault(self) -> bool:
        """Tell whether the receipt must not be relied on because of this."""
        return self.code is not Code.KEY_FROM_FILE


@dataclass(frozen=True, slots=True)
class Said:
    """What a receipt says, once its signature holds."""

    receipt_id: str
    operator: str
    recipient: str
    event: str
    at: datetime
    words: str
    documents: int


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome: what was found and, where the signature holds, what the receipt says."""

    findings: tuple[Finding, ...]
    kid: str | None = None
    said: Said | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the receipt may be relied on."""
        return not any(finding.is_fault for finding in self.findings)


class _Unreadable(Exception):
    """A place in the receipt that is missing or of another shape."""


def is_receipt(document: object) -> bool:
    """Tell whether a file says that it is a receipt."""
    return isinstance(document, dict) and document.get("format") == FORMAT


def check_receipt(document: Mapping[str, Any], key: VerifyingKey | None) -> Report:
    """Check the file of a receipt against the operator's published key, or without one against the key it holds."""
    token, stated = document.get("receipt"), document.get("key")
    if set(document) != _MEMBERS or not isinstance(token, str):
        return Report((Finding(Code.UNREADABLE, {"place": "receipt"}),))
    try:
        own = VerifyingKey.from_jwk(stated if isinstance(stated, dict) else {})
    except KeyRefused:
        return Report((Finding(Code.UNREADABLE, {"place": "key"}),))
    if key is not None and key.kid != own.kid:
        return Report((Finding(Code.WRONG_KEY, {"found": own.kid, "expected": key.kid}),), own.kid)
    try:
        content = json.loads(own.verify(token, typ=_TYP))
    except SignatureRefused as refused:
        return Report((Finding(Code.SIGNATURE_BROKEN, {"reason": str(refused.params["reason"])}),), own.kid)
    except ValueError:
        return Report((Finding(Code.UNREADABLE, {"place": "receipt"}),), own.kid)
    try:
        said, stated_hash = _read(content)
    except _Unreadable as unreadable:
        return Report((Finding(Code.UNREADABLE, {"place": str(unreadable)}),), own.kid)
    findings = [] if key is not None else [Finding(Code.KEY_FROM_FILE, {"kid": own.kid})]
    if sha256(said.words.encode()).hexdigest() != stated_hash:
        findings.append(Finding(Code.TEXT_ALTERED))
    return Report(tuple(findings), own.kid, said)


def sentence(finding: Finding, language: str) -> str:
    """Return a finding as a sentence in 'ja' or 'en'."""
    return FINDINGS[finding.code][_LANGUAGES.index(language)] % finding.params


def as_sentences(report: Report, language: str) -> str:
    """Return the report for people."""
    index = _LANGUAGES.index(language)
    lines: list[str] = []
    if report.said is not None:
        said = report.said
        event = EVENTS.get(said.event, (said.event, said.event))[index]
        lines.append(
            _TEXTS["subject"][index]
            % {"operator": said.operator, "recipient": said.recipient, "event": event, "receipt": said.receipt_id,
               "at": said.at.isoformat(sep=" ", timespec="seconds")}
        )  # fmt: skip
        if said.documents:
            lines.append(_TEXTS["documents"][index] % {"count": said.documents})
        lines += ["", _TEXTS["words"][index], said.words, ""]
    lines.append(_TEXTS["holds" if report.ok else "fails"][index])
    lines += [f"- {sentence(finding, language)}" for finding in report.findings if finding.is_fault]
    notices = [f"- {sentence(finding, language)}" for finding in report.findings if not finding.is_fault]
    if notices:
        lines += ["", _TEXTS["notices"][index], *notices]
    return "\n".join([*lines, "", _TEXTS["limits"][index]])


def as_json(report: Report) -> str:
    """Return the report for programs."""
    said = report.said
    return json.dumps(
        {
            "ok": report.ok,
            "kid": report.kid,
            "receipt": None if said is None else said.receipt_id,
            "event": None if said is None else said.event,
            "at": None if said is None else said.at.isoformat(),
            "findings": [
                {"code": finding.code.value, "fault": finding.is_fault, "params": finding.params}
                for finding in report.findings
            ],
        },
        ensure_ascii=False,
    )


def _read(content: object) -> tuple[Said, str]:
    """Return what a signed receipt says, and the hash it states of the words shown; raises _Unreadable."""
    (event,) = _list(content, "events", 1)
    controller, recipient = _list(content, "party_identification", 2)
    try:
        at = datetime.fromisoformat(_text(event, "event_time"))
    except ValueError as error:
        raise _Unreadable("event_time") from error
    processing = _member(content, "pii_processing")
    return Said(
        _text(content, "receipt_id"),
        _text(controller, "party_name"),
        _text(recipient, "party_name"),
        _text(event, "event_type"),
        at,
        _text(processing, "privacy_notice"),
        len(_list(event, "disclosed")),
    ), _text(processing, "privacy_notice_sha256")


def _member(content: object, name: str) -> object:
    if not isinstance(content, dict) or name not in content:
        raise _Unreadable(name)
    return content[name]


def _text(content: object, name: str) -> str:
    value = _member(content, name)
    if not isinstance(value, str):
        raise _Unreadable(name)
    return value


def _list(content: object, name: str, length: int | None = None) -> list[Any]:
    value = _member(content, name)
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise _Unreadable(name)
    return value
