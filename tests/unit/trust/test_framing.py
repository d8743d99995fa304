import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trust.framing import canonical_json, frame, from_text, to_text

documents = st.dictionaries(
    st.text(st.characters(max_codepoint=127), max_size=4),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3),
    ),
    max_size=4,
)


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_two_lists_of_parts_never_give_the_same_bytes(one: list[bytes], other: list[bytes]) -> None:
    assert (frame(*one) == frame(*other)) == (one == other)


@given(documents)
def test_a_document_has_one_spelling_whatever_the_order_of_its_members(document: dict[str, object]) -> None:
    backwards = dict(reversed(document.items()))
    assert canonical_json(backwards) == canonical_json(document)
    assert json.loads(canonical_json(document)) == document


def test_the_spelling_is_that_of_rfc_8785() -> None:
    assert (
        canonical_json({"b": [True, None, 7], "a": '日本\n"é\\'})
        == '{"a":"日本\\n\\"é\\\\","b":[true,null,7]}'.encode()
    )


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), 2**53, -(2**53), {"名": 1}, {1: 2}, {"a": [{"b": 0.5}]}, b"x", "\ud800"]
)
def test_what_other_languages_would_spell_otherwise_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  several reasons, one type
        canonical_json({"x": value})


@given(st.binary(max_size=70))
def test_bytes_survive_as_text(raw: bytes) -> None:
    assert from_text(to_text(raw)) == raw


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "A A", "++++", "////", "é", "AA\n"])
def test_any_other_spelling_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  several reasons, one type
        from_text(text)
