"""Report cards, test results and portfolios with their files: from a school's file to sealed records, and back."""

import io
import zipfile
from hashlib import sha256

import pytest
from sqlalchemy import text

from consent.vocabulary import Category
from manabi.sample.pictures import card
from pds.intake.report import sentences_of
from pds.records.files import CHUNK_BYTES, FileNote, notes_of, open_chunk, read_content
from pds.records.service import OpenedRecord
from tests.factories.oneroster import pack, package
from tests.integration.pds.intake.desk import Desk, codes, outcomes, sheet
from trust.sealing import SealBroken

EAST = "B120299000018"
BASE = {
    "learner": "s-1", "school_code": EAST, "school_name": "みらい市立東小学校", "school_year": 2026, "grade": "P5",
}  # fmt: skip
TEXT = ("川の石\n\n" + "丸い石がたくさんありました。\n" * 3000).encode()
"""Long enough for two chunks."""
PDF = card("ふりこの実験", ["ふれはばを変えても、時間はほとんど同じでした。"])


def entry(number: int, title: str, **more: object) -> dict[str, object]:
    return BASE | {"number": number, "kind": "work", "title": title, "text": "ぬり重ねました。"} | more


def handed_in(*rows: dict[str, object], **files: bytes) -> bytes:
    members = {name.replace("__", "."): content for name, content in files.items()}
    return pack({"portfolio.csv": sheet("portfolio", *rows)} | members)


def notes(desk: Desk, record: OpenedRecord) -> tuple[FileNote, ...]:
    place = record.place
    with desk.worker.database.session() as session:
        at = (place.record, place.version)
        return notes_of(session, desk.worker, place.learner, [at]).get(at, ())


def content(desk: Desk, record: OpenedRecord, note: FileNote) -> bytes:
    place = record.place
    with desk.worker.database.session() as session:
        return b"".join(
            read_content(session, desk.worker, place.learner, place.record, place.version, note)
        )  # fmt: skip


@pytest.fixture
def known(desk: Desk) -> Desk:
    """A desk that knows the children already."""
    desk.load(package().packed())
    return desk


def test_the_terms_of_a_year_make_one_report(known: Desk) -> None:
    term = {"subject.music.knowledge": "A", "subject.music.rating": 3, "comment": "よくがんばりました。"}
    rows = [
        BASE | term | {"term": "first_term", "issued_on": "2026-07-17", "behaviour.creativity": True},
        BASE | term | {"term": "second_term", "attendance.days_of_school": 70, "attendance.suspended": 0,
                       "attendance.required": 70, "attendance.absent": 1, "attendance.present": 69},
    ]  # fmt: skip
    seen = known.load(sheet("report", *rows), "report.csv")
    assert outcomes(seen, "record.report") == {"new": 1}
    body = known.record("s-1", Category.REPORT).body
    assert [one["term"] for one in body["terms"]] == ["first_term", "second_term"]
    assert body["terms"][0]["subjects"] == [{"subject": "music", "viewpoints": {"knowledge": "A"}, "rating": 3}]
    assert body["terms"][0]["behaviour"] == [{"item": "creativity", "marked": True}]
    assert body["terms"][1]["attendance"]["present"] == 69
    assert outcomes(known.load(sheet("report", *rows), "report.csv"), "record.report") == {"unchanged": 1}


def test_a_fault_of_one_term_is_told_at_its_row_and_column(known: Desk) -> None:
    days = {"attendance.days_of_school": 70, "attendance.suspended": 0, "attendance.required": 70}
    rows = [
        BASE | days | {"term": "first_term", "attendance.absent": 1, "attendance.present": 69},
        BASE | days | {"term": "second_term", "attendance.absent": 1, "attendance.present": 70},
        BASE | {"term": "second_term"},
    ]
    seen = known.hand_in(sheet("report", *rows), "report.csv")
    found = [(one.code, one.row, one.column, one.value) for one in known.findings(seen.run_id)]
    assert found == [
        ("intake.rule.report.term_once", 4, "term", "second_term"),
        ("intake.rule.report.attendance_present", 3, "attendance.present", "70"),
    ]


def test_tests_of_a_year_make_one_record_with_codes_of_the_course_of_study(known: Desk) -> None:
    test = BASE | {
        "held_on": "2026-09-17",
        "test": "確認問題",
        "kind": "mexcbt",
        "way": "cbt",
        "items": 8,
        "correct": 7,
    }
    rows = [test | {"subject": "arithmetic", "curriculum": "8350223121300000,83502231213A0000"},
            test | {"subject": "japanese"}]  # fmt: skip
    known.load(sheet("assessment", *rows), "assessment.csv")
    tests = known.record("s-1", Category.ASSESSMENT).body["tests"]
    assert tests[0]["curriculum"] == ["8350223121300000", "83502231213A0000"]
    seen = known.hand_in(sheet("assessment", *rows, rows[1]), "assessment.csv")
    (finding,) = known.findings(seen.run_id)
    assert (finding.code, finding.row) == ("intake.rule.assessment.test_once", 4)
    seen = known.hand_in(sheet("assessment", rows[0] | {"curriculum": "8.35E+15"}), "assessment.csv")
    assert codes(seen) == {"intake.mangled_number": 1}


def test_files_are_sealed_in_chunks_and_named_in_the_signed_body(known: Desk) -> None:
    rows = [entry(1, "川の石", file1="川の石.txt", file2="ふりこ.pdf"), entry(2, "めあて", kind="goal")]
    seen = known.load(handed_in(*rows, 川の石__txt=TEXT, ふりこ__pdf=PDF), "portfolio.zip")
    assert outcomes(seen, "record.portfolio") == {"new": 1}
    record = known.record("s-1", Category.PORTFOLIO)
    plain, pdf = notes(known, record)
    assert (plain.no, plain.name, plain.media_type, plain.size) == (1, "川の石.txt", "text/plain", len(TEXT))
    assert plain.chunks == 2
    assert (content(known, record, plain), content(known, record, pdf)) == (TEXT, PDF)
    assert record.body["entries"][0]["files"][1] == {
        "no": 2, "name": "ふりこ.pdf", "media_type": "application/pdf", "size": len(PDF),
        "sha256": sha256(PDF).hexdigest(),
    }  # fmt: skip
    stored = b"".join(bytes(row.sealed) for row in known.ask("SELECT sealed FROM record_file_chunk"))
    assert "丸い石".encode() not in stored
    note = b"".join(bytes(row.note) for row in known.ask("SELECT note FROM record_file"))
    assert "川の石".encode() not in note
    assert plain.sha256 not in note


def test_the_same_portfolio_again_changes_nothing_and_another_file_makes_a_version(known: Desk) -> None:
    row = entry(1, "川の石", file1="ishi.txt")
    known.load(handed_in(row, ishi__txt=TEXT), "portfolio.zip")
    seen = known.load(handed_in(row, ishi__txt=TEXT), "portfolio.zip")
    assert outcomes(seen, "record.portfolio") == {"unchanged": 1}
    known.load(handed_in(row, ishi__txt="かき直しました。".encode()), "portfolio.zip")
    record = known.record("s-1", Category.PORTFOLIO)
    assert record.place.version == 2
    (note,) = notes(known, record)
    assert content(known, record, note) == "かき直しました。".encode()


def test_undo_brings_the_earlier_version_back_with_its_files(known: Desk) -> None:
    row = entry(1, "川の石", file1="ishi.txt")
    known.load(handed_in(row, ishi__txt=TEXT), "portfolio.zip")
    seen = known.load(handed_in(row, ishi__txt=b"short"), "portfolio.zip")
    known.undo(seen.run_id)
    record = known.record("s-1", Category.PORTFOLIO)
    assert record.place.version == 3
    (note,) = notes(known, record)
    assert content(known, record, note) == TEXT


def test_undo_of_the_first_hand_in_hides_the_record(known: Desk) -> None:
    seen = known.load(handed_in(entry(1, "川の石", file1="ishi.txt"), ishi__txt=TEXT), "portfolio.zip")
    known.undo(seen.run_id)
    assert known.records("s-1", Category.PORTFOLIO) == []


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "attachment_not_in_zip"),
        ({"ishi__png": TEXT}, "attachment_suffix"),
        ({"ishi__png": b"\x89PNG\r\n\x1a\n cut off"}, "attachment_kind"),
        ({"ishi__png": b"<?php \x00"}, "attachment_kind"),
        ({"ishi__png": b""}, "attachment_kind"),
        ({"ishi__png": b"\xff" * (10 * 1024**2 + 1)}, "attachment_too_large"),
    ],
)
def test_a_file_that_will_not_do_is_told_at_its_row(known: Desk, files: dict[str, bytes], code: str) -> None:
    rows = [entry(1, "めあて"), entry(2, "川の石", file1="ishi.png")]
    seen = known.hand_in(handed_in(*rows, **files), "portfolio.zip")
    (finding,) = known.findings(seen.run_id)
    assert (finding.code, finding.row, finding.column) == (f"intake.{code}", 3, "file1")
    assert sentences_of(finding, str, "ja")[0]


def test_a_file_that_no_row_names_is_left_out_with_a_warning(known: Desk) -> None:
    seen = known.load(handed_in(entry(1, "めあて"), extra__txt=TEXT), "portfolio.zip")
    assert codes(seen) == {"intake.attachment_unused": 1}
    assert known.scalar("SELECT count(*) FROM record_file") == 0


def test_a_portfolio_without_files_may_come_by_itself(known: Desk) -> None:
    seen = known.load(sheet("portfolio", entry(1, "めあて")), "portfolio.csv")
    assert outcomes(seen, "record.portfolio") == {"new": 1}
    seen = known.hand_in(sheet("portfolio", entry(1, "めあて", file1="a.png")), "portfolio.csv")
    assert codes(seen) == {"intake.attachment_not_in_zip": 1}


def test_files_without_a_portfolio_are_refused(known: Desk) -> None:
    guidance = sheet("attendance_exceptions", BASE | {"date": "2026-05-01", "mark": "absent"})
    seen = known.hand_in(pack({"attendance.csv": guidance, "a.png": b"x"}))
    assert codes(seen) == {"intake.not_csv_in_archive": 1}
    seen = known.hand_in(pack(package().members() | {"a.png": b"x"}))
    assert codes(seen)["intake.not_csv_in_archive"] == 1


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_names_are_read_as_the_maker_of_the_archive_wrote_them(known: Desk, encoding: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("portfolio.csv", sheet("portfolio", entry(1, "川の石", file1="川の石.txt")))
        archive.writestr("??????????.txt", TEXT)
    named = ("川の石".encode(encoding) + b".txt").ljust(14)
    seen = known.hand_in(stream.getvalue().replace(b"??????????.txt", named), "portfolio.zip")
    assert seen.may_apply, known.findings(seen.run_id)


def test_a_chunk_opens_nowhere_but_in_its_place(known: Desk) -> None:
    known.load(handed_in(entry(1, "川の石", file1="ishi.txt"), ishi__txt=TEXT), "portfolio.zip")
    record = known.record("s-1", Category.PORTFOLIO)
    place, (note,) = record.place, notes(known, record)
    with known.worker.database.session() as session:
        first = open_chunk(session, known.worker, place.learner, place.record, 1, 1, 0)
        assert first == TEXT[:CHUNK_BYTES]
        assert open_chunk(session, known.worker, place.learner, place.record, 1, 1, 2) is None
        session.execute(text("UPDATE record_file_chunk SET chunk_no = 9 WHERE chunk_no = 0"))
        session.execute(text("UPDATE record_file_chunk SET chunk_no = 0 WHERE chunk_no = 1"))
        with pytest.raises(SealBroken):
            open_chunk(session, known.worker, place.learner, place.record, 1, 1, 0)
        with pytest.raises(SealBroken):
            list(read_content(session, known.worker, place.learner, place.record, 1, note))
        session.execute(text("DELETE FROM record_file_chunk WHERE chunk_no = 0"))
        with pytest.raises(SealBroken):
            list(read_content(session, known.worker, place.learner, place.record, 1, note))
