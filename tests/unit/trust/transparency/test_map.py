from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust.transparency.map import (
    BUCKET_BITS,
    DEPTH,
    EMPTY,
    MapProof,
    TopTree,
    bucket_of,
    bucket_root,
    verify_map_proof,
)


def built(items: Mapping[bytes, bytes]) -> TopTree:
    return TopTree({bucket: bucket_root(bucket, of_bucket(items, bucket)) for bucket in map(bucket_of, items)})


def of_bucket(items: Mapping[bytes, bytes], bucket: int) -> dict[bytes, bytes]:
    return {key: value for key, value in items.items() if bucket_of(key) == bucket}


def proof_for(items: Mapping[bytes, bytes], key: bytes) -> MapProof:
    return built(items).proof(key, of_bucket(items, bucket_of(key)))


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


# Keys that share buckets and long prefixes on purpose: random ones would hardly ever meet.
heads = st.sampled_from([b"\x00\x00", b"\x00\x01", b"\x80\x00", b"\xff\xff"])
tails = st.sampled_from([bytes(30), bytes(29) + b"\x01", b"\x80" + bytes(29), b"\xff" * 30, b"\x55" * 30, b"\x54" * 30])
keys = st.builds(lambda head, tail: head + tail, heads, tails) | st.binary(min_size=32, max_size=32)
values = st.binary(min_size=32, max_size=32)
maps = st.dictionaries(keys, values, max_size=12)


@given(maps, st.randoms(use_true_random=False))
def test_the_root_does_not_depend_on_the_order_of_insertion(items: dict[bytes, bytes], random: object) -> None:
    pairs = list(items.items())
    random.shuffle(pairs)  # type: ignore[attr-defined]
    grown = TopTree({})
    for at in range(len(pairs)):
        so_far = dict(pairs[: at + 1])
        bucket = bucket_of(pairs[at][0])
        grown.update(bucket, bucket_root(bucket, of_bucket(so_far, bucket)))
    assert grown.root == built(items).root


@given(maps)
def test_every_key_is_proven_and_no_other_value_passes(items: dict[bytes, bytes]) -> None:
    root = built(items).root
    for key, value in items.items():
        proof = proof_for(items, key)
        assert verify_map_proof(root, key, value, proof)
        assert not verify_map_proof(root, key, digest("another value"), proof)
        assert not verify_map_proof(root, key, None, proof)
        assert not verify_map_proof(digest("another root"), key, value, proof)


@given(maps, keys)
def test_an_absent_key_is_proven_absent_and_no_value_passes_for_it(items: dict[bytes, bytes], key: bytes) -> None:
    items.pop(key, None)
    proof = proof_for(items, key)
    root = built(items).root
    assert verify_map_proof(root, key, None, proof)
    for value in (EMPTY, digest("invented"), *items.values()):
        assert not verify_map_proof(root, key, value, proof)
        assert not verify_map_proof(root, key, value, replace(proof, other=None))


@given(maps.filter(bool), st.data())
def test_a_present_key_can_never_be_shown_absent(items: dict[bytes, bytes], data: st.DataObject) -> None:
    """Not with its own proof, nor with any neighbour's, nor with siblings cut away."""
    root = built(items).root
    key = data.draw(st.sampled_from(sorted(items)))
    neighbour = data.draw(st.sampled_from(sorted(items)))
    for proof in (proof_for(items, key), proof_for(items, neighbour)):
        for other in (None, (neighbour, items[neighbour]), (digest("x"), digest("y"))):
            cut = data.draw(st.integers(0, DEPTH))
            for siblings in (proof.siblings, proof.siblings[:cut] + (EMPTY,) * (DEPTH - cut)):
                assert not verify_map_proof(root, key, None, MapProof(siblings, other))


@given(maps.filter(bool), st.data())
def test_no_sibling_can_be_exchanged(items: dict[bytes, bytes], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(items)))
    proof = proof_for(items, key)
    at = data.draw(st.integers(0, DEPTH - 1))
    siblings = (*proof.siblings[:at], digest("forged"), *proof.siblings[at + 1 :])
    assert not verify_map_proof(built(items).root, key, items[key], MapProof(siblings, None))


@given(maps, keys)
def test_a_removed_key_leaves_the_map_as_if_it_had_never_been(items: dict[bytes, bytes], key: bytes) -> None:
    items.pop(key, None)
    bucket = bucket_of(key)
    top = built(items)
    before = top.root
    top.update(bucket, bucket_root(bucket, of_bucket(items, bucket) | {key: digest("value")}))
    assert top.root != before
    top.update(bucket, bucket_root(bucket, of_bucket(items, bucket)))
    assert top.root == before


def test_an_empty_map_has_the_empty_root_and_proves_absence() -> None:
    assert TopTree({}).root == EMPTY
    assert bucket_root(5, {}) == EMPTY
    assert verify_map_proof(EMPTY, digest("a"), None, proof_for({}, digest("a")))


def test_a_lone_leaf_is_its_buckets_root_wherever_it_stands() -> None:
    key, value = b"\x00\x05" + bytes(30), digest("value")
    assert bucket_root(5, {key: value}) == sha256(b"\x00" + key + value).digest()


def test_the_map_built_by_hand_from_the_rule_has_the_same_root() -> None:
    left, right = b"\x80\x00" + bytes(30), b"\x80\x00" + b"\xff" * 30
    value = digest("value")
    bucket = sha256(
        b"\x01" + sha256(b"\x00" + left + value).digest() + sha256(b"\x00" + right + value).digest()
    ).digest()
    root = bucket
    for _ in range(BUCKET_BITS - 1):
        root = sha256(b"\x01" + root + EMPTY).digest()
    root = sha256(b"\x01" + EMPTY + root).digest()
    assert built({left: value, right: value}).root == root


def test_a_proof_is_as_long_for_a_child_of_one_class_as_for_one_of_sixteen_in_any_map() -> None:
    lengths = set()
    for classes in (1, 2, 16):
        items = {digest(f"chain {number}"): digest("value") for number in range(classes)}
        for asked in (digest("chain 0"), digest("nobody's")):
            document = proof_for(items, asked).to_document()
            lengths.add(tuple(len(text) for text in document.values()))
    assert len(lengths) == 1


def test_a_proof_survives_its_file() -> None:
    items = {b"\x00\x05" + bytes(30): digest("a"), b"\x00\x05" + b"\xff" * 30: digest("b")}
    for key in (*items, b"\x00\x05" + b"\x01" * 30, digest("nowhere")):
        proof = proof_for(items, key)
        assert MapProof.from_document(proof.to_document()) == proof


def test_a_proof_of_another_shape_is_refused() -> None:
    whole = proof_for({}, digest("a")).to_document()
    for change in ({"siblings": whole["siblings"][:-4]}, {"other": ""}, {"other": "!"}, {"siblings": ""}):
        with pytest.raises(ValueError):  # noqa: PT011  several reasons, one type
            MapProof.from_document(whole | change)
    assert not verify_map_proof(EMPTY, digest("a"), None, MapProof((EMPTY,) * 255, None))


@pytest.mark.parametrize(
    "items", [{b"\x00\x06" + bytes(30): bytes(32)}, {b"\x00\x05": bytes(32)}, {b"\x00\x05" + bytes(30): b""}]
)
def test_a_key_or_value_that_does_not_belong_is_refused(items: dict[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="not of this bucket"):
        bucket_root(5, items)


def test_a_bucket_root_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TopTree({}).update(5, b"short")
