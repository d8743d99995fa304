"""A policy with a fault is refused, and the fault names the place, the value and the remedy."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from consent.policy import faults
from consent.policy.loader import FILES, SHIPPED, load_policy, shipped_policy
from consent.vocabulary import Basis, CarerState, Category, Relation

Change = Callable[[Any], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def edit(folder: Path, name: str, change: Change) -> None:
    path = folder / name
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def rules(content: Any, version: int = 0) -> Any:
    return content["versions"][version]["rules"]


def second_version(begin: str, first_until: str | None) -> Change:
    def add(content: Any) -> None:
        later = json.loads(json.dumps(content["versions"][0])) | {"valid_from": begin}
        if first_until is not None:
            content["versions"][0]["valid_to"] = first_until
        content["versions"].insert(0, later)

    return add


def test_the_shipped_policy_is_read_once() -> None:
    assert shipped_policy() is shipped_policy()


def test_a_copy_of_the_shipped_files_is_the_shipped_policy(folder: Path) -> None:
    assert load_policy(folder) == shipped_policy()


def test_every_basis_state_and_category_has_a_rule() -> None:
    edition = shipped_policy().editions[-1]
    assert set(edition.bases) == set(Basis)
    assert set(edition.states) == set(CarerState)
    assert set(edition.categories) == set(Category)
    assert edition.opened_to == set(Relation) - {
        Relation.BOARD_OFFICER,
        Relation.OPERATOR,
        Relation.RECIPIENT,
        Relation.NEXT_SCHOOL,
    }


def test_every_source_is_cited_by_some_rule() -> None:
    used = {
        key
        for name in FILES
        if name != "citations.json"
        for key in shipped_policy().citations
        if f'"{key}"' in (SHIPPED / name).read_text(encoding="utf-8")
    }
    assert used == set(shipped_policy().citations)


def test_an_edition_changes_where_any_file_changes(folder: Path) -> None:
    edit(folder, "ages.json", second_version("2027-04-01", "2027-03-31"))
    edit(folder, "ages.json", lambda content: rules(content, 0).update(adult_age=19))
    policy = load_policy(folder)
    assert [(edition.begin, edition.end, edition.ages.adult_age) for edition in policy.editions] == [
        (date(2026, 4, 1), date(2027, 3, 31), 18),
        (date(2027, 4, 1), None, 19),
    ]
    found = [policy.on(day) for day in (date(2026, 3, 31), date(2026, 4, 1), date(2027, 3, 31), date(2027, 4, 1))]
    assert found == [None, policy.editions[0], policy.editions[0], policy.editions[1]]


def test_between_two_versions_with_a_gap_nothing_is_in_force(folder: Path) -> None:
    edit(folder, "visibility.json", second_version("2028-04-01", "2027-03-31"))
    policy = load_policy(folder)
    assert [(edition.begin, edition.end) for edition in policy.editions] == [
        (date(2026, 4, 1), date(2027, 3, 31)),
        (date(2028, 4, 1), None),
    ]
    assert policy.on(date(2027, 4, 1)) is None


def test_a_version_that_has_run_out_leaves_nothing_in_force(folder: Path) -> None:
    edit(folder, "visibility.json", lambda content: content["versions"][0].update(valid_to="2027-03-31"))
    policy = load_policy(folder)
    assert policy.on(date(2027, 3, 31)) is policy.editions[-1]
    assert policy.on(date(2027, 4, 1)) is None


def test_the_last_day_of_the_calendar_may_stand_for_no_end(folder: Path) -> None:
    edit(folder, "ages.json", lambda content: content["versions"][0].update(valid_to="9999-12-31"))
    assert load_policy(folder).on(date(2500, 1, 1)) is not None


def opening(index: int, **changes: Any) -> Change:
    return lambda content: rules(content)["openings"][index].update(changes)


def without(*path: str | int) -> Change:
    def remove(content: Any) -> None:
        *parents, last = path
        for step in parents:
            content = content[step]
        del content[last]

    return remove


def put(value: Any, *path: str | int) -> Change:
    def replace(content: Any) -> None:
        *parents, last = path
        for step in parents:
            content = content[step]
        content[last] = value

    return replace


V = ("versions", 0)
R = (*V, "rules")

FAULTS: list[tuple[str, Change, type[faults.PolicyFault], str, str]] = [
    ("visibility.json", opening(3, category="grades"), faults.PolicyNameUnknown, "openings[3].category", "grades"),
    ("visibility.json", opening(3, relation="uncle"), faults.PolicyNameUnknown, "openings[3].relation", "uncle"),
    ("visibility.json", opening(2, when=["gone"]), faults.PolicyNameUnknown, "openings[2].when[0]", "gone"),
    ("visibility.json", opening(3, wehn=[]), faults.PolicyNameUnknown, "openings[3].wehn", "wehn"),
    ("visibility.json", opening(3, citations=[]), faults.PolicyCitationMissing, "openings[3].citations", ""),
    ("visibility.json", without(*R, "openings", 3, "citations"), faults.PolicyEntryMissing, "[3]", "citations"),
    ("visibility.json", opening(3, citations=["x-1"]), faults.PolicyCitationUnknown, "citations[0]", "x-1"),
    ("visibility.json", opening(2, relation="operator"), faults.PolicyRuleForbidden, "openings[2]", "operator"),
    ("visibility.json", opening(2, when=["former"]), faults.PolicyRuleForbidden, "openings[2]", "class_teacher"),
    ("visibility.json", opening(4, when=["expected"]), faults.PolicyRuleForbidden, "openings[4]", "principal"),
    ("visibility.json", opening(2, when=[]), faults.PolicyEntryMissing, "openings[2].when", "enrolled"),
    ("visibility.json", without(*R, "openings", 2, "when"), faults.PolicyEntryMissing, "openings[2]", "when"),
    ("visibility.json", opening(0, when=["enrolled"]), faults.PolicyShapeWrong, "openings[0].when", "self"),
    ("visibility.json", opening(3, rule="enrolment.self"), faults.PolicyEntryRepeated, "[3]", "enrolment.self"),
    ("visibility.json", opening(3, relation="principal"), faults.PolicyEntryRepeated, "[4]", "enrolment, principal"),
    ("visibility.json", opening(3, rule=" "), faults.PolicyShapeWrong, "openings[3].rule", '" "'),
    ("visibility.json", put({}, *R, "openings"), faults.PolicyShapeWrong, "rules.openings", "{}"),
    ("visibility.json", put([], *R), faults.PolicyShapeWrong, "versions[0].rules", "[]"),
    ("visibility.json", second_version("2027-04-01", None), faults.PolicyValidityOverlaps, "versions[0]", "2027-04-01"),
    (
        "visibility.json",
        second_version("2027-04-01", "2027-04-01"),
        faults.PolicyValidityOverlaps,
        "versions[0]",
        "2027-04-01",
    ),
    ("visibility.json", put("2026-03-31", *V, "valid_to"), faults.PolicyShapeWrong, "valid_to", "2026-03-31"),
    ("visibility.json", put("2026-13-01", *V, "valid_from"), faults.PolicyShapeWrong, "valid_from", "2026-13-01"),
    ("visibility.json", put("20260401", *V, "valid_from"), faults.PolicyShapeWrong, "valid_from", "20260401"),
    ("visibility.json", put([], "versions"), faults.PolicyEntryMissing, "", "in force"),
    ("ages.json", put("18", *R, "adult_age"), faults.PolicyShapeWrong, "adult_age", '"18"'),
    ("ages.json", put(True, *R, "adult_age"), faults.PolicyShapeWrong, "adult_age", "true"),
    ("ages.json", put(-1, *R, "bands", "asked"), faults.PolicyShapeWrong, "bands.asked", "-1"),
    ("ages.json", put(1, *R, "bands", "informed"), faults.PolicyEntryMissing, "rules.bands", "0"),
    ("ages.json", put(15, *R, "bands", "asked"), faults.PolicyEntryRepeated, "rules.bands", "15"),
    ("ages.json", put(0, *R, "bands", "adult"), faults.PolicyNameUnknown, "rules.bands.adult", "adult"),
    ("authority.json", without(*R, "bases", "joint"), faults.PolicyEntryMissing, "rules.bases", "joint"),
    ("authority.json", put({}, *R, "bases", "uncle"), faults.PolicyNameUnknown, "rules.bases.uncle", "uncle"),
    ("authority.json", without(*R, "states", "lost"), faults.PolicyEntryMissing, "rules.states", "lost"),
    ("authority.json", put("yes", *R, "states", "lost", "reads"), faults.PolicyShapeWrong, "lost.reads", '"yes"'),
    (
        "authority.json",
        without(*R, "states", "lost", "refused_as"),
        faults.PolicyEntryMissing,
        "states.lost",
        "refused_as",
    ),
    (
        "authority.json",
        put("contact_only", *R, "bases", "sole", "refused_as"),
        faults.PolicyShapeWrong,
        "sole.refused_as",
        "contact_only",
    ),
    (
        "authority.json",
        put("alone?", *R, "bases", "sole", "decides", "daily"),
        faults.PolicyNameUnknown,
        "decides.daily",
        "alone?",
    ),
    ("categories.json", without(*R, "guidance"), faults.PolicyEntryMissing, "versions[0].rules", "guidance"),
    ("categories.json", put("IV", *R, "guidance", "handling", "class"), faults.PolicyNameUnknown, "class", "IV"),
    ("citations.json", put({}, "citations", "civil-code-4"), faults.PolicyEntryMissing, "civil-code-4", "kind"),
]


@pytest.mark.parametrize(
    ("name", "change", "fault", "place", "value"), FAULTS, ids=[f"{fault[2].__name__}-{fault[3]}" for fault in FAULTS]
)
def test_a_fault_names_place_and_value(
    folder: Path, name: str, change: Change, fault: type[faults.PolicyFault], place: str, value: str
) -> None:
    edit(folder, name, change)
    with pytest.raises(fault) as refused:
        load_policy(folder)
    assert type(refused.value) is fault
    if place:
        assert str(refused.value.params["place"]).startswith(f"{name}: ")
        assert place in str(refused.value.params["place"])
    assert value in str(refused.value.params.get("value", ""))
    assert fault.remedy % refused.value.params in str(refused.value)


def test_a_second_notice_about_the_same_field_is_refused(folder: Path) -> None:
    edit(
        folder,
        "visibility.json",
        lambda content: rules(content)["withheld_fields"].append(rules(content)["withheld_fields"][0]),
    )
    with pytest.raises(faults.PolicyEntryRepeated, match="guidance, overall_remarks"):
        load_policy(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "ages.json").unlink()
    with pytest.raises(faults.PolicyUnreadable, match=r"ages\.json"):
        load_policy(folder)


@pytest.mark.parametrize(
    "content", [b"{", "ã".encode("latin-1"), b'{"$schema": 1, "$schema": 2, "versions": []}', b"\xef\xbb\xbf{}"]
)
def test_a_file_that_is_not_plain_json_is_refused(folder: Path, content: bytes) -> None:
    (folder / "ages.json").write_bytes(content)
    with pytest.raises(faults.PolicyUnreadable, match=r"ages\.json"):
        load_policy(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"role": "clerk", "reach": "class"},
        {"duty": "import_files", "reach": "node"},
        {"role": "operator", "reach": "school"},
        {"duty": "see_node_health", "reach": "node"},
    ],
    ids=["a clerk's classes", "files of the whole node", "an operator's list", "a teacher's node"],
)
def test_an_office_that_no_policy_may_give_is_refused(folder: Path, change: dict[str, str]) -> None:
    edit(folder, "offices.json", lambda content: rules(content)["entrusted"][0].update(change))
    with pytest.raises(faults.PolicyOfficeForbidden, match=r"offices\.json.*entrusted\[0\]"):
        load_policy(folder)


def test_nobody_may_be_entrusted_with_an_operators_code(folder: Path) -> None:
    edit(folder, "offices.json", lambda content: rules(content)["entrusted"][8]["to_roles"].append("operator"))
    with pytest.raises(faults.PolicyOfficeForbidden, match=r"staff_code\.board_officer"):
        load_policy(folder)


@pytest.mark.parametrize("to_roles", [None, []])
def test_a_staff_code_is_for_somebody(folder: Path, to_roles: list[str] | None) -> None:
    def change(content: Any) -> None:
        entry = rules(content)["entrusted"][7]
        entry.pop("to_roles")
        if to_roles is not None:
            entry["to_roles"] = to_roles

    edit(folder, "offices.json", change)
    with pytest.raises(faults.PolicyEntryMissing, match="to_roles"):
        load_policy(folder)


def test_only_staff_codes_say_whom_they_are_for(folder: Path) -> None:
    edit(folder, "offices.json", lambda content: rules(content)["entrusted"][0].update({"to_roles": ["teacher"]}))
    with pytest.raises(faults.PolicyShapeWrong, match="issue_staff_code"):
        load_policy(folder)


def test_one_role_has_one_rule_for_a_duty(folder: Path) -> None:
    def change(content: Any) -> None:
        entrusted = rules(content)["entrusted"]
        entrusted.append(entrusted[0] | {"rule": "class_list.once_more"})

    edit(folder, "offices.json", change)
    with pytest.raises(faults.PolicyEntryRepeated, match="see_class_list, teacher"):
        load_policy(folder)


@pytest.mark.parametrize("locale", ["ja", "plain"])
def test_every_fault_can_be_told_in_japanese(locale: str) -> None:
    path = SHIPPED.parent / "translations" / f"{locale}.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale="ja", abort_invalid=True)
    kinds = [kind for kind in vars(faults).values() if isinstance(kind, type) and issubclass(kind, faults.PolicyFault)]
    sentences = {sentence for kind in kinds for sentence in (kind.title, kind.remedy)}
    told = {str(message.id): str(message.string) for message in catalogue if message.id}
    assert set(told) == sentences
    for sentence, translation in told.items():
        assert set(_places(translation)) == set(_places(sentence)), sentence


def _places(sentence: str) -> list[str]:
    return [part.split(")s")[0] for part in sentence.split("%(")[1:]]
