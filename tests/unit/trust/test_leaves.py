import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from trust.leaves import LeafStore, LeavesBroken
from trust.transparency import tree


def leaf(number: int) -> bytes:
    return sha256(str(number).encode()).digest()


def leaves(start: int, stop: int) -> list[bytes]:
    return [leaf(number) for number in range(start, stop)]


@pytest.fixture
def store(tmp_path: Path) -> LeafStore:
    return LeafStore.lay(tmp_path / "leaves")


def test_leaves_stand_where_they_were_appended(store: LeafStore) -> None:
    assert store.append(leaves(0, 3)) == 0
    assert store.append(leaves(3, 5)) == 3
    assert store.append([]) == 5
    assert store.size == 5
    assert store.read(1, 4) == leaves(1, 4)


def test_the_roots_are_those_of_the_tree_at_every_size(store: LeafStore) -> None:
    store.append(leaves(0, 600))
    everything = leaves(0, 600)
    for size in (0, 1, 2, 255, 256, 257, 511, 512, 513, 600):
        assert store.root(size) == tree.root(everything, size)
    assert store.root() == tree.root(everything, 600)


def test_proofs_from_the_store_are_those_of_the_plain_list(store: LeafStore) -> None:
    size = 66_000  # beyond 2^16, so that the second file of subtree roots is used
    everything = leaves(0, size)
    store.append(everything[:40_000])
    store.append(everything[40_000:])
    root = tree.root(everything, size)
    assert store.root() == root
    for index in (0, 255, 256, 40_000, 65_535, 65_536, size - 1):
        proof = tree.inclusion_proof(store, index, size)
        assert tree.verify_inclusion(everything[index], index, size, proof, root)
    for earlier in (1, 300, 65_536, 65_537):
        proof = tree.consistency_proof(store, earlier, size)
        assert tree.verify_consistency(earlier, size, tree.root(everything, earlier), root, proof)
    assert tree.inclusion_proof(store, 700, 1_000) == tree.inclusion_proof(everything, 700, 1_000)


def test_what_is_remembered_is_bounded_and_never_wrong(store: LeafStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trust.leaves._REMEMBERED", 3)
    everything = leaves(0, 2_000)
    store.append(everything)
    root = tree.root(everything, 2_000)
    for index in (0, 700, 1_999, 0):
        proof = tree.inclusion_proof(store, index, 2_000)
        assert tree.verify_inclusion(everything[index], index, 2_000, proof, root)
        assert len(store._remembered) <= 3


def test_a_range_that_is_no_subtree_is_refused(store: LeafStore) -> None:
    store.append(leaves(0, 8))
    for start, stop in ((1, 3), (2, 5), (4, 3)):
        with pytest.raises(ValueError, match="not a subtree"):
            store.range_root(start, stop)


def test_what_is_not_there_cannot_be_read(store: LeafStore) -> None:
    store.append(leaves(0, 8))
    with pytest.raises(LeavesBroken) as broken:
        store.read(5, 9)
    assert broken.value.params == {"have": 8, "want": 9}
    with pytest.raises(LeavesBroken):
        store.root(9)


def test_a_hash_of_another_length_is_refused_and_nothing_is_written(store: LeafStore) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        store.append([leaf(0), b"short"])
    assert store.size == 0


def test_a_torn_leaf_goes_and_no_other(store: LeafStore) -> None:
    store.append(leaves(0, 3))
    with store.path.open("ab") as file:
        file.write(b"torn" * 5)
    assert store.size == 3
    assert store.append(leaves(3, 4)) == 3
    assert store.read(0, 4) == leaves(0, 4)
    assert store.path.stat().st_size == 4 * 32


@pytest.mark.parametrize("damage", ["missing", "short", "torn", "wrong at the end", "too many"])
def test_the_derived_roots_are_mended_from_the_leaves(store: LeafStore, damage: str) -> None:
    store.append(leaves(0, 1_300))
    derived = store.path.with_name("leaves.8")
    good = derived.read_bytes()
    assert len(good) == 5 * 32
    match damage:
        case "missing":
            derived.unlink()
        case "short":
            derived.write_bytes(good[:64])
        case "torn":
            derived.write_bytes(good[:70])
        case "wrong at the end":
            derived.write_bytes(good[:96] + bytes(64))
        case "too many":
            derived.write_bytes(good + bytes(32))
    reopened = LeafStore(store.path)
    assert derived.read_bytes() == good
    assert reopened.root() == tree.root(leaves(0, 1_300), 1_300)


def test_opening_never_lays_a_new_log_over_a_lost_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LeafStore(tmp_path / "leaves")


def test_only_the_owner_may_read_the_files(store: LeafStore) -> None:
    assert {file.stat().st_mode & 0o777 for file in store.path.parent.iterdir()} == {0o600}


def test_processes_append_one_after_the_other(store: LeafStore) -> None:
    code = (
        "import sys; from pathlib import Path; from trust.leaves import LeafStore\n"
        "store = LeafStore(Path(sys.argv[1]))\n"
        "for _ in range(50): first = store.append([sys.argv[2].encode() * 32] * 7); assert first % 7 == 0\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, os.fspath(store.path), name]) for name in "abc"]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    found = store.read(0, store.size)
    assert store.size == 3 * 50 * 7
    assert all(len(set(found[at : at + 7])) == 1 for at in range(0, store.size, 7))
    assert store.root() == tree.root(found, store.size)
