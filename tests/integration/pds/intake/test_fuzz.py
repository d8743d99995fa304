"""Files that nobody would write: bytes flipped, rows shuffled, cells swapped. Always a report, never an accident."""

import io
import random
import zipfile
import zlib
from collections.abc import Callable

import pytest

from tests.factories.oneroster import pack, package
from tests.integration.pds.intake.desk import Desk
from web.jobs.models import JobState

Bend = Callable[[random.Random, bytes], bytes]


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def flip_bytes(dice: random.Random, content: bytes) -> bytes:
    """Damage the archive itself."""
    bent = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        bent[dice.randrange(len(bent))] = dice.randrange(256)
    return bytes(bent)


def damage_text(dice: random.Random, content: bytes) -> bytes:
    """Damage one member's bytes within a sound archive."""
    members = members_of(content)
    name = dice.choice(sorted(members))
    members[name] = flip_bytes(dice, members[name]) if members[name] else b"\x00"
    return pack(members)


def move_cells(dice: random.Random, content: bytes) -> bytes:
    """Swap two cells, drop one, or put a strange value into one."""
    members = members_of(content)
    name = dice.choice(sorted(members))
    lines = members[name].decode("utf-8-sig").split("\n")
    at = dice.randrange(len(lines))
    cells = lines[at].split(",")
    match dice.randrange(4):
        case 0 if len(cells) > 1:
            one, other = dice.sample(range(len(cells)), 2)
            cells[one], cells[other] = cells[other], cells[one]
        case 1:
            cells.pop(dice.randrange(len(cells)))
        case 2:
            cells[dice.randrange(len(cells))] = dice.choice(STRANGE)
        case _:
            lines.insert(at, lines[dice.randrange(len(lines))])
    lines[min(at, len(lines) - 1)] = ",".join(cells)
    members[name] = "\n".join(lines).encode()
    return pack(members)


STRANGE = (
    "", " ", "\u0000", "=1+1", "2026-02-30", "9999-12-31", "8.2E+15", "ﾔﾏﾀﾞ", "𠮷", "\ufeff", '"', "x" * 300, "-1",
    "true", "NULL", "../../etc", "{a:b}", "٣", "\u202e",
)  # fmt: skip
DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, RuntimeError, EOFError, OSError)
BENDS: tuple[Bend, ...] = (flip_bytes, damage_text, move_cells)


def hand_in_bent(desk: Desk, rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    sound = package().packed()
    for _ in range(rounds):
        content = sound
        for _ in range(dice.randint(1, 3)):
            try:
                content = dice.choice(BENDS)(dice, content)
            except DAMAGE:
                break  # bent so far that the next bend cannot open it; it is handed in as it is
        if not content:
            continue
        seen = desk.hand_in(content)
        assert seen.job is None or seen.job.state is JobState.DONE, seen.job
        assert seen.state in ("checked", "refused"), seen.state


def test_bent_files_end_in_a_report(desk: Desk) -> None:
    before = desk.counts()
    hand_in_bent(desk, rounds=60, seed=1)
    assert desk.counts() == before, "a dry run writes nothing"


def test_an_archive_of_a_version_nobody_reads_ends_in_a_report(desk: Desk) -> None:
    content = bytearray(package().packed())
    content[content.index(b"PK\x01\x02") + 6] = 149
    seen = desk.hand_in(bytes(content))
    assert seen.state == "refused"
    assert [finding.code for finding in desk.findings(seen.run_id)] == ["intake.archive_damaged"]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 20))
def test_many_bent_files_end_in_a_report(desk: Desk, seed: int) -> None:
    before = desk.counts()
    hand_in_bent(desk, rounds=400, seed=seed)
    assert desk.counts() == before
