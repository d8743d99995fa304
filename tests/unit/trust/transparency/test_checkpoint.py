from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from trust.framing import canonical_json, to_text
from trust.signing import SignatureRefused, SigningKey
from trust.transparency.checkpoint import FORMAT, TYP, Checkpoint, CheckpointRefused, open_checkpoint, sign

KEY = SigningKey.generate()
STATE = Checkpoint(
    "node.mirai.example", 70, b"\x01" * 32, b"\x02" * 32, datetime(2026, 6, 3, 3, 0, tzinfo=UTC), ((3, 5), (5, 9))
)
DOCUMENT: dict[str, object] = {
    "format": FORMAT,
    "origin": STATE.origin,
    "size": 70,
    "root": to_text(STATE.root),
    "map_root": to_text(STATE.map_root),
    "at": "2026-06-03T03:00:00+00:00",
    "gaps": [[3, 5], [5, 9]],
}


def signed(document: object) -> str:
    return KEY.sign(canonical_json(document), typ=TYP)  # type: ignore[arg-type]


def test_a_checkpoint_survives_its_signature() -> None:
    assert open_checkpoint(sign(STATE, KEY), KEY.public()) == STATE
    assert open_checkpoint(signed(DOCUMENT), KEY.public()) == STATE


def test_the_moment_is_the_same_in_every_zone() -> None:
    in_japan = replace(STATE, at=STATE.at.astimezone(timezone(timedelta(hours=9))))
    assert open_checkpoint(sign(in_japan, KEY), KEY.public()) == STATE


def test_another_key_or_another_purpose_is_refused() -> None:
    with pytest.raises(SignatureRefused):
        open_checkpoint(sign(STATE, SigningKey.generate()), KEY.public())
    with pytest.raises(SignatureRefused):
        open_checkpoint(KEY.sign(canonical_json(DOCUMENT), typ="manabi-record+jws"), KEY.public())


@pytest.mark.parametrize(
    "change",
    [
        {"format": "manabi-checkpoint/2"},
        {"origin": 7},
        {"size": -1},
        {"size": True},
        {"size": "70"},
        {"root": to_text(b"short")},
        {"root": None},
        {"map_root": "!"},
        {"at": "yesterday"},
        {"at": "2026-06-03T03:00:00"},
        {"at": None},
        {"gaps": [[5, 3]]},
        {"gaps": [[3, 3]]},
        {"gaps": [[3, 6], [5, 9]]},
        {"gaps": [[60, 71]]},
        {"gaps": [[-1, 3]]},
        {"gaps": [[1, 2, 3]]},
        {"gaps": [["1", "2"]]},
        {"gaps": None},
        {"more": 1},
    ],
)
def test_signed_nonsense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(CheckpointRefused):
        open_checkpoint(signed(DOCUMENT | change), KEY.public())


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"7", b"{}", canonical_json(DOCUMENT) + b" ", b"[" * 100_000])
def test_signed_bytes_that_are_no_checkpoint_are_refused(payload: bytes) -> None:
    with pytest.raises(CheckpointRefused):
        open_checkpoint(KEY.sign(payload, typ=TYP), KEY.public())


def test_a_state_that_cannot_be_is_not_made() -> None:
    for change in ({"size": 8}, {"root": b""}, {"at": datetime(2026, 6, 3)}):  # noqa: DTZ001  the point
        with pytest.raises(ValueError, match="log"):
            replace(STATE, **change)


def test_what_lies_in_a_gap_is_told() -> None:
    assert [index for index in range(12) if STATE.in_gap(index)] == [3, 4, 5, 6, 7, 8]
