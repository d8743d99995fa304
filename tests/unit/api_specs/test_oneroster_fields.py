"""The OneRoster facts hold together: references lead to files, lists to columns, profiles to what they add."""

from typing import Any

from tests.unit.api_specs.contracts import contract

FIELDS: Any = contract("oneroster/fields.json")


def test_every_file_of_the_rostering_binding_is_announced_in_the_manifest() -> None:
    assert len(FIELDS["manifest"]["file_rows"]) == 21
    assert set(FIELDS["files"]) <= set(FIELDS["manifest"]["file_rows"])


def test_every_file_starts_with_id_and_the_columns_of_a_delta() -> None:
    for name, file in FIELDS["files"].items():
        columns = [(column["name"], column["required"]) for column in file["columns"][:3]]
        assert columns == [("sourcedId", "always"), ("status", "delta"), ("dateLastModified", "delta")], name


def test_every_reference_leads_to_a_file() -> None:
    for name, file in FIELDS["files"].items():
        for column in file["columns"]:
            assert column.get("references", name) in FIELDS["files"], (name, column["name"])


def test_a_column_with_codes_lists_them_and_has_a_fitting_type() -> None:
    for name, file in FIELDS["files"].items():
        for column in file["columns"]:
            coded = column["type"] in ("code", "boolean")
            assert coded == ("codes" in column), (name, column["name"])


def test_the_two_profiles_differ_in_version_and_in_the_spelling_of_the_attendance_number() -> None:
    japan, k12 = FIELDS["profiles"]["jp_v1_2_1"], FIELDS["profiles"]["jp_k12_v1_0"]
    assert not set(japan["oneroster_version"]) & set(k12["oneroster_version"])
    assert japan["metadata"]["enrollments"] == ["metadata.jp.ShussekiNo", "metadata.jp.PublicFlg"]
    assert k12["metadata"]["enrollments"] == ["metadata.jp.shussekiNo", "metadata.jp.publicFlg"]
    assert japan["metadata"]["users"] == k12["metadata"]["users"]
