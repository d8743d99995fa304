"""What came from the school before, as files for the new school's own systems: OneRoster, register CSV, and JSON.

The two CSV forms are those that this service itself reads in: the published layouts of `api_specs/layouts`, and a
OneRoster 1.2 set in its Japan profile with the child, the class and the school. Nothing that was withheld or erased is
in any of them.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from consent.age import school_year_begin, school_year_end
from consent.vocabulary import Category
from pds.node import Node
from pds.sharing.enforcement import Asking, Refused
from pds.transfer import queries
from pds.transfer.errors import CaseUnknown
from pds.transfer.models import IncomingTransfer
from pds.transfer.queries import RosterPlace
from pds.transfer.reading import ReceivedCase, ReceivedDocumentView, read_all_received
from pds.transfer.register_rows import layout_for, to_csv

PROFILE: Final = "jp_k12_v1_0"
SYSTEM: Final = "manabi"
FORMAT: Final = "manabi-received/1"
_FILES: Final = ("academicSessions", "orgs", "courses", "classes", "users", "roles", "enrollments", "demographics")

Rows = list[dict[str, str]]


def register_csv(session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID) -> bytes | Refused:
    """Return a zip with one CSV file per published layout of which something came."""
    case = read_all_received(session, node, asking, learner, transfer)
    if isinstance(case, Refused):
        return case
    who = _roster_name(session, node, learner, transfer)
    found: dict[Category, list[tuple[str, Mapping[str, Any]]]] = {}
    for one in case.documents:
        if one.category in list(Category):
            found.setdefault(Category(one.category), []).append((who, one.body))
    sheets: dict[str, str] = {}
    for category, records in found.items():
        layout = layout_for(category)
        if layout is not None:
            sheets[f"{layout.name}.csv"] = to_csv(layout, records)
    return _pack(sheets, asking.now)


def register_json(session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID) -> bytes | Refused:
    """Return everything that came: what each document says, its signed form, and whose signatures it bears."""
    case = read_all_received(session, node, asking, learner, transfer)
    if isinstance(case, Refused):
        return case
    document = {
        "format": FORMAT,
        "node": node.node_id,
        "school": case.school_code,
        "exported_at": asking.now.astimezone(UTC).isoformat(timespec="seconds"),
        "learner": {"id": str(learner), "source_id": _roster_name(session, node, learner, transfer)},
        "documents": [_told(one) for one in case.documents],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def oneroster(session: Session, node: Node, asking: Asking, learner: UUID, transfer: UUID) -> bytes | Refused:
    """Return a OneRoster 1.2 bulk set (Japan K-12/Schools profile) of the child's place at the new school."""
    case = read_all_received(session, node, asking, learner, transfer)
    if isinstance(case, Refused):
        return case
    row = session.get(IncomingTransfer, (learner, transfer))
    place = None if row is None or row.class_id is None else queries.roster_place(session, row.class_id)
    if row is None or place is None:
        raise CaseUnknown
    who = _roster_name(session, node, learner, transfer)
    master = queries.master_id_of(session, node, learner)
    rows = _roster(case, place, who, master, f"transfer-{transfer}", row.accepted_on)
    header = _facts()
    manifest = header["manifest"]
    pairs = [
        ("manifest.version", manifest["manifest_version"]),
        ("oneroster.version", header["profiles"][PROFILE]["oneroster_version"][0]),
        *((f"file.{name}", "bulk" if name in rows else "absent") for name in manifest["file_rows"]),
        ("source.systemName", SYSTEM),
        ("source.systemCode", node.node_id),
    ]
    sheets = {
        "manifest.csv": _sheet(
            ["propertyName", "value"], [{"propertyName": name, "value": value} for name, value in pairs]
        )
    }
    for name in _FILES:
        sheets[f"{name}.csv"] = _sheet(_columns(name), rows[name])
    return _pack(sheets, asking.now)


def _roster(case: ReceivedCase, place: RosterPlace, who: str, master: str, seat: str, begin: date) -> dict[str, Rows]:
    """Return the rows of the set: one child in one class of one school under one board."""
    year, details = place.school_year, case.child.details
    session_id, course = f"year-{year}", f"course-{year}-{place.grade}"
    term = {"beginDate": begin.isoformat(), "endDate": school_year_end(year).isoformat()}
    name = details.name
    return {
        "academicSessions": [
            {
                "sourcedId": session_id, "title": f"{year}年度", "type": "schoolYear", "schoolYear": str(year),
                "startDate": school_year_begin(year).isoformat(), "endDate": school_year_end(year).isoformat(),
            }
        ],
        "orgs": [
            {
                "sourcedId": place.board_source, "name": place.board_name, "type": "district",
                "identifier": place.board_code,
            },
            {
                "sourcedId": place.school_source, "name": place.school_name, "type": "school",
                "identifier": place.school_code, "parentSourcedId": place.board_source,
            },
        ],
        "courses": [
            {
                "sourcedId": course, "schoolYearSourcedId": session_id, "title": f"学級（{place.grade}）",
                "grades": place.grade, "orgSourcedId": place.board_source,
            }
        ],
        "classes": [
            {
                "sourcedId": place.class_source, "title": place.class_name, "grades": place.grade,
                "courseSourcedId": course, "classType": "homeroom", "schoolSourcedId": place.school_source,
                "termSourcedIds": session_id,
                "metadata.jp.specialNeeds": "true" if place.special_needs else "false",
            }
        ],
        "users": [
            {
                "sourcedId": who, "enabledUser": "true", "username": who, "givenName": name.given,
                "familyName": name.family, "middleName": name.middle, "grades": place.grade,
                "userMasterIdentifier": master,
                "primaryOrgSourcedId": place.school_source, "metadata.jp.kanaGivenName": name.given_kana,
                "metadata.jp.kanaFamilyName": name.family_kana, "metadata.jp.homeClass": place.class_source,
                "preferredGivenName": name.preferred_given or name.given,
                "preferredFamilyName": name.preferred_family or name.family,
                "metadata.jp.kanaPreferredGivenName": name.preferred_given_kana or name.given_kana,
                "metadata.jp.kanaPreferredFamilyName": name.preferred_family_kana or name.family_kana,
            }
        ],
        "roles": [
            {
                "sourcedId": f"{seat}-r", "userSourcedId": who, "roleType": "primary", "role": "student",
                "orgSourcedId": place.school_source, **term,
            }
        ],
        "enrollments": [
            {
                "sourcedId": seat, "classSourcedId": place.class_source, "schoolSourcedId": place.school_source,
                "userSourcedId": who, "role": "student", "primary": "false", **term,
            }
        ],
        "demographics": [
            {"sourcedId": who, "birthDate": details.birth_date.isoformat(), "sex": details.sex}
        ],
    }  # fmt: skip


def _roster_name(session: Session, node: Node, learner: UUID, transfer: UUID) -> str:
    """Return the child's sourcedId: the roster's, or the one that the decision made."""
    return queries.source_id_of(session, node, learner) or f"transfer-{transfer}"


def _told(one: ReceivedDocumentView) -> dict[str, Any]:
    return {
        "doc": str(one.doc), "version": one.version, "lane": one.lane.value, "category": one.category,
        "school_year": one.school_year, "issuer": {"code": one.issuer_code, "name": one.issuer_name},
        "schema": one.schema, "issued_at": one.issued_at, "sha256": one.sha256, "body": one.body,
        "files": list(one.files),
        "signatures": [
            {"school": link.school_code, "name": link.school_name, "key": link.key_id} for link in one.chain
        ],
        "signed": one.token,
    }  # fmt: skip


@cache
def _facts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files("api_specs") / "oneroster" / "fields.json").read_text("utf-8"))
    return found


def _columns(name: str) -> list[str]:
    own = [column["name"] for column in _facts()["files"][name]["columns"]]
    return own + list(_facts()["profiles"][PROFILE]["metadata"].get(name, ()))


def _sheet(columns: list[str], rows: Iterable[Mapping[str, str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return out.getvalue()


def _pack(sheets: Mapping[str, str], now: datetime) -> bytes:
    out = io.BytesIO()
    stamp = now.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in sheets.items():
            package.writestr(zipfile.ZipInfo(name, stamp), text.encode())
    return out.getvalue()
