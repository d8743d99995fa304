"""A keyring in a folder of its own for each test."""

from pathlib import Path

import pytest

from tests.unit.trust.keyring.folders import NODE
from trust.keyring import FileKeyring


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keyring"


@pytest.fixture
def keyring(folder: Path) -> FileKeyring:
    return FileKeyring.create(folder, NODE)
