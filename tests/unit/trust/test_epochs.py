import os
from pathlib import Path
from uuid import UUID

import pytest

from trust.epochs import EpochKeys, KeyringRolledBack, WrappingBroken

AOI, SORA = UUID(int=1), UUID(int=2)


@pytest.fixture
def epochs(tmp_path: Path) -> EpochKeys:
    epochs = EpochKeys(tmp_path)
    epochs.make(1)
    epochs.make(2)
    return epochs


def test_a_wrapped_key_opens_for_its_child_and_epoch_alone(epochs: EpochKeys) -> None:
    wrapped = epochs.wrap_new(AOI, 1)
    assert len(epochs.unwrap(AOI, 1, wrapped)) == 32
    for subject, epoch in ((SORA, 1), (AOI, 2)):
        with pytest.raises(WrappingBroken):
            epochs.unwrap(subject, epoch, wrapped)


def test_rewrapping_keeps_the_key(epochs: EpochKeys) -> None:
    wrapped = epochs.wrap_new(AOI, 1)
    assert epochs.unwrap(AOI, 2, epochs.rewrapper(1, 2)(AOI, wrapped)) == epochs.unwrap(AOI, 1, wrapped)


def test_a_key_that_exists_is_never_replaced(epochs: EpochKeys, tmp_path: Path) -> None:
    before = (tmp_path / "epoch-1.key").read_bytes()
    epochs.make(1)
    assert (tmp_path / "epoch-1.key").read_bytes() == before


@pytest.mark.parametrize("content", [b"", bytes(32), None, b"x" * 70], ids=["empty", "zeros", "noise", "longer"])
def test_a_key_caught_while_it_is_being_overwritten_is_not_taken_for_one(
    epochs: EpochKeys, tmp_path: Path, content: bytes | None
) -> None:
    content = os.urandom(64) if content is None else content
    wrapped = epochs.wrap_new(AOI, 1)
    (tmp_path / "epoch-1.key").write_bytes(content)
    with pytest.raises(KeyringRolledBack):
        EpochKeys(tmp_path).unwrap(AOI, 1, wrapped)


def test_the_key_file_of_one_epoch_is_no_key_of_another(epochs: EpochKeys, tmp_path: Path) -> None:
    (tmp_path / "epoch-3.key").write_bytes((tmp_path / "epoch-1.key").read_bytes())
    with pytest.raises(KeyringRolledBack):
        epochs.cipher(3)


def test_others_are_destroyed_only_if_the_current_key_is_there(epochs: EpochKeys, tmp_path: Path) -> None:
    with pytest.raises(KeyringRolledBack):
        epochs.destroy_others(3)
    assert len(list(tmp_path.iterdir())) == 2
    epochs.destroy_others(2)
    assert [file.name for file in tmp_path.iterdir()] == ["epoch-2.key"]
