from collections import Counter
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust.transparency import chain

SECRET = bytes(range(32))
AOI = UUID(int=1)
hashes = st.binary(min_size=32, max_size=32)


def heads(count: int) -> list[bytes]:
    return [sha256(str(number).encode()).digest() for number in range(count)]


@given(hashes, hashes, st.lists(hashes, max_size=16))
def test_every_viewer_finds_the_same_leaf_from_its_own_head(
    secret: bytes, commitment: bytes, heads: list[bytes]
) -> None:
    linked = chain.link_entry(secret, commitment, heads)
    assert len(linked.links) == len(heads)
    for head, link in zip(heads, linked.links, strict=True):
        assert chain.linked_leaf(commitment, head, link) == linked.leaf
        assert chain.linked_leaf(commitment, sha256(head).digest(), link) != linked.leaf
        assert chain.linked_leaf(sha256(commitment).digest(), head, link) != linked.leaf


def test_the_same_secret_gives_the_same_leaf_again_and_another_a_different_one() -> None:
    one = chain.link_entry(SECRET, bytes(32), heads(3))
    assert chain.link_entry(SECRET, bytes(32), heads(3)) == one
    assert chain.link_entry(bytes(32), bytes(32), heads(3)).leaf != one.leaf


def test_no_two_viewers_share_a_slot() -> None:
    linked = chain.link_entry(SECRET, bytes(32), heads(16))
    assert sorted(link.slot for link in linked.links) == list(range(16))


def test_the_first_viewers_link_looks_the_same_however_many_others_there_are() -> None:
    """Shape and slot are equal; what differs are hashes that only the secret could tell from filler."""
    links = [chain.link_entry(SECRET, bytes(32), heads(count)).links[0] for count in (1, 2, 16)]
    assert {(link.slot, link.slot_salt, len(link.path)) for link in links} == {
        (links[0].slot, links[0].slot_salt, chain.SLOT_DEPTH)
    }


def test_slots_are_taken_in_an_order_that_says_nothing() -> None:
    drawn = Counter(
        chain.link_entry(number.to_bytes(32, "big"), bytes(32), heads(2)).links[1].slot for number in range(3_200)
    )
    assert set(drawn) == set(range(16))
    assert max(drawn.values()) < 300, "200 expected of each; chance reaches 300 less than once in 10^10 runs"


def test_what_a_viewer_is_given_does_not_reveal_filler() -> None:
    """Filler comes from the secret alone; from salt and slot salt it cannot be computed again."""
    given_to_viewer = chain.entry_salt(SECRET)
    linked = chain.link_entry(SECRET, bytes(32), heads(1))
    guessed = chain.link_entry(given_to_viewer, bytes(32), heads(1))
    assert guessed.leaf != linked.leaf
    assert set(guessed.links[0].path).isdisjoint(linked.links[0].path)


def test_more_viewers_than_slots_are_refused() -> None:
    with pytest.raises(chain.TooManyViewers) as refused:
        chain.link_entry(SECRET, bytes(32), heads(17))
    assert refused.value.params == {"count": 17, "most": 16}


def test_a_secret_of_another_length_is_refused() -> None:
    for use in (lambda: chain.entry_salt(b"short"), lambda: chain.link_entry(b"short", bytes(32), [])):
        with pytest.raises(ValueError, match="32 bytes"):
            use()


def test_a_head_depends_on_everything_before_it() -> None:
    first = chain.next_head(chain.START, 1, bytes(32))
    assert first != chain.next_head(chain.START, 2, bytes(32))
    assert first != chain.next_head(chain.START, 1, b"\x01" * 32)
    assert first != chain.next_head(b"\x01" * 32, 1, bytes(32))


def test_commitments_differ_by_salt_and_by_entry() -> None:
    entry = chain.entry_bytes({"what": "guidance"})
    assert chain.commitment(entry, bytes(32)) != chain.commitment(entry, b"\x01" * 32)
    assert chain.commitment(entry, bytes(32)) != chain.commitment(chain.entry_bytes({"what": "x"}), bytes(32))


def test_map_keys_and_values_tell_nothing_without_the_salt() -> None:
    keys = {
        chain.map_key(salt, learner, viewer)
        for salt in (bytes(32), b"\x01" * 32)
        for learner in (AOI, UUID(int=2))
        for viewer in ("child", "carer:1")
    }
    assert len(keys) == 8
    values = {
        chain.map_value(salt, count, head)
        for salt in (bytes(32), b"\x01" * 32)
        for count in (1, 2)
        for head in heads(2)
    }
    assert len(values) == 8


def test_every_kind_of_hash_is_made_in_a_domain_of_its_own() -> None:
    """The same bytes put to every use give as many different hashes."""
    same = bytes(32)
    made = [
        chain.entry_salt(same),
        chain.commitment(same, same),
        chain.next_head(same, 0, same),
        chain.map_key(same, UUID(int=0), ""),
        chain.map_value(same, 0, same),
        chain.entry_leaf(same, same),
        chain.link_entry(same, same, []).leaf,
    ]
    assert len(set(made)) == len(made)
