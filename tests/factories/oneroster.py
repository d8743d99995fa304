"""Small OneRoster 1.2 zips for tests: two valid ones per Japan profile, and one for each way a file set goes wrong.

Each function returns the bytes of a zip. The valid set is one school with two children, a parent and a teacher.
"""

import csv
import io
import zipfile
from dataclasses import dataclass, field

from manabi.sample.oneroster import facts, header, number_columns

JAPAN_PROFILE = "jp_v1_2_1"
K12_PROFILE = "jp_k12_v1_0"
SCHOOL_CODE = "B120299000018"
BOARD_CODE = "209201"
STAMP = "2026-11-12T08:30:00.000Z"

Row = dict[str, str]


@dataclass
class Package:
    """A file set that a test bends before it packs it."""

    profile: str = JAPAN_PROFILE
    kind: str = "bulk"
    manifest: list[list[str]] = field(default_factory=list)
    headers: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)

    def set_manifest(self, name: str, value: str) -> None:
        """Change one property of the manifest."""
        self.manifest = [[key, value if key == name else old] for key, old in self.manifest]

    def text(self, name: str) -> str:
        """Return one file as CSV text."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\r\n")
        if name == "manifest":
            writer.writerows([["propertyName", "value"], *self.manifest])
        else:
            columns = self.headers[name]
            writer.writerow(columns)
            writer.writerows([[row.get(column, "") for column in columns] for row in self.rows[name]])
        return stream.getvalue()

    def members(self) -> dict[str, bytes]:
        """Return every member of the zip by its name."""
        names = ["manifest"] * bool(self.manifest) + list(self.rows)
        return {f"{name}.csv": self.text(name).encode(self.encodings.get(name, "utf-8")) for name in names}

    def packed(self) -> bytes:
        """Return the zip."""
        return pack(self.members())


def pack(members: dict[str, bytes]) -> bytes:
    """Zip members as they are, whatever their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def package(profile: str = JAPAN_PROFILE) -> Package:
    """Return a valid bulk set to bend."""
    number, public = number_columns(profile)
    rows: dict[str, list[Row]] = {
        "academicSessions": [
            {"sourcedId": "y-2026", "title": "2026年度", "type": "schoolYear", "startDate": "2026-04-01",
             "endDate": "2027-03-31", "schoolYear": "2026"}
        ],
        "orgs": [
            {"sourcedId": "board", "name": "みらい市教育委員会", "type": "district", "identifier": BOARD_CODE},
            {"sourcedId": "east", "name": "みらい市立東小学校", "type": "school", "identifier": SCHOOL_CODE,
             "parentSourcedId": "board"},
        ],
        "courses": [{"sourcedId": "co-P5", "schoolYearSourcedId": "y-2026", "title": "学級（P5）", "grades": "P5",
                     "orgSourcedId": "board"}],
        "classes": [
            {"sourcedId": "cl-5-1", "title": "5年1組", "grades": "P5", "courseSourcedId": "co-P5",
             "classType": "homeroom", "schoolSourcedId": "east", "termSourcedIds": "y-2026",
             "metadata.jp.specialNeeds": "false"}
        ],
        "users": [
            _user("s-1", "髙橋", "結衣", "タカハシ", "ユイ", grades="P5", agentSourcedIds="c-1"),
            _user("s-2", "𠮷田", "蓮", "ヨシダ", "レン", grades="P5"),
            _user("c-1", "髙橋", "恵", "タカハシ", "メグミ", agentSourcedIds="s-1"),
            _user("t-1", "石井", "健太", "イシイ", "ケンタ"),
        ],
        "roles": [_role("s-1", "student"), _role("s-2", "student"), _role("c-1", "guardian"), _role("t-1", "teacher")],
        "enrollments": [
            _place("s-1", "student", "false") | {number: "1", public: "true"},
            _place("s-2", "student", "false") | {number: "2", public: "true"},
            _place("t-1", "teacher", "true"),
        ],
        "demographics": [
            {"sourcedId": "s-1", "birthDate": "2015-08-20", "sex": "female"},
            {"sourcedId": "s-2", "birthDate": "2016-02-29", "sex": "male"},
        ],
    }  # fmt: skip
    made = Package(profile, "bulk", rows=rows, headers={name: header(name, profile) for name in rows})
    made.manifest = _manifest(profile, rows, "bulk")
    return made


def delta_package(profile: str = JAPAN_PROFILE) -> Package:
    """Return a valid delta set to bend: a name in daily use appears, the second child's place is taken away."""
    stamp = {"status": "active", "dateLastModified": STAMP}
    rows = {
        "users": [
            _user("s-1", "髙橋", "結衣", "タカハシ", "ユイ", grades="P5", agentSourcedIds="c-1")
            | {"preferredFamilyName": "小川", "metadata.jp.kanaPreferredFamilyName": "オガワ"}
            | stamp
        ],
        "enrollments": [_place("s-2", "student", "false") | stamp | {"status": "tobedeleted"}],
    }
    made = Package(profile, "delta", rows=rows, headers={name: header(name, profile) for name in rows})
    made.manifest = _manifest(profile, rows, "delta")
    return made


def valid(profile: str = JAPAN_PROFILE) -> bytes:
    """A bulk set without a fault."""
    return package(profile).packed()


def valid_delta(profile: str = JAPAN_PROFILE) -> bytes:
    """A delta set without a fault, to follow `valid`."""
    return delta_package(profile).packed()


def _user(sourced_id: str, family: str, given: str, family_kana: str, given_kana: str, **more: str) -> Row:
    return {
        "sourcedId": sourced_id, "enabledUser": "true", "username": sourced_id, "givenName": given,
        "familyName": family, "userMasterIdentifier": _MASTER[sourced_id], "preferredGivenName": given,
        "preferredFamilyName": family, "primaryOrgSourcedId": "east", "metadata.jp.kanaGivenName": given_kana,
        "metadata.jp.kanaFamilyName": family_kana,
    } | more  # fmt: skip


_MASTER = {
    "s-1": "0b7fbd0e-3a53-4f0c-9d3b-0f2f6d4c7a01",
    "s-2": "5d1f2d70-7f0c-4b7e-8f29-6b7c0f0f2b02",
    "c-1": "91c1a4de-2f2e-4a0b-8a62-0f4f9f6e5c03",
    "t-1": "c2a7a3de-64f1-4a5a-9a3e-3f8d2c1b0d04",
}


def _role(user: str, role: str) -> Row:
    return {"sourcedId": f"r-{user}", "userSourcedId": user, "roleType": "primary", "role": role,
            "beginDate": "2026-04-01", "endDate": "2027-03-31", "orgSourcedId": "east"}  # fmt: skip


def _place(user: str, role: str, primary: str) -> Row:
    return {"sourcedId": f"e-{user}", "classSourcedId": "cl-5-1", "schoolSourcedId": "east", "userSourcedId": user,
            "role": role, "primary": primary, "beginDate": "2026-04-01", "endDate": "2027-03-31"}  # fmt: skip


def _manifest(profile: str, rows: dict[str, list[Row]], kind: str) -> list[list[str]]:
    known = facts()
    return [
        ["manifest.version", known["manifest"]["manifest_version"]],
        ["oneroster.version", known["profiles"][profile]["oneroster_version"][0]],
        *([f"file.{name}", kind if name in rows else "absent"] for name in known["manifest"]["file_rows"]),
        ["source.systemName", "試験用校務支援"],
    ]
