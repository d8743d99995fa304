"""A downloaded log holds as it is; one change is found exactly."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.trust.toy_log import AOI, NODE, NOON, SORA, ToyLog, filled_log
from tests.unit.trust.transparency.downloads import GOOD, KEY, LOG, Change, Code, changed, faults, flip
from trust.framing import from_text, to_text
from trust.signing import SigningKey
from trust.transparency.bundle import NOTICES, Finding, Report, verify_bundle
from trust.transparency.checkpoint import sign
from trust.transparency.download import read_download, write_download


def test_an_untouched_log_holds_with_the_nodes_key() -> None:
    report = verify_bundle(GOOD, KEY)
    assert report == Report((), NODE, KEY.kid, NOON, 8)
    assert report.ok


def test_without_the_nodes_key_it_holds_and_says_that_the_key_came_with_the_file() -> None:
    report = verify_bundle(GOOD)
    assert report.ok
    assert report.findings == (Finding(Code.KEY_FROM_FILE, {"kid": KEY.kid}),)


@pytest.mark.parametrize(("viewer", "count"), [("child", 8), ("carer:1", 4), ("office", 4), ("carer:none", 0)])
def test_every_viewers_chain_holds_even_one_without_entries(viewer: str, count: int) -> None:
    report = verify_bundle(LOG.download(AOI, viewer), KEY)
    assert (report.ok, report.entries, report.findings) == (True, count, ())


def test_a_log_of_one_entry_holds() -> None:
    log = ToyLog()
    log.record(SORA, ("child",), "read")
    assert verify_bundle(log.download(SORA), log.key.public()).ok


def test_a_download_survives_its_own_format() -> None:
    assert json.loads(json.dumps(write_download(read_download(GOOD)))) == GOOD


def test_declared_gaps_are_a_notice() -> None:
    log = filled_log()
    log.gaps = ((1, 2), (4, 5))  # both are entries of the other child
    report = verify_bundle(log.download(), log.key.public())
    assert report.ok
    assert report.findings == (Finding(Code.GAPS_DECLARED, {"count": 2, "entries": 2}),)


def test_downloads_of_a_child_with_few_and_with_many_viewers_have_the_same_shape() -> None:
    """Nothing but hashes may differ: not a length, not a count. (What the entry itself says is the same here.)"""
    shapes = set()
    for others in ((), ("carer:1",), tuple(f"carer:{number}" for number in range(15))):
        log = ToyLog()
        log.record(AOI, ("child", *others), "read")
        document = log.download()
        shapes.add(
            json.dumps([[len(text) for text in document["chain"]["map_proof"].values()], len(json.dumps(document))])
        )
    assert len(shapes) == 1


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(
            lambda d: d["entries"][2]["entry"].update(what="nothing"), [("entry_altered", 3)], id="tampered entry"
        ),
        pytest.param(flip("entries", 2, "salt"), [("entry_altered", 3)], id="re-salted entry"),
        pytest.param(
            flip("entries", 2, "commitment"),
            [("entry_altered", 3), ("entry_not_in_log", 3), ("chain_broken", 4)],
            id="another commitment",
        ),
        pytest.param(
            lambda d: d["entries"].pop(2),
            [
                ("entry_out_of_place", 3),
                ("chain_broken", 3),
                *[("entry_out_of_place", number) for number in (4, 5, 6, 7)],
                ("count_not_confirmed", None),
            ],
            id="dropped entry",
        ),
        pytest.param(lambda d: d["entries"].pop(), [("count_not_confirmed", None)], id="dropped last entry"),
        pytest.param(lambda d: d["entries"].clear(), [("count_not_confirmed", None)], id="all entries dropped"),
        pytest.param(
            lambda d: d["entries"].insert(0, d["entries"].pop(1)),
            [
                ("entry_out_of_place", 1),
                ("chain_broken", 1),
                ("entry_out_of_place", 2),
                ("chain_broken", 2),
                ("log_order_broken", 2),
                ("chain_broken", 3),
            ],
            id="reordered entries",
        ),
        pytest.param(
            lambda d: d["entries"].append(d["entries"][-1]),
            [("entry_out_of_place", 9), ("chain_broken", 9), ("log_order_broken", 9), ("count_not_confirmed", None)],
            id="repeated entry",
        ),
        pytest.param(
            lambda d: d["entries"][2].update(position=4),
            [("entry_out_of_place", 3), ("entry_not_in_log", 3), ("chain_broken", 4)],
            id="another number",
        ),
        pytest.param(
            flip("entries", 2, "prev_head"),
            [("chain_broken", 3), ("entry_not_in_log", 3), ("chain_broken", 4)],
            id="another head before",
        ),
        pytest.param(flip("entries", 2, "slot_salt"), [("entry_not_in_log", 3)], id="another slot salt"),
        pytest.param(flip("entries", 2, "slot_path", 0), [("entry_not_in_log", 3)], id="another way from the slot"),
        pytest.param(
            lambda d: d["entries"][2].update(slot=d["entries"][2]["slot"] ^ 1),
            [("entry_not_in_log", 3)],
            id="another slot",
        ),
        pytest.param(flip("entries", 2, "inclusion", 0), [("entry_not_in_log", 3)], id="another inclusion proof"),
        pytest.param(lambda d: d["entries"][2]["inclusion"].pop(), [("entry_not_in_log", 3)], id="shorter proof"),
        pytest.param(
            lambda d: d["entries"][2].update(leaf_index=d["entries"][2]["leaf_index"] + 1),
            [("entry_not_in_log", 3)],
            id="another leaf",
        ),
        pytest.param(
            lambda d: d["entries"][2].update(leaf_index=900), [("entry_not_in_log", 3), ("log_order_broken", 4)],
            id="a leaf outside the log",
        ),
        pytest.param(flip("chain", "salt"), [("count_not_confirmed", None)], id="another chain salt"),
        pytest.param(
            lambda d: d["chain"].update(viewer_class="carer:1"), [("count_not_confirmed", None)], id="another viewer"
        ),
        pytest.param(
            lambda d: d["chain"].update(learner=str(SORA)), [("count_not_confirmed", None)], id="another child"
        ),
        pytest.param(
            flip("chain", "map_proof", "siblings"), [("count_not_confirmed", None)], id="another map proof"
        ),
        pytest.param(
            lambda d: d["chain"]["map_proof"].update(other=to_text(b"\x01" * 64)),
            [("count_not_confirmed", None)],
            id="another standing in the map",
        ),
        pytest.param(lambda d: d.update(node="node.tonari.example"), [("other_node", None)], id="another node's name"),
    ],
)  # fmt: skip
def test_one_change_is_found_exactly(change: Change, found: list[tuple[str, int | None]]) -> None:
    report = verify_bundle(changed(change), KEY)
    assert not report.ok
    assert faults(report) == found


def resigned(**changes: object) -> dict[str, Any]:
    """The node itself lies: a checkpoint with another content, properly signed."""
    token = sign(replace(LOG.checkpoint(), **changes), LOG.key)  # type: ignore[arg-type]
    return changed(lambda document: document.update(checkpoint=token))


def test_a_checkpoint_with_another_root_confirms_no_entry() -> None:
    assert faults(verify_bundle(resigned(root=bytes(32)), KEY)) == [("entry_not_in_log", n) for n in range(1, 9)]


def test_a_checkpoint_with_another_map_root_does_not_confirm_the_count() -> None:
    assert faults(verify_bundle(resigned(map_root=bytes(32)), KEY)) == [("count_not_confirmed", None)]


def test_a_checkpoint_of_another_size_confirms_no_entry() -> None:
    found = faults(verify_bundle(resigned(size=11), KEY))
    assert found
    assert {code for code, _ in found} == {"entry_not_in_log"}


def test_a_checkpoint_of_another_node_is_found() -> None:
    report = verify_bundle(resigned(origin="node.tonari.example"), KEY)
    assert report.findings == (Finding(Code.OTHER_NODE, {"stated": NODE, "signed": "node.tonari.example"}),)


def test_an_entry_in_a_range_declared_lost_is_found() -> None:
    index = GOOD["entries"][2]["leaf_index"]
    report = verify_bundle(resigned(gaps=((index, index + 1),)), KEY)
    assert faults(report) == [("entry_in_gap", 3)]


def test_a_node_that_counts_fewer_entries_than_it_linked_is_found() -> None:
    """A map that says 7 where the chain has 8 does not confirm 8, and 7 entries do not satisfy it either way."""
    log = filled_log()
    count, _ = log.heads[AOI, "child"]
    head_before = from_text(log.download()["entries"][-1]["prev_head"])
    log.heads[AOI, "child"] = (count - 1, head_before)
    assert faults(verify_bundle(log.download(), log.key.public())) == [("count_not_confirmed", None)]


def test_an_entry_slipped_in_before_an_older_one_is_found() -> None:
    """A node that links a later leaf before an earlier one changes the past, though every proof holds."""
    log = ToyLog()
    log.record(AOI, ("child",), "first")
    log.record(AOI, ("child",), "second")
    log.leaves.reverse()
    for kept in log.kept:
        kept["leaf_index"] = 1 - kept["leaf_index"]
    assert faults(verify_bundle(log.download(), log.key.public())) == [("log_order_broken", 2)]


def test_another_nodes_key_is_found_before_anything_else() -> None:
    other = SigningKey.generate().public()
    report = verify_bundle(GOOD, other)
    assert report.findings == (Finding(Code.WRONG_KEY, {"expected": other.kid, "found": KEY.kid}),)
    assert not report.ok


def test_a_forger_who_signs_everything_anew_is_found_by_the_nodes_key_alone() -> None:
    forged = filled_log()
    assert verify_bundle(forged.download()).ok, "consistent in itself: this is what the notice about the key is for"
    assert faults(verify_bundle(forged.download(), KEY)) == [("wrong_key", None)]
    with_true_key = changed(lambda document: document.update(node_key=KEY.jwk()), forged.download())
    assert verify_bundle(with_true_key, KEY).findings == (Finding(Code.SIGNATURE_BROKEN, {"reason": "bad_signature"}),)


def test_a_signature_over_something_else_is_found() -> None:
    for token in (LOG.key.sign(b"{}", typ="manabi-checkpoint+jws"), LOG.key.sign(b"{}", typ="other"), "no token"):
        report = verify_bundle(changed(lambda document, token=token: document.update(checkpoint=token)), KEY)  # type: ignore[misc]
        assert [finding.code for finding in report.findings] == [Code.SIGNATURE_BROKEN]


def test_every_byte_of_the_signed_part_counts() -> None:
    token = GOOD["checkpoint"]
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    report = verify_bundle(changed(lambda d: d.update(checkpoint=token[:middle] + other + token[middle + 1 :])), KEY)
    assert [finding.code for finding in report.findings] == [Code.SIGNATURE_BROKEN]


def test_every_code_is_a_fault_but_the_three_notices() -> None:
    assert {code for code in Code if not Finding(code).is_fault} == NOTICES
    assert len(NOTICES) == 3
