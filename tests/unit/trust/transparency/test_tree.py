from hashlib import sha256

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust.transparency import tree
from trust.transparency.tree import CompactRange

MOST = 70
DATA = [f"entry {number}".encode() for number in range(MOST)]
LEAVES = [tree.leaf_hash(data) for data in DATA]


@pytest.fixture(scope="module")
def independent() -> pymerkle.InmemoryTree:
    """Another implementation of RFC 9162 over the same entries."""
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for data in DATA:
        other.append_entry(data)
    return other


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert tree.root([], 0) == sha256(b"").digest()


def test_roots_are_those_of_an_independent_implementation(independent: pymerkle.InmemoryTree) -> None:
    for size in range(MOST + 1):
        assert tree.root(LEAVES, size) == independent.get_root(size)


def test_inclusion_proofs_satisfy_an_independent_implementation_and_the_other_way_round(
    independent: pymerkle.InmemoryTree,
) -> None:
    for size in range(1, MOST + 1):
        root = tree.root(LEAVES, size)
        for index in range(size):
            proof = tree.inclusion_proof(LEAVES, index, size)
            theirs = independent.prove_inclusion(index + 1, size)
            assert theirs.path == [LEAVES[index], *proof]
            pymerkle.verify_inclusion(LEAVES[index], root, theirs)
            assert tree.verify_inclusion(LEAVES[index], index, size, theirs.path[1:], root)


def roots_by_definition(earlier: int, later: int, proof: list[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """Both roots, put together as section 2.1.4.1 takes the proof apart; consumes the proof from its end.

    ``known`` is the earlier root while the subtree in hand is the earlier tree itself, None once it is not.
    """
    if earlier == later:
        whole = known or proof.pop()
        return whole, whole
    split = tree.split_point(later)
    if earlier <= split:
        right = proof.pop()
        old, new = roots_by_definition(earlier, split, proof, known)
        return old, tree.node_hash(new, right)
    left = proof.pop()
    old, new = roots_by_definition(earlier - split, later - split, proof, None)
    return tree.node_hash(left, old), tree.node_hash(left, new)


def test_consistency_proofs_lead_to_the_roots_of_an_independent_implementation(
    independent: pymerkle.InmemoryTree,
) -> None:
    """Its own proofs have another shape, so they are held against our roots, and ours against its roots."""
    for later in range(1, MOST + 1):
        later_root = independent.get_root(later)
        for earlier in range(1, later + 1):
            earlier_root = independent.get_root(earlier)
            pymerkle.verify_consistency(
                tree.root(LEAVES, earlier), tree.root(LEAVES, later), independent.prove_consistency(earlier, later)
            )
            proof = tree.consistency_proof(LEAVES, earlier, later)
            assert tree.verify_consistency(earlier, later, earlier_root, later_root, proof)
            left = list(proof)
            assert roots_by_definition(earlier, later, left, earlier_root) == (earlier_root, later_root)
            assert left == [], "a proof holds nothing that is not needed"


def test_the_proofs_are_those_of_the_example_in_the_rfc() -> None:
    """Section 2.1.5: seven leaves a to f and j, inner nodes g, h, i, k, l."""
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = tree.node_hash(a, b), tree.node_hash(c, d), tree.node_hash(e, f)
    k, l = tree.node_hash(g, h), tree.node_hash(i, j)  # noqa: E741  the names of the RFC
    assert tree.inclusion_proof(LEAVES, 0, 7) == [b, h, l]
    assert tree.inclusion_proof(LEAVES, 3, 7) == [c, g, l]
    assert tree.inclusion_proof(LEAVES, 4, 7) == [f, j, k]
    assert tree.inclusion_proof(LEAVES, 6, 7) == [i, k]
    assert tree.consistency_proof(LEAVES, 3, 7) == [c, d, g, l]
    assert tree.consistency_proof(LEAVES, 4, 7) == [l]
    assert tree.consistency_proof(LEAVES, 6, 7) == [i, j, k]


def test_every_log_extends_the_empty_one() -> None:
    assert tree.consistency_proof(LEAVES, 0, 5) == []
    assert tree.verify_consistency(0, 5, tree.EMPTY_ROOT, tree.root(LEAVES, 5), [])
    assert tree.verify_consistency(0, 0, tree.EMPTY_ROOT, tree.EMPTY_ROOT, [])
    assert not tree.verify_consistency(0, 5, LEAVES[0], tree.root(LEAVES, 5), [])
    assert not tree.verify_consistency(0, 5, tree.EMPTY_ROOT, tree.root(LEAVES, 5), [LEAVES[0]])


sizes = st.integers(1, MOST)


@given(st.data(), sizes)
def test_no_other_leaf_place_size_or_root_passes_with_a_proof(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = tree.inclusion_proof(LEAVES, index, size), tree.root(LEAVES, size)
    assert tree.verify_inclusion(LEAVES[index], index, size, proof, root)
    other = data.draw(st.integers(0, MOST - 1).filter(lambda at: at != index))
    assert not tree.verify_inclusion(LEAVES[other], index, size, proof, root)
    assert not tree.verify_inclusion(LEAVES[index], index, size, proof, LEAVES[other])
    assert not tree.verify_inclusion(LEAVES[index], index, size, [*proof, LEAVES[other]], root)
    wrong = [*proof, *[LEAVES[other]] * (not proof)]
    wrong[data.draw(st.integers(0, len(wrong) - 1))] = tree.leaf_hash(b"forged")
    assert not tree.verify_inclusion(LEAVES[index], index, size, wrong, root)
    if proof:
        assert not tree.verify_inclusion(LEAVES[index], index, size, proof[:-1], root)
        assert not tree.verify_inclusion(LEAVES[index], (index + 1) % size, size, proof, root)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_a_place_outside_the_tree_is_refused(index: int, size: int) -> None:
    assert not tree.verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])
    with pytest.raises(ValueError, match="not in the tree"):
        tree.inclusion_proof(LEAVES, index, size)


@given(st.data(), st.integers(2, MOST))
def test_a_rewritten_past_is_never_consistent(data: st.DataObject, later: int) -> None:
    earlier = data.draw(st.integers(1, later - 1))
    rewritten = list(LEAVES)
    rewritten[data.draw(st.integers(0, earlier - 1))] = tree.leaf_hash(b"forged")
    for proof_from in (LEAVES, rewritten):
        proof = tree.consistency_proof(proof_from, earlier, later)
        assert not tree.verify_consistency(
            earlier, later, tree.root(LEAVES, earlier), tree.root(rewritten, later), proof
        )


@given(st.data(), st.integers(2, MOST))
def test_a_consistency_proof_with_anything_changed_is_refused(data: st.DataObject, later: int) -> None:
    earlier = data.draw(st.integers(1, later - 1))
    old, new = tree.root(LEAVES, earlier), tree.root(LEAVES, later)
    proof = tree.consistency_proof(LEAVES, earlier, later)
    changed = list(proof)
    changed[data.draw(st.integers(0, len(proof) - 1))] = tree.leaf_hash(b"forged")
    for bad in (changed, proof[:-1], [*proof, LEAVES[0]], []):
        assert not tree.verify_consistency(earlier, later, old, new, bad)
    assert not tree.verify_consistency(earlier, later, new, old, proof)


def test_sizes_that_cannot_be_are_refused() -> None:
    for earlier, later in ((-1, 3), (4, 3)):
        assert not tree.verify_consistency(earlier, later, LEAVES[0], LEAVES[0], [])
        with pytest.raises(ValueError, match="not larger"):
            tree.consistency_proof(LEAVES, earlier, later)
    assert not tree.verify_consistency(3, 3, LEAVES[0], LEAVES[1], [])
    assert not tree.verify_consistency(3, 3, LEAVES[0], LEAVES[0], [LEAVES[1]])


def test_a_compact_range_knows_the_root_at_every_size_and_survives_storage() -> None:
    compact = CompactRange()
    for size in range(MOST):
        assert compact.root() == tree.root(LEAVES, size)
        compact = CompactRange.from_bytes(compact.to_bytes())
        compact.append(LEAVES[size])


@pytest.mark.parametrize("stored", [bytes(7) + b"\x01", bytes(8) + b"x", (3).to_bytes(8, "big") + bytes(32)])
def test_what_is_no_stored_range_is_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match="not a stored compact range"):
        CompactRange.from_bytes(stored)


def test_a_leaf_and_a_node_over_the_same_bytes_differ() -> None:
    assert tree.leaf_hash(LEAVES[0] + LEAVES[1]) != tree.node_hash(LEAVES[0], LEAVES[1])
