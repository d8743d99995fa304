"""A release of the national count checked from outside: bytes, signature, form, sums, and truth where it is known.

Written from the published form alone, without a line of the server's code: whatever agrees here agrees for a reason.
"""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from manabi.check.steps import expect
from trust.framing import canonical_json, to_text
from trust.keys import write_jwk
from trust.registry import KeyUse, open_registry, read_registrar_keys
from trust.signing import VerifyingKey

FORMAT: Final = "manabi-release/1"
TYP: Final = "manabi-release+jws"
STATEMENT: Final = "manabi-release-statement/1"

_NUMBERS: Final = ("measured", "value", "low", "high", "half_width")
_CERTAIN: Final = Decimal("0.95")
_CONTAINED: Final = 0.9
"""Least share of intervals that must hold the truth. Each does with 0.95 or more; with about a thousand intervals a
good release falls below 0.9 less often than once in a billion times, even where ten of them hang together."""

Place = tuple[str, str, str, tuple[str, ...]]
"""Level, area, table, codes of the cell."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release whose bytes are what their name says."""

    digest: str
    document: Mapping[str, Any]
    figures: Mapping[Place, Mapping[str, Any]]

    def of(self, level: str, area: str | None = None) -> list[Mapping[str, Any]]:
        """Return the figures of a level, or of one of its areas."""
        return [one for (of, code, _, _), one in self.figures.items() if of == level and area in (None, code)]

    def measured(self, level: str, area: str | None = None) -> list[Mapping[str, Any]]:
        """Return the figures of a level that were measured, without those that it adds up from them."""
        summed = {one["id"] for one in self.document["sums"].get(level, [])}
        return [one for one in self.of(level, area) if one["table"] not in summed]

    def areas(self, level: str) -> list[str]:
        """Return the codes of the areas of a level."""
        return [one["area"] for one in self.document["areas"] if one["level"] == level]

    def withheld(self) -> dict[tuple[str, str], str]:
        """Return the areas without numbers, each with the reason."""
        return {
            (one["level"], one["area"]): one["status"].partition(":")[2]
            for one in self.figures.values()
            if one["status"].startswith("withheld:")
        }


def read_release(raw: bytes, digest: str) -> Release:
    """Read fixed bytes under their name; raises `Unmet` for other bytes, another form, or a figure twice."""
    expect(sha256(raw).hexdigest() == digest, "bytes of the stated digest", sha256(raw).hexdigest())
    document = json.loads(raw)
    expect(document.get("format") == FORMAT, FORMAT, document.get("format"))
    expect(canonical_json(document) == raw, "the one canonical spelling")
    figures: dict[Place, Mapping[str, Any]] = {}
    for one in document["figures"]:
        place = (one["level"], one["area"], one["table"], tuple(one["cell"]))
        expect(place not in figures, "each figure once", place)
        figures[place] = one
    return Release(digest, document, figures)


def check_signature(token: str, release: Release, registry: Mapping[str, str], leader: str, now: datetime) -> str:
    """Verify the leader's statement by the participant registry, and that by the registrar's keys; return the kid.

    The statement names the release by its digest, with round and plan; raises `Unmet` or `SignatureRefused`.
    """
    pinned = read_registrar_keys(registry["keys"].encode())
    found = open_registry(registry["document"], pinned, now, held=None).by_id(leader)
    expect(found is not None, f"{leader} in the registry")
    keys = () if found is None else found.keys_for(KeyUse.NODE, now)
    public = [VerifyingKey.from_jwk(write_jwk(key)) for key in keys]
    expect(bool(public), f"a key of {leader}")
    said = json.loads(public[0].verify(token, typ=TYP))
    wanted = {
        "format": STATEMENT, "round": release.document["round"]["id"],
        "plan": to_text(bytes.fromhex(release.document["plan"]["digest"])),
        "release": to_text(bytes.fromhex(release.digest)),
    }  # fmt: skip
    expect(said == wanted, "a statement on this release", said)
    return public[0].kid


def check_figures(release: Release) -> int:
    """Check that every cell of every table is there for every area, each with an interval or a reason; count them."""
    plan = release.document["plan"]
    codes = {one["id"]: one["codes"] for one in plan["dimensions"]}
    counted = 0
    for level, tables in plan["tables"].items():
        for area in release.areas(level):
            for table in [*tables, *release.document["sums"].get(level, [])]:
                for cell in _cells([codes[name] for name in table["dimensions"]]):
                    figure = release.figures.get((level, area, table["id"], cell))
                    expect(figure is not None, f"{level} {area} {table['id']} {'/'.join(cell)}")
                    _check_figure(figure or {})
                    counted += 1
    expect(counted == len(release.figures), "no figure besides", f"{len(release.figures)} figures, {counted} cells")
    return counted


def check_sums(release: Release) -> int:
    """Check that a prefecture's cells, its own sums and its establishers' say the same; return how many prefectures do.

    Prefectures with a withheld part are left out: their sums are not all published.
    """
    stages = {
        grade: stage
        for one in release.document["plan"]["dimensions"] if one["id"] == "stage"
        for stage, grades in one["groups"].items() for grade in grades
    }  # fmt: skip
    withheld = release.withheld()
    below: dict[str, list[str]] = defaultdict(list)
    for area in release.areas("establisher"):
        below[area[:2]].append(area)
    checked = 0
    for prefecture, areas in below.items():
        if any((level, area) in withheld for level, area in [("prefecture", prefecture), *_named(areas)]):
            continue
        above, within = Counter[str](), Counter[str]()
        for one in release.measured("prefecture", prefecture):
            above[stages[one["cell"][0]]] += one["value"]
        summed = {stage: release.figures["prefecture", prefecture, "stage", (stage,)]["value"] for stage in above}
        expect(summed == dict(above), f"the sums of {prefecture}", f"{summed} and {dict(above)}")
        for area in areas:
            for one in release.of("establisher", area):
                within[one["cell"][0]] += one["value"]
        expect(above == within, f"establishers of {prefecture} add up", f"{dict(above)} and {dict(within)}")
        checked += 1
    return checked


def check_truth(release: Release, truth: Mapping[str, Mapping[str, int]]) -> tuple[int, int]:
    """Count the prefectures' intervals that hold the truth, which only whoever made the children up can know.

    Returns how many hold it and how many there are. `truth` has the prefectures in which no other node reports, and
    of each the cells, codes joined by '/', with the children in it; a cell that is not there has none.
    """
    inside = asked = 0
    for figure in release.measured("prefecture"):
        if figure["area"] in truth and not figure["status"].startswith("withheld:"):
            asked += 1
            inside += figure["low"] <= truth[figure["area"]].get("/".join(figure["cell"]), 0) <= figure["high"]
    expect(asked > 0 and inside >= _CONTAINED * asked, "intervals that hold the truth", f"{inside} of {asked}")
    return inside, asked


def check_answers(release: Release, level: str, answer: Mapping[str, Any], text: str) -> int:
    """Check that the answers of the interface in JSON and CSV say what the bytes say; return the number of figures."""
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    wanted = release.measured(level)
    expect(len(answer["figures"]) == len(rows) == len(wanted), "every figure in both", (len(rows), len(wanted)))
    for shown, row in zip(answer["figures"], rows, strict=True):
        cell = tuple(shown["codes"].values())
        figure = release.figures[level, shown["area"], shown["table"], cell]
        for name in (*_NUMBERS, "coverage", "status"):
            expect(shown[name] == figure.get(name), f"{name} of {shown['area']} in JSON", shown[name])
            column = {"low": "low_95", "high": "high_95"}.get(name, name)
            said = "" if figure.get(name) is None else str(figure[name])
            expect(row[column] == said, f"{column} of {shown['area']} in CSV", row[column])
        expect(row["release_digest"] == release.digest, "the digest on every line", row["release_digest"])
    return len(rows)


def check_ledger(lines: Iterable[Mapping[str, Any]]) -> None:
    """Check that each line names the hash of the one before it and is what was hashed, from the first line on."""
    before = "0" * 64
    for number, line in enumerate(lines, start=1):
        expect(line["seq"] == number and line["prev"] == before, f"line {number} after the one before it", line)
        content = {name: value for name, value in line.items() if name != "hash"}
        before = sha256(canonical_json(content)).hexdigest()
        expect(line["hash"] == before, f"the content of line {number}", line)


def _check_figure(figure: Mapping[str, Any]) -> None:
    status = figure["status"]
    if status.startswith("withheld:"):
        expect(all(figure.get(name) is None for name in _NUMBERS), "no number beside a reason", figure)
        return
    expect(status in ("ok", "too_noisy"), "a known status", status)
    expect(all(type(figure[name]) is int for name in _NUMBERS), "whole numbers", figure)
    expect(0 <= figure["low"] <= figure["high"], "an interval cut at zero", figure)
    expect(figure["high"] - figure["low"] <= 2 * figure["half_width"], "twice the half-width at most", figure)
    expect(figure["value"] >= 0, "no negative number of children", figure)
    expect(_CERTAIN <= Decimal(figure["coverage"]) <= 1, "a coverage of 95 % or more", figure["coverage"])


def _cells(lists: list[list[str]]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for codes in lists:
        found = [(*one, code) for one in found for code in codes]
    return found


def _named(areas: Iterable[str]) -> list[tuple[str, str]]:
    return [("establisher", area) for area in areas]
