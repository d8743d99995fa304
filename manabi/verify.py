"""``manabi verify``: check a downloaded access log, or a receipt, on one's own machine, without network or node.

For families, and for whoever helps them: it reads the file, follows every proof, and says in sentences what holds,
what does not, and what no such check can show. It imports nothing of the node's software but ``trust``.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import timedelta, timezone
from pathlib import Path
from typing import Final

from manabi import verify_receipt
from trust.signing import KeyRefused, VerifyingKey
from trust.transparency.bundle import Finding, Report, verify_bundle
from trust.transparency.bundle import FindingCode as Code

MAX_FILE: Final = 256 * 1024 * 1024
"""Bytes; some hundred thousand entries with their proofs."""

HOLDS: Final = 0
DOES_NOT_HOLD: Final = 1
NOT_CHECKED: Final = 2
"""Exit codes: everything holds; something does not; the check could not be made (no such file, not JSON, no key)."""

_LANGUAGES: Final = ("ja", "en")
_JAPAN: Final = timezone(timedelta(hours=9))

FINDINGS: Final[dict[Code, tuple[str, str]]] = {
    Code.UNREADABLE: (
        "このファイルはアクセス記録として読めません（%(place)s がないか、形が違います）。"
        "もう一度ダウンロードしてください。",
        "This file cannot be read as an access log: %(place)s is missing or has the wrong shape. Download it again.",
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
    Code.OTHER_NODE: (
        "ファイルは「%(stated)s」の記録としていますが、署名は「%(signed)s」のものです。",
        'The file says it is from "%(stated)s", but what was signed is the log of "%(signed)s".',
    ),
    Code.ENTRY_ALTERED: (
        "%(position)s番目の記録の内容が、記録されたときから変わっています。",
        "The content of entry %(position)s is not what was recorded.",
    ),
    Code.ENTRY_OUT_OF_PLACE: (
        "%(position)s番目にある記録は、本来%(stated)s番目のものです。順番が変わったか、途中が抜けています。",
        "The entry in place %(position)s is number %(stated)s: entries were reordered, or some are missing.",
    ),
    Code.CHAIN_BROKEN: (
        "%(position)s番目の記録が、その前の記録につながっていません。",
        "Entry %(position)s does not follow from the entry before it.",
    ),
    Code.ENTRY_NOT_IN_LOG: (
        "%(position)s番目の記録が、署名された記録全体の中に見つかりません。",
        "Entry %(position)s is not in the log that was signed.",
    ),
    Code.LOG_ORDER_BROKEN: (
        "%(position)s番目の記録は、その前の記録より先に書かれたことになっています。あとから差しこまれたおそれがあります。",
        "Entry %(position)s stands earlier in the log than the entry before it: it may have been slipped in.",
    ),
    Code.ENTRY_IN_GAP: (
        "%(position)s番目の記録は、運営者が「失われた」と届け出た範囲にあります。",
        "Entry %(position)s lies in a range that the operator declared lost.",
    ),
    Code.COUNT_NOT_CONFIRMED: (
        "ファイルには%(count)s件ありますが、署名された件数・最後の記録と合いません。抜けているか、加えられた記録があります。",
        "The file has %(count)s entries; the signed count and end of this chain are different: "
        "entries are missing, or were added.",
    ),
    Code.EARLIER_FAULTY: (
        "比べるために渡された前のファイルに、%(count)s件の問題があります。比べていません。先に前のファイルを確かめてください。",
        "The earlier file has %(count)s faults of its own, so nothing was compared. Check that file first.",
    ),
    Code.EARLIER_OTHER_CHAIN: (
        "前のファイルは、ほかの子どもの記録か、ほかの見る人のための記録です。比べられません。",
        "The earlier file is about another child, or for another viewer; the two cannot be compared.",
    ),
    Code.EARLIER_IS_NEWER: (
        "前のファイルの時点では記録全体が%(earlier)s件でしたが、いまは%(now)s件です。記録が減ることはありません。",
        "The log had %(earlier)s leaves at the earlier file and has %(now)s now. A log never becomes shorter.",
    ),
    Code.EARLIER_NOT_JOINED: (
        "前のファイル（全体%(size)s件の時点）とのつながりの証明が入っていません。前のファイルの件数を指定して、もう一度ダウンロードしてください。",
        "The file holds no proof that joins it to the earlier one (log of %(size)s leaves). "
        "Download it again, naming that size.",
    ),
    Code.EARLIER_NOT_EXTENDED: (
        "いまの記録は、前のファイル（全体%(size)s件の時点）の続きではありません。過去の記録が書きかえられています。",
        "The present log does not continue the one of the earlier file (%(size)s leaves): the past was rewritten.",
    ),
    Code.EARLIER_ENTRY_GONE: (
        "前のファイルにあった%(position)s番目の記録が、いまのファイルにありません。",
        "Entry %(position)s of the earlier file is no longer there.",
    ),
    Code.GAP_WITHDRAWN: (
        "前に「失われた」と届け出られた範囲が、いまのファイルでは取り下げられています。",
        "A range that was declared lost before is no longer declared.",
    ),
    Code.KEY_FROM_FILE: (
        "署名は、ファイルに入っている鍵で確かめました。この鍵の番号 %(kid)s が、"
        "運営者が公表している番号と同じか、見くらべてください。",
        "The signature was checked with the key in the file. Compare its number %(kid)s "
        "with the one the operator publishes.",
    ),
    Code.GAPS_DECLARED: (
        "運営者は、番号だけが残って内容を示せない記録が、全員分を合わせて%(entries)s件（%(count)sか所）あると届け出ています。"
        "バックアップから戻したときや、書きこみの途中で止まったときに生じます。",
        "The operator declares %(entries)s leaves in %(count)s ranges, of all children together, whose entries can no "
        "longer be shown. Restoring a backup, or a write that was interrupted, leaves such ranges.",
    ),
    Code.EARLIER_ENTRIES_LOST: (
        "前のファイルにあった記録のうち%(count)s件は、失われたと届け出られた範囲にあり、いまのファイルにはありません。前のファイルを大切に保管してください。",
        "%(count)s entries of the earlier file lie in a range declared lost and are no longer shown. "
        "Keep the earlier file.",
    ),
}

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "subject": (
        "運営者: %(node)s\n署名の時刻: %(at)s\n記録の数: %(count)s件",
        "Operator: %(node)s\nSigned at: %(at)s\nEntries: %(count)s",
    ),
    "holds": (
        "確かめました。すべて正しく、抜けている番号はありません。",
        "Checked. Everything holds, and no number is missing.",
    ),
    "fails": ("このファイルは、このままでは信用できません。", "This file cannot be relied on as it is."),
    "notices": ("知っておいていただきたいこと:", "Please note:"),
    "limits": (
        "この確認でわかるのは、署名の時点までに記録されたものが、そのまま、すべて入っていることです。"
        "ソフトウェアが記録しなかった閲覧があったかどうかは、わかりません。",
        "This check shows that whatever was recorded up to the signature is all there, unaltered. "
        "It cannot show an access that the software never recorded.",
    ),
    "only_logs": (
        "%(path)s は受領書です。--earlier はアクセス記録にだけ使えます。",
        "%(path)s is a receipt; --earlier is for access logs alone.",
    ),
    "no_file": ("ファイル %(path)s を読めません: %(reason)s", "The file %(path)s cannot be read: %(reason)s"),
    "too_large": ("大きすぎます", "it is too large"),
    "not_json": ("JSON ではありません", "it is not JSON"),
    "no_key": (
        "%(path)s は Ed25519 の公開鍵（JWK）ではありません。運営者が公表している鍵のファイルを渡してください。",
        "%(path)s is not an Ed25519 public key (JWK). Give the key file that the operator publishes.",
    ),
}


class _NotCheckedError(Exception):
    """A file that could not be read at all; holds the name of the sentence and what it needs."""

    def __init__(self, text: str, path: Path, reason: str = "") -> None:
        super().__init__(text)
        self.text, self.path, self.reason = text, path, reason


def main(argv: Sequence[str] | None = None) -> int:
    """Run the check from the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="manabi verify",
        description="Check a downloaded access log or a receipt offline. "
        "/ ダウンロードしたアクセス記録や受領書を、通信せずに確かめます。",
    )
    add_arguments(parser)
    return run(parser.parse_args(argv))


def run(options: argparse.Namespace) -> int:
    """Check the file that the options name; return 0 if everything holds, 1 if not, 2 if it could not be checked."""
    try:
        document = _read_json(options.file)
        key = None if options.key is None else _read_key(options.key)
        earlier = None if options.earlier is None else _read_json(options.earlier)
        if options.earlier is not None and verify_receipt.is_receipt(document):
            raise _NotCheckedError("only_logs", options.file)
    except _NotCheckedError as error:
        reason = _text(error.reason, options.language) if error.reason in _TEXTS else error.reason
        print(_text(error.text, options.language, path=error.path, reason=reason), file=sys.stderr)
        return NOT_CHECKED
    if isinstance(document, dict) and verify_receipt.is_receipt(document):
        receipt = verify_receipt.check_receipt(document, key)
        print(
            verify_receipt.as_json(receipt) if options.json else verify_receipt.as_sentences(receipt, options.language)
        )
        return HOLDS if receipt.ok else DOES_NOT_HOLD
    report = verify_bundle(document, key, earlier=earlier)
    print(_as_json(report) if options.json else _as_sentences(report, options.language))
    return HOLDS if report.ok else DOES_NOT_HOLD


def sentence(finding: Finding, language: str) -> str:
    """Return a finding as a sentence in 'ja' or 'en'."""
    return FINDINGS[finding.code][_LANGUAGES.index(language)] % finding.params


def _text(name: str, language: str, **params: object) -> str:
    return _TEXTS[name][_LANGUAGES.index(language)] % params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    parser.epilog = "Exit status: 0 everything holds, 1 something does not, 2 the check could not be made."
    parser.add_argument("file", type=Path, metavar="FILE", help="the downloaded access log, or a receipt")
    parser.add_argument("--key", type=Path, metavar="JWK", help="the operator's published public key")
    parser.add_argument("--earlier", type=Path, metavar="FILE", help="an earlier download of the same log")
    parser.add_argument("--language", choices=_LANGUAGES, default="en" if spoken.startswith("en") else "ja")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")


def _as_sentences(report: Report, language: str) -> str:
    lines: list[str] = []
    if report.at is not None:
        at = report.at.astimezone(_JAPAN).isoformat(sep=" ", timespec="seconds")
        lines += [_text("subject", language, node=report.node, at=at, count=report.entries), ""]
    lines.append(_text("holds" if report.ok else "fails", language))
    lines += [f"- {sentence(finding, language)}" for finding in report.findings if finding.is_fault]
    notices = [f"- {sentence(finding, language)}" for finding in report.findings if not finding.is_fault]
    if notices:
        lines += ["", _text("notices", language), *notices]
    return "\n".join([*lines, "", _text("limits", language)])


def _as_json(report: Report) -> str:
    return json.dumps(
        {
            "ok": report.ok,
            "node": report.node,
            "kid": report.kid,
            "at": None if report.at is None else report.at.isoformat(),
            "entries": report.entries,
            "findings": [
                {"code": finding.code.value, "fault": finding.is_fault, "params": finding.params}
                for finding in report.findings
            ],
        },
        ensure_ascii=False,
    )


def _read_key(path: Path) -> VerifyingKey:
    document = _read_json(path)
    if not isinstance(document, dict):
        raise _NotCheckedError("no_key", path)
    try:
        return VerifyingKey.from_jwk(document)
    except KeyRefused as error:
        raise _NotCheckedError("no_key", path) from error


def _read_json(path: Path) -> object:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        raise _NotCheckedError("no_file", path, error.strerror or type(error).__name__) from error
    if len(raw) > MAX_FILE:
        raise _NotCheckedError("no_file", path, "too_large")
    try:
        document: object = json.loads(raw, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise _NotCheckedError("no_file", path, "not_json") from error
    return document


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse an object that names a member twice: two readers would see two different files."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a member stands twice")
    return document
