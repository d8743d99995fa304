"""The command: the same seed gives the same bytes wherever it runs, and wrong words are refused in one line."""

import argparse
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from manabi.sample.cli import LEAST_LEARNERS, add_arguments, run


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write(folder: Path, seed: int) -> dict[str, str]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args(["--learners", str(LEAST_LEARNERS), "--seed", str(seed), "--out", str(folder)])) == 0
    return digests(folder)


def test_a_seed_gives_the_same_files_in_another_process_with_another_hash_seed(tmp_path: Path) -> None:
    here = write(tmp_path / "here", 7)
    words = ["sample", "--learners", str(LEAST_LEARNERS), "--seed", "7", "--out", str(tmp_path / "there")]
    subprocess.run(
        [sys.executable, "-m", "manabi", *words],
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        stdout=subprocess.DEVNULL,
    )
    assert digests(tmp_path / "there") == here


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", 1), write(tmp_path / "other", 2)
    assert one.keys() == other.keys()
    assert one["municipal/register_guidance.csv"] != other["municipal/register_guidance.csv"]


def test_the_order_names_every_file_once_and_the_roster_first(tmp_path: Path) -> None:
    written = write(tmp_path, 3)
    order = json.loads((tmp_path / "load_order.json").read_text(encoding="utf-8"))
    names = [file["file"] for file in order["files"]]
    assert sorted([*names, "load_order.json"]) == sorted(written)
    kinds = [file["kind"] for file in order["files"]]
    assert kinds[0] == kinds[-1] == "oneroster"
    last_bulk = len(kinds) - 2 - kinds[-2::-1].index("oneroster")
    assert last_bulk < min(kinds.index("register_guidance"), kinds.index("carer_authority"))
    assert all({"file", "kind", "as_of", "establisher"} == file.keys() for file in order["files"])


@pytest.mark.parametrize("words", [["--learners", "3"], ["--learners", "many"], ["--schools-per-stage", "1"], []])
def test_wrong_words_are_refused(words: list[str], tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(SystemExit) as stopped:
        parser.parse_args([*words, *(["--out", str(tmp_path)] if words else [])])
    assert stopped.value.code == 2
