"""The outside check of a release: a good one passes, each fault is found."""

import copy
import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from manabi.aggregator_joining import make_aggregator_join_request
from manabi.check import release_proof as proof
from manabi.check.errors import Unmet
from manabi.registrar import Registrar
from manabi.sample.municipalities import GRADES, Municipality, children
from trust.framing import canonical_json, to_text
from trust.keyring import FileKeyring
from trust.signing import SignatureRefused, SigningKey

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SEXES = ["male", "female", "unspecified"]
STAGES = {"elementary": list(GRADES[:6]), "junior_high": list(GRADES[6:])}
ONE, TWO = Municipality("049301", "いわしぐも市", "04", 900), Municipality("049302", "はまかぜ町", "04", 900)
ALONE = Municipality("319301", "みねおの市", "31", 90)


def figure(level: str, area: str, table: str, cell: tuple[str, ...], value: int | None) -> dict[str, Any]:
    place = {"level": level, "area": area, "table": table, "cell": list(cell)}
    if value is None:
        return {**place, "status": "withheld:below_floor"}
    return {
        **place, "status": "ok", "measured": value - 1, "value": value, "low": max(0, value - 9), "high": value + 9,
        "half_width": 9, "coverage": "0.9507", "sigma_squared": "20",
    }  # fmt: skip


@cache
def count(of: Municipality) -> Counter[tuple[str, str]]:
    return Counter((child.grade, child.sex) for child in children(of, 7) if child.absent >= 30)


def document() -> dict[str, Any]:
    """A release over three municipalities of two prefectures, one of which is withheld."""
    cells = [(grade, sex) for grade in GRADES for sex in SEXES]
    figures = [figure("nation", "JP", "grade_sex", cell, sum(count(one)[cell] for one in (ONE, TWO))) for cell in cells]
    figures += [figure("prefecture", "04", "grade_sex", cell, count(ONE)[cell] + count(TWO)[cell]) for cell in cells]
    figures += [figure("prefecture", "31", "grade_sex", cell, None) for cell in cells]
    for level, area, parts in (
        ("nation", "JP", (ONE, TWO)),
        ("prefecture", "04", (ONE, TWO)),
        ("prefecture", "31", ()),
    ):
        for stage, grades in STAGES.items():
            whole = sum(count(one)[grade, sex] for one in parts for grade in grades for sex in SEXES)
            figures.append(figure(level, area, "stage", (stage,), whole if parts else None))
    figures += [
        figure(
            "establisher", of.code, "stage", (stage,), sum(count(of)[grade, sex] for grade in grades for sex in SEXES)
        )
        for of in (ONE, TWO, ALONE) for stage, grades in STAGES.items()
    ]  # fmt: skip
    return {
        "format": "manabi-release/1", "method": "1", "released_at": "2026-11-20T03:00:00Z",
        "round": {"id": "5b0e8d5c-6b8c-4a1e-9a45-2b6f2f6f9f10"},
        "plan": {
            "digest": "ab" * 32,
            "dimensions": [
                {"id": "grade", "codes": list(GRADES)}, {"id": "sex", "codes": SEXES},
                {"id": "stage", "codes": list(STAGES), "of": "grade", "groups": STAGES},
            ],
            "tables": {
                "nation": [{"id": "grade_sex", "dimensions": ["grade", "sex"]}],
                "prefecture": [{"id": "grade_sex", "dimensions": ["grade", "sex"]}],
                "establisher": [{"id": "stage", "dimensions": ["stage"]}],
            },
        },
        "sums": {level: [{"id": "stage", "dimensions": ["stage"]}] for level in ("nation", "prefecture")},
        "areas": [
            {"level": "nation", "area": "JP", "nodes": 3}, {"level": "prefecture", "area": "04", "nodes": 2},
            {"level": "prefecture", "area": "31", "nodes": 1},
            *({"level": "establisher", "area": of.code, "nodes": 1} for of in (ONE, TWO, ALONE)),
        ],
        "figures": figures,
    }  # fmt: skip


def read(wire: dict[str, Any]) -> proof.Release:
    raw = canonical_json(wire)
    return proof.read_release(raw, sha256(raw).hexdigest())


def changed(change: Callable[[dict[str, Any]], None]) -> proof.Release:
    wire = copy.deepcopy(document())
    change(wire)
    return read(wire)


def truth() -> dict[str, dict[str, int]]:
    return {"04": {"/".join(cell): number for cell, number in (count(ONE) + count(TWO)).items()}, "31": {}}


def test_a_good_release_passes() -> None:
    release = read(document())
    assert proof.check_figures(release) == 3 * 27 + 3 * 2 + 3 * 2
    assert proof.check_sums(release) == 1
    assert proof.check_truth(release, truth()) == (27, 27)
    assert release.withheld() == {("prefecture", "31"): "below_floor"}


def test_other_bytes_than_the_name_says_are_found() -> None:
    raw = canonical_json(document())
    with pytest.raises(Unmet, match="stated digest"):
        proof.read_release(raw + b" ", sha256(raw).hexdigest())
    with pytest.raises(Unmet, match="canonical"):
        proof.read_release(raw + b" ", sha256(raw + b" ").hexdigest())


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda wire: wire["figures"].append(wire["figures"][0]), "each figure once"),
        (lambda wire: wire["figures"].pop(), "establisher 319301 stage junior_high"),
        (lambda wire: wire["areas"].pop(), "no figure besides"),
        (lambda wire: wire["figures"][0].update(value=-1), "no negative"),
        (lambda wire: wire["figures"][0].update(value=1.5), "canonical|neither text"),
        (lambda wire: wire["figures"][0].update(low=-1), "cut at zero"),
        (lambda wire: wire["figures"][0].update(coverage="0.9499"), "95 %"),
        (lambda wire: wire["figures"][0].update(half_width=1), "half-width"),
        (lambda wire: wire["figures"][0].update(status="fine"), "a known status"),
        (lambda wire: wire["figures"][60].update(value=3), "beside a reason"),
    ],
)
def test_a_release_with_a_fault_is_found(change: Callable[[dict[str, Any]], None], found: str) -> None:
    with pytest.raises((Unmet, ValueError), match=found):
        proof.check_figures(changed(change))


def test_establishers_that_do_not_add_up_are_found() -> None:
    with pytest.raises(Unmet, match="establishers of 04 add up"):
        proof.check_sums(changed(lambda wire: wire["figures"][-3].update(value=99)))


def test_a_sum_that_is_not_that_of_its_cells_is_found() -> None:
    def raise_sum(wire: dict[str, Any]) -> None:
        one = next(each for each in wire["figures"] if (each["area"], each["table"]) == ("04", "stage"))
        one["value"] += 1

    with pytest.raises(Unmet, match="the sums of 04"):
        proof.check_sums(changed(raise_sum))


def test_intervals_that_miss_the_truth_are_found() -> None:
    def move(wire: dict[str, Any]) -> None:
        for one in wire["figures"][27:31]:
            one.update(low=500, high=510)

    with pytest.raises(Unmet, match="hold the truth"):
        proof.check_truth(changed(move), truth())
    with pytest.raises(Unmet, match="hold the truth"):
        proof.check_truth(read(document()), {})


def answers(release: proof.Release) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    shown, rows = [], []
    for one in release.of("establisher"):
        shown.append({**{name: one.get(name) for name in (*proof._NUMBERS, "coverage", "status")}, "area": one["area"],
                      "table": "stage", "codes": {"stage": one["cell"][0]}})  # fmt: skip
        names = {"low": "low_95", "high": "high_95"}
        rows.append({names.get(key, key): value for key, value in shown[-1].items() if key != "codes"}
                    | {"release_digest": release.digest})  # fmt: skip
    return {"figures": shown}, rows


def to_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_answers_that_say_what_the_bytes_say_pass_and_others_are_found() -> None:
    release = read(document())
    answer, rows = answers(release)
    assert proof.check_answers(release, "establisher", answer, to_csv(rows)) == 6
    with pytest.raises(Unmet, match="high_95 of 049301 in CSV"):
        proof.check_answers(release, "establisher", answer, to_csv([{**rows[0], "high_95": 1}, *rows[1:]]))
    with pytest.raises(Unmet, match="every figure in both"):
        proof.check_answers(release, "establisher", answer, to_csv(rows[1:]))
    answer["figures"][2]["value"] += 1
    with pytest.raises(Unmet, match="value of 049302 in JSON"):
        proof.check_answers(release, "establisher", answer, to_csv(rows))


def chain(length: int) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for seq in range(1, length + 1):
        line = {"seq": seq, "kind": "reserved", "units": 5, "prev": lines[-1]["hash"] if lines else "0" * 64}
        lines.append({**line, "hash": sha256(canonical_json(line)).hexdigest()})
    return lines


def test_a_ledger_that_was_altered_is_found() -> None:
    proof.check_ledger([])
    proof.check_ledger(chain(3))
    lines = chain(3)
    with pytest.raises(Unmet, match="the content of line 2"):
        proof.check_ledger([lines[0], {**lines[1], "units": 4}, lines[2]])
    with pytest.raises(Unmet, match="line 2 after the one before it"):
        proof.check_ledger([lines[0], lines[2]])
    with pytest.raises(Unmet, match="line 1 after"):
        proof.check_ledger(lines[1:])


def test_the_signature_must_be_the_leaders_by_the_registrars_word(tmp_path: Path) -> None:
    keyring = FileKeyring.create(tmp_path / "keyring", "leader.demo")
    registrar = Registrar.create(tmp_path / "registrar", now=NOW)
    registrar.admit(
        make_aggregator_join_request(
            keyring, participant="leader.demo", operator="集計", issuer="https://leader.example", contact="集計課",
            held=None, now=NOW,
        ),
        now=NOW,
    )  # fmt: skip
    registry = {"keys": registrar.public_keys.read_text(), "document": registrar.document.read_text()}
    release, key = read(document()), keyring.signing_key("node")

    def stated(other: Mapping[str, str] | None = None, *, typ: str = proof.TYP, by: SigningKey = key) -> str:
        names = {"round": release.document["round"]["id"], "plan": to_text(b"\xab" * 32)}
        named = {**names, "release": to_text(bytes.fromhex(release.digest)), **(other or {})}
        return by.sign(canonical_json({"format": proof.STATEMENT, **named}), typ=typ)

    def check(token: str, leader: str = "leader.demo") -> str:
        return proof.check_signature(token, release, registry, leader, NOW)

    assert check(stated()) == key.kid
    for other in ({"round": "another"}, {"plan": to_text(bytes(32))}, {"release": to_text(bytes(32))}):
        with pytest.raises(Unmet, match="a statement on this release"):
            check(stated(other))
    with pytest.raises(SignatureRefused):
        check(stated(by=SigningKey.generate()))
    with pytest.raises(SignatureRefused):
        check(stated(typ="manabi-record+jws"))
    with pytest.raises(Unmet, match="in the registry"):
        check(stated(), "helper.demo")
