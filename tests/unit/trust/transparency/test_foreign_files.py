"""What is no download of a log, or was changed in any place, is named and never believed."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trust.transparency.downloads import GOOD, KEY, Change, Code, changed
from trust.transparency.bundle import Finding, verify_bundle
from trust.transparency.download import DownloadRefused, read_download


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda d: d.pop("format"), "format"),
        (lambda d: d.update(format="manabi-access-log/2"), "format"),
        (lambda d: d.update(more=1), "more"),
        (lambda d: d.update(node=7), "node"),
        (lambda d: d.update(node_key=[]), "node_key"),
        (lambda d: d.update(node_key={}), "node_key"),
        (lambda d: d["node_key"].update(x=7), "node_key.x"),
        (lambda d: d["node_key"].update(d="secret"), "node_key"),
        (lambda d: d.update(checkpoint=None), "checkpoint"),
        (lambda d: d.update(chain=None), "chain"),
        (lambda d: d["chain"].pop("salt"), "chain.salt"),
        (lambda d: d["chain"].update(learner="aoi"), "chain.learner"),
        (lambda d: d["chain"].update(learner=d["chain"]["learner"].upper()), "chain.learner"),
        (lambda d: d["chain"].update(salt="AAAA"), "chain.salt"),
        (lambda d: d["chain"].update(map_proof={}), "chain.map_proof.other"),
        (lambda d: d["chain"]["map_proof"].update(other="AAAA"), "chain.map_proof"),
        (lambda d: d.update(entries={}), "entries"),
        (lambda d: d.update(entries=[7]), "entries[0]"),
        (lambda d: d["entries"][1].pop("slot"), "entries[1].slot"),
        (lambda d: d["entries"][1].update(slot=16), "entries[1].slot"),
        (lambda d: d["entries"][1]["slot_path"].pop(), "entries[1].slot"),
        (lambda d: d["entries"][1].update(position=True), "entries[1].position"),
        (lambda d: d["entries"][1].update(position=-1), "entries[1].position"),
        (lambda d: d["entries"][1].update(leaf_index=2**53), "entries[1].leaf_index"),
        (lambda d: d["entries"][1].update(leaf_index="1"), "entries[1].leaf_index"),
        (lambda d: d["entries"][1].update(entry=[]), "entries[1].entry"),
        (lambda d: d["entries"][1]["entry"].update(number=1.5), "entries[1].entry"),
        (lambda d: d["entries"][1].update(salt=d["entries"][1]["salt"] + "="), "entries[1].salt"),
        (lambda d: d["entries"][1]["inclusion"].insert(0, "x"), "entries[1].inclusion[0]"),
        (lambda d: d["entries"][1].update(inclusion=d["entries"][1]["inclusion"][:1] * 65), "entries[1].inclusion"),
        (lambda d: d.update(consistency=[{"size": 1}]), "consistency[0].proof"),
        (lambda d: d.pop("consistency"), "consistency"),
    ],
)  # fmt: skip
def test_a_file_of_another_shape_is_refused_by_its_place(change: Change, place: str) -> None:
    report = verify_bundle(changed(change), KEY)
    assert report.findings == (Finding(Code.UNREADABLE, {"place": place}),)
    assert not report.ok


@pytest.mark.parametrize("document", [None, 7, "x", [], {}])
def test_what_is_no_download_at_all_is_refused(document: object) -> None:
    assert [finding.code for finding in verify_bundle(document).findings] == [Code.UNREADABLE]
    with pytest.raises(DownloadRefused):
        read_download(document)


def places(document: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members = document.items() if isinstance(document, dict) else enumerate(document)
    found: list[tuple[str | int, ...]] = []
    for name, value in members:
        if isinstance(value, dict | list):
            found.extend(places(value, (*path, name)))
        found.append((*path, name))
    return found


@given(st.data())
def test_no_place_of_the_file_can_be_changed_unnoticed(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([place for place in places(GOOD) if place[:1] != ("node_key",)]))
    new: object = data.draw(st.sampled_from([None, 0, 1, 5, "", "AAAA", [], {}, "delete"]))
    document = copy.deepcopy(GOOD)
    inside: Any = document
    for step in path[:-1]:
        inside = inside[step]
    if inside[path[-1]] == new:
        return
    if new == "delete":
        del inside[path[-1]]
    else:
        inside[path[-1]] = new
    assert (document == GOOD) or not verify_bundle(document, KEY).ok
