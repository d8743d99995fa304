"""The node's own keys: derived, for signing, for opening envelopes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.trust.keyring.folders import NODE, NOW, reopened
from trust.envelopes import open_envelope, seal_to
from trust.keyring import FileKeyring
from trust.signing import KeyRefused


def test_node_keys_are_the_same_for_ever_and_differ_by_purpose_and_node(
    keyring: FileKeyring, folder: Path, tmp_path: Path
) -> None:
    index, session = keyring.node_key("index"), keyring.node_key("session")
    assert len(index) == 32
    assert index != session
    keyring.rotate_epoch(now=NOW)
    assert keyring.node_key("index") == reopened(folder).node_key("index") == index
    other = FileKeyring.create(tmp_path / "other", "node.tonari.example")
    (tmp_path / "other" / "node.secret").write_bytes((folder / "node.secret").read_bytes())
    other = FileKeyring.open(tmp_path / "other", "node.tonari.example")
    assert other.node_key("index") != index, "the same secret on another node gives another key"


def test_a_signing_key_is_made_once_per_owner_and_kept(keyring: FileKeyring, folder: Path) -> None:
    school = keyring.signing_key("B113210000018")
    assert keyring.signing_key("B113210000018") is school
    assert keyring.signing_key("node").kid != school.kid
    assert reopened(folder).signing_key("B113210000018").kid == school.kid


@pytest.mark.parametrize("owner", ["", "../node", "a/b", ".", "a" * 65, "東小学校"])
def test_an_owner_that_is_no_plain_code_is_refused(keyring: FileKeyring, folder: Path, owner: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        keyring.signing_key(owner)
    assert list((folder / "signing").iterdir()) == []


def test_a_damaged_signing_key_is_refused_and_not_replaced(keyring: FileKeyring, folder: Path) -> None:
    (folder / "signing" / "node.pem").write_bytes(b"damaged")
    with pytest.raises(KeyRefused):
        keyring.signing_key("node")
    assert (folder / "signing" / "node.pem").read_bytes() == b"damaged"


def test_a_key_for_opening_envelopes_is_made_once_per_owner_and_kept(keyring: FileKeyring, folder: Path) -> None:
    key = keyring.sealing_key("aggregator")
    assert keyring.sealing_key("aggregator") is key
    assert keyring.sealing_key("other").kid != key.kid
    sealed = seal_to(key.public(), b"2", context=b"round")
    assert open_envelope(reopened(folder).sealing_key("aggregator"), sealed, context=b"round") == b"2"
    assert (folder / "sealing").stat().st_mode & 0o777 == 0o700
    assert (folder / "sealing" / "aggregator.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ValueError, match="an owner is named by"):
        keyring.sealing_key("../signing/node")


def test_a_damaged_key_for_opening_envelopes_is_refused_and_not_replaced(keyring: FileKeyring, folder: Path) -> None:
    keyring.sealing_key("aggregator")
    (folder / "sealing" / "aggregator.pem").write_bytes(b"damaged")
    with pytest.raises(KeyRefused):
        reopened(folder).sealing_key("aggregator")
    assert (folder / "sealing" / "aggregator.pem").read_bytes() == b"damaged"


def test_processes_that_ask_first_at_the_same_time_get_the_same_signing_key(keyring: FileKeyring, folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from trust.keyring import FileKeyring\n"
        "keyring = FileKeyring.open(Path(sys.argv[1]), sys.argv[2]); sys.stdin.readline()\n"
        "print(*(keyring.signing_key(f'school-{at}').kid for at in range(30)))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, os.fspath(folder), NODE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    answers = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        answers.append(process.communicate(timeout=60)[0])
    assert len(answers[0].split()) == 30
    assert len(set(answers)) == 1
