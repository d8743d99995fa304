import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from manabi import verify
from manabi.verify import DOES_NOT_HOLD, FINDINGS, HOLDS, NOT_CHECKED, main, sentence
from tests.unit.trust.toy_log import AOI, ToyLog, filled_log
from trust.signing import SigningKey
from trust.transparency.bundle import Finding, FindingCode


@pytest.fixture(autouse=True)
def japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")


@pytest.fixture
def log() -> ToyLog:
    return filled_log()


def save(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document, ensure_ascii=False))
    return str(path)


@pytest.fixture
def file(tmp_path: Path, log: ToyLog) -> str:
    return save(tmp_path / "log.json", log.download())


@pytest.fixture
def key(tmp_path: Path, log: ToyLog) -> str:
    return save(tmp_path / "key.json", log.key.public().jwk())


def test_a_log_that_holds_is_said_to_hold_and_what_no_check_can_show_is_said_too(
    file: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([file, "--key", key]) == HOLDS
    said = capsys.readouterr().out
    assert said.splitlines()[:3] == [
        "運営者: node.mirai.example",
        "署名の時刻: 2026-06-03 12:00:00+09:00",
        "記録の数: 8件",
    ]
    assert "確かめました。すべて正しく" in said
    assert "ソフトウェアが記録しなかった閲覧があったかどうかは、わかりません。" in said
    assert "知っておいて" not in said


def test_the_same_is_said_in_english(file: str, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([file, "--key", key, "--language", "en"]) == HOLDS
    said = capsys.readouterr().out
    assert "Everything holds" in said
    assert "It cannot show an access that the software never recorded." in said


@pytest.mark.parametrize(
    ("variable", "value", "word"), [("LANG", "en_GB.UTF-8", "Operator"), ("LC_ALL", "C", "運営者")]
)
def test_the_language_follows_the_machine(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str, word: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert main([file]) == HOLDS
    assert word in capsys.readouterr().out


def test_without_a_key_the_reader_is_asked_to_compare_its_number(
    file: str, log: ToyLog, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([file]) == HOLDS
    said = capsys.readouterr().out
    assert "知っておいていただきたいこと" in said
    assert log.key.kid in said


def test_a_changed_entry_is_named_and_the_exit_code_says_no(
    tmp_path: Path, log: ToyLog, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = log.download()
    document["entries"][2]["entry"]["what"] = "nothing"
    assert main([save(tmp_path / "bad.json", document), "--key", key]) == DOES_NOT_HOLD
    said = capsys.readouterr().out
    assert "このファイルは、このままでは信用できません。" in said
    assert "- 3番目の記録の内容が、記録されたときから変わっています。" in said
    assert "すべて正しく" not in said


def test_a_file_that_is_no_log_gets_a_sentence_and_no_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([save(tmp_path / "other.json", {"format": "x"})]) == DOES_NOT_HOLD
    said = capsys.readouterr().out
    assert "アクセス記録として読めません" in said
    assert "運営者" not in said


def test_machines_get_codes(file: str, tmp_path: Path, log: ToyLog, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([file, "--json"]) == HOLDS
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "node": "node.mirai.example",
        "kid": log.key.kid,
        "at": "2026-06-03T03:00:00+00:00",
        "entries": 8,
        "findings": [{"code": "key_from_file", "fault": False, "params": {"kid": log.key.kid}}],
    }
    assert main([save(tmp_path / "other.json", []), "--json"]) == DOES_NOT_HOLD
    assert json.loads(capsys.readouterr().out)["findings"] == [
        {"code": "unreadable", "fault": True, "params": {"place": "the whole file"}}
    ]


def test_a_later_download_is_held_against_an_earlier_one(
    tmp_path: Path, file: str, key: str, log: ToyLog, capsys: pytest.CaptureFixture[str]
) -> None:
    log.record(AOI, ("child",), "later")
    later = save(tmp_path / "later.json", log.download(joins=(12,)))
    assert main([later, "--key", key, "--earlier", file]) == HOLDS
    assert main([file, "--key", key, "--earlier", later, "--language", "en"]) == DOES_NOT_HOLD
    assert "A log never becomes shorter." in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":1,"a":2}', b"1" * 5_000])
def test_a_file_that_is_not_json_is_refused_with_one_line(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.json").write_bytes(content)
    assert main([str(tmp_path / "log.json")]) == NOT_CHECKED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"ファイル {tmp_path / 'log.json'} を読めません: JSON ではありません\n"


def test_a_missing_file_is_named(tmp_path: Path, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = str(tmp_path / "nowhere.json")
    for arguments in ([nowhere], [file, "--key", nowhere], [file, "--earlier", nowhere]):
        assert main([*arguments, "--language", "en"]) == NOT_CHECKED
        assert capsys.readouterr().err == f"The file {nowhere} cannot be read: No such file or directory\n"


def test_a_file_above_the_limit_is_not_read(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify, "MAX_FILE", 1_000)
    assert main([file]) == NOT_CHECKED
    assert "大きすぎます" in capsys.readouterr().err


@pytest.mark.parametrize("content", [[], {"kty": "RSA"}, {"kty": "OKP", "crv": "Ed25519", "x": 7}])
def test_what_is_no_key_is_refused_with_one_line(
    tmp_path: Path, file: str, content: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([file, "--key", save(tmp_path / "key.json", content)]) == NOT_CHECKED
    assert "公開鍵（JWK）ではありません" in capsys.readouterr().err


def test_another_nodes_key_does_not_confirm_the_file(tmp_path: Path, file: str) -> None:
    other = save(tmp_path / "other.json", SigningKey.generate().public().jwk())
    assert main([file, "--key", other]) == DOES_NOT_HOLD


def test_every_finding_has_a_sentence_in_both_languages_with_the_same_places() -> None:
    assert set(FINDINGS) == set(FindingCode)
    for japanese, english in FINDINGS.values():
        assert set(re.findall(r"%\((\w+)\)s", japanese)) == set(re.findall(r"%\((\w+)\)s", english))
        assert re.search("[ぁ-ん]", japanese)
        assert not re.search("[ぁ-ん]", english)


def test_every_finding_and_every_member_of_the_file_is_documented(log: ToyLog) -> None:
    text = (Path(verify.__file__).parent.parent / "docs" / "access-log.md").read_text()
    document = log.download()
    names = {*document, *document["entries"][0], *document["chain"]["map_proof"], *FindingCode}
    assert [name for name in sorted(names) if f"`{name}" not in text and f".{name}`" not in text] == []


def test_a_finding_can_be_said_in_either_language() -> None:
    finding = Finding(FindingCode.CHAIN_BROKEN, {"position": 4})
    assert sentence(finding, "ja") == "4番目の記録が、その前の記録につながっていません。"
    assert sentence(finding, "en") == "Entry 4 does not follow from the entry before it."


def test_the_check_runs_without_any_of_the_nodes_software(file: str) -> None:
    code = (
        "import sys; from manabi.verify import main; status = main(sys.argv[1:])\n"
        "rooms = {name.partition('.')[0] for name in sys.modules}\n"
        "assert not rooms & {'pds', 'web', 'consent', 'aggregator', 'flask', 'sqlalchemy', 'celery'}, rooms\n"
        "assert not {'trust.keyring', 'trust.journal'} & set(sys.modules)\n"
        "sys.exit(status)"
    )
    run = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
