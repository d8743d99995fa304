from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust.sealing import OVERHEAD, Binding, SealBroken, seal, unseal

KEY = bytes(range(32))
HERE = Binding("node.mirai.example", UUID(int=7), "guidance-2026", 3, "urn:manabi:schema:guidance:1")

bindings = st.builds(
    Binding,
    node=st.text(max_size=5),
    subject=st.uuids(),
    record=st.text(max_size=5),
    version=st.integers(0, 30),
    schema=st.text(max_size=5),
)


@given(st.binary(max_size=300), bindings)
def test_what_was_sealed_opens_in_its_place(plaintext: bytes, binding: Binding) -> None:
    sealed = seal(KEY, binding, plaintext)
    assert unseal(KEY, binding, sealed) == plaintext
    assert len(sealed) == len(plaintext) + OVERHEAD


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(HERE, node="node.tonari.example"),
        replace(HERE, subject=UUID(int=8)),
        replace(HERE, record="guidance-2027"),
        replace(HERE, version=2),
        replace(HERE, schema="urn:manabi:schema:guidance:2"),
    ],
)
def test_a_body_moved_to_another_node_child_record_version_or_schema_does_not_open(elsewhere: Binding) -> None:
    with pytest.raises(SealBroken):
        unseal(KEY, elsewhere, seal(KEY, HERE, b"5"))


@given(one=bindings, other=bindings)
def test_two_bindings_never_share_an_encoding(one: Binding, other: Binding) -> None:
    assert (one.associated_data() == other.associated_data()) == (one == other)


def test_text_cannot_wander_from_one_part_of_a_binding_to_the_next() -> None:
    assert (
        replace(HERE, node="ab", record="c").associated_data() != replace(HERE, node="a", record="bc").associated_data()
    )


@given(st.integers(0, OVERHEAD + 4), st.integers(1, 255))
def test_no_byte_of_a_sealed_body_can_be_changed(at: int, by: int) -> None:
    sealed = bytearray(seal(KEY, HERE, b"grade"))
    sealed[at] ^= by
    with pytest.raises(SealBroken):
        unseal(KEY, HERE, bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 12, OVERHEAD - 1, OVERHEAD, OVERHEAD + 4])
def test_a_shortened_body_does_not_open(length: int) -> None:
    with pytest.raises(SealBroken):
        unseal(KEY, HERE, seal(KEY, HERE, b"grade")[:length])


def test_another_childs_key_does_not_open() -> None:
    with pytest.raises(SealBroken):
        unseal(bytes(32), HERE, seal(KEY, HERE, b"grade"))


def test_sealing_twice_never_gives_the_same_bytes() -> None:
    assert len({seal(KEY, HERE, b"same") for _ in range(50)}) == 50
