"""A move on the pages of both offices: papers and ticket, decision, request, three columns, downloads, refusals."""

import io
import json
import re
import zipfile
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update
from werkzeug.test import TestResponse

from consent.vocabulary import Category, StaffRole
from pds.transfer.models import MessageOut, OutgoingTransfer
from tests.integration.pds.school_work.browser import Browser, main_text
from tests.integration.pds.transfer_pages.offices import Offices

START = {"left_on": "2026-11-27", "reason": "保護者の転勤"}
CHILD = {
    "family_name": "山田", "given_name": "花子", "family_name_kana": "やまだ", "given_name_kana": "はなこ",
    "birth_date": "2015-06-03", "sex": "female", "accepted_on": "2026-11-30",
}  # fmt: skip


def begin(offices: Offices, **form: str) -> TestResponse:
    """The old school's clerk begins the move and gets the sheet."""
    clerk = offices.a.visit(offices.move.clerk_a)
    clerk.get(f"/staff/transfers/leaving/{offices.move.learner}")
    answer = clerk.post(f"/staff/transfers/leaving/{offices.move.learner}", **{**START, **form})
    assert answer.status_code == 200
    address = re.search(r"/staff/transfers/outgoing/[0-9a-f-]+/([0-9a-f-]+)/", answer.text)
    assert address is not None
    offices.move.outgoing = UUID(address[1])
    return answer


def ticket_on(sheet: TestResponse) -> str:
    found = re.search(r'class="sheet__code">([0-9A-Z-]+)<', sheet.text)
    assert found is not None
    return found[1]


def decide(offices: Offices, ticket: str, **changes: str) -> TestResponse:
    """The board of the new school records its decision."""
    officer = offices.b.visit(offices.move.officer_b)
    officer.get("/staff/transfers/decide")
    form = {**CHILD, "class_id": str(offices.move.class_b), "ticket": ticket, **changes}
    answer = officer.post("/staff/transfers/decide", **form)
    if answer.status_code == 303:
        *_, learner, transfer, _ = answer.location.split("/")
        offices.move.there, offices.move.incoming = UUID(learner), UUID(transfer)
    return answer


def case_of(offices: Offices, tail: str = "") -> str:
    return f"/staff/transfers/incoming/{offices.move.there}/{offices.move.incoming}/{tail}"


def ask(offices: Offices) -> Browser:
    """The new school's clerk asks for report cards since 2024 and attendance since 2025."""
    clerk = offices.b.visit(offices.move.clerk_b)
    clerk.get(case_of(offices, "ask"))
    chosen = {
        "category": ["report", "attendance_daily"], "since-report": "2024", "since-attendance_daily": "2025",
        "until": "2027-03-31", "erase_on": "2027-03-31", "frequency": "repeated",
    }  # fmt: skip
    assert clerk.post(case_of(offices, "ask"), **chosen).status_code == 303
    return clerk


def receive(offices: Offices) -> None:
    """The family strikes attendance and one year; everything due comes."""
    offices.move.towns.work()
    offered = offices.move.offered()
    scope = offered.scope.without(Category.ATTENDANCE_DAILY).without_years(Category.REPORT, [2024])
    offices.move.answer(replace(offered, scope=scope))
    offices.move.towns.pass_time(minutes=5)
    offices.move.towns.pass_time(days=14)
    offices.move.towns.pass_time(minutes=5)


def entries(offices: Offices) -> int:
    return offices.b.side.count("SELECT count(*) FROM log_entry")


def test_a_move_goes_from_the_counter_of_one_school_to_the_screen_of_the_other(offices: Offices) -> None:
    sheet = begin(offices, slip_language="en")
    assert "在学証明書" in sheet.text
    assert "教科用図書給与証明書" in sheet.text
    assert "Bring this whole sheet" in sheet.text
    assert sheet.text.count('<svg role="img"') == 1
    assert decide(offices, ticket_on(sheet).lower().replace("-", " ")).status_code == 303
    ask(offices)
    receive(offices)
    words = main_text(offices.b.visit(offices.move.clerk_b).get(case_of(offices)))
    assert "2025年度〜2026年度" in words
    assert "承認なし" in words
    assert "2024年度は開示されていません" in words
    assert "みらい市立東小学校の署名があります" in words


def test_the_ticket_is_in_one_answer_and_nowhere_else(offices: Offices) -> None:
    ticket = ticket_on(begin(offices))
    clerk = offices.a.visit(offices.move.clerk_a)
    case = f"/staff/transfers/outgoing/{offices.move.learner}/{offices.move.outgoing}/"
    for path in ("/staff/transfers/", case, f"{case}papers"):
        assert ticket not in clerk.get(path).text
    second = ticket_on(clerk.post(f"{case}ticket"))
    assert second != ticket
    stored = offices.a.side.count("SELECT count(*) FROM transfer_ticket t WHERE t::text LIKE :it", it=f"%{second}%")
    assert stored == 0


def test_a_malformed_ticket_is_refused_by_name_and_the_rest_of_the_form_stays(offices: Offices) -> None:
    ticket = ticket_on(begin(offices))
    wrong = ticket[:-1] + ("0" if ticket[-1] != "0" else "1")
    answer = decide(offices, wrong)
    assert answer.status_code == 422
    assert "24文字を紙と見比べる" in answer.text
    assert 'value="やまだ"' in answer.text
    assert offices.b.side.count("SELECT count(*) FROM incoming_transfer") == 0


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("birth_date", "いつか", "生年月日を入力してください"),
        ("family_name_kana", "", "氏のふりがなを入力してください"),
        ("class_id", "", "学級を選んでください"),
        ("sex", "", "学齢簿のとおりに選んでください"),
    ],
)
def test_a_wrong_field_of_the_decision_is_named(offices: Offices, field: str, value: str, sentence: str) -> None:
    answer = decide(offices, "1000-1NCF-V6JH-0BHT-ZFX8-B0Q2", **{field: value})
    assert answer.status_code == 422
    assert f'<a href="#{field}">{sentence}' in answer.text


def test_nothing_is_ticked_before_the_clerk_ticks_it_and_a_tick_survives_an_error(offices: Offices) -> None:
    decide(offices, ticket_on(begin(offices)))
    clerk = offices.b.visit(offices.move.clerk_b)
    assert " checked" not in clerk.get(case_of(offices, "ask")).text
    answer = clerk.post(case_of(offices, "ask"), category="report", until="2027-03-31", erase_on="2027-03-30")
    assert answer.status_code == 422
    assert {'href="#since-report"', 'href="#erase_on"'} <= set(re.findall(r'href="#[a-z_-]+"', answer.text))
    assert re.search(r'value="report" checked', answer.text)


def test_a_second_case_for_the_same_child_is_refused_where_it_is_begun(offices: Offices) -> None:
    begin(offices)
    clerk = offices.a.visit(offices.move.clerk_a)
    clerk.get(f"/staff/transfers/leaving/{offices.move.learner}")
    answer = clerk.post(f"/staff/transfers/leaving/{offices.move.learner}", **START)
    assert answer.status_code == 422
    assert offices.a.side.count("SELECT count(*) FROM outgoing_transfer") == 1


def test_documents_downloads_and_the_receipt_open_and_each_leaves_an_entry(offices: Offices) -> None:
    decide(offices, ticket_on(begin(offices)))
    ask(offices)
    receive(offices)
    clerk = offices.b.visit(offices.move.clerk_b)
    page = clerk.get(case_of(offices)).text
    documents = re.findall(r'href="(/staff/transfers/incoming/[^"]+/documents/[^"]+)"', page)
    assert len(documents) == 8
    for address in [*documents, *(case_of(offices, name) for name in ("oneroster.zip", "register.csv"))]:
        before = entries(offices)
        assert clerk.client.get(address).status_code == 200
        assert entries(offices) > before
    told = json.loads(clerk.client.get(case_of(offices, "register.json")).data)
    assert {one["category"] for one in told["documents"]} == {"enrolment", "guidance", "health_check", "report"}
    assert all(one["signed"].count(".") == 2 for one in told["documents"])
    sheets = zipfile.ZipFile(io.BytesIO(clerk.client.get(case_of(offices, "oneroster.zip")).data))
    assert "山田".encode() in sheets.read("users.csv")
    assert "みらい市立東小学校校長" in main_text(clerk.get(case_of(offices, "receipt")))


def test_a_rejected_dossier_says_what_was_wrong_and_is_sent_again_with_one_button(offices: Offices) -> None:
    begin(offices)
    problems = [{"doc": str(uuid4()), "version": 1, "code": "file_hash"}]
    with offices.a.side.session() as session:
        values = {"state": "rejected", "problems": problems, "dossier_id": uuid4()}
        session.execute(update(OutgoingTransfer).values(**values))
    clerk = offices.a.visit(offices.move.clerk_a)
    case = f"/staff/transfers/outgoing/{offices.move.learner}/{offices.move.outgoing}/"
    assert "添付ファイルが壊れています" in main_text(clerk.get(case))
    assert "未着手1件" in main_text(clerk.get("/staff/transfers/"))
    assert "転出・転入の手続きが1件、あなたを待っています" in main_text(clerk.get("/staff/"))
    assert clerk.post(f"{case}send-again").status_code == 303
    assert "転入先が書類を受け取っています" in main_text(clerk.get(case))


def test_a_cancelled_move_waits_for_nobody(offices: Offices) -> None:
    begin(offices)
    clerk = offices.a.visit(offices.move.clerk_a)
    case = f"/staff/transfers/outgoing/{offices.move.learner}/{offices.move.outgoing}/"
    clerk.get(case)
    assert clerk.post(f"{case}cancel").status_code == 303
    assert "取りやめました" in main_text(clerk.get(case))
    assert "進行中の転出・転入はありません" in main_text(clerk.get("/staff/transfers/"))
    assert "山田 花子" in main_text(clerk.get("/staff/transfers/?standing=done"))


def test_other_offices_are_refused_and_the_attempt_is_an_entry(offices: Offices) -> None:
    decide(offices, ticket_on(begin(offices)))
    teacher = offices.b.visit(offices.staff(offices.b, StaffRole.TEACHER, offices.move.school_b))
    before = entries(offices)
    for tail in ("", "ask", f"documents/{uuid4()}/1", "register.json", "receipt"):
        assert teacher.get(case_of(offices, tail)).status_code in (403, 404), tail
    assert entries(offices) == before + 5
    assert teacher.get("/staff/transfers/").status_code == 403
    assert teacher.get("/staff/transfers/decide").status_code == 403
    assert "転出・転入" not in teacher.get("/staff/").text


def test_the_board_looks_at_a_case_and_reads_no_document(offices: Offices) -> None:
    decide(offices, ticket_on(begin(offices)))
    ask(offices)
    receive(offices)
    officer = offices.b.visit(offices.move.officer_b)
    page = officer.get(case_of(offices))
    assert "依頼・承認・受領" in main_text(page)
    may_read = "/documents/" in page.text
    answer = officer.get(case_of(offices, "register.json"))
    assert (answer.status_code == 200) is may_read


def test_messages_that_were_given_up_are_sent_again_without_naming_a_child(offices: Offices) -> None:
    decide(offices, ticket_on(begin(offices)))
    with offices.b.side.session() as session:
        session.execute(text("DELETE FROM message_out"))
    ask(offices)
    clerk = offices.b.visit(offices.move.officer_b)
    clerk.get(case_of(offices))
    assert clerk.post(case_of(offices, "cancel")).status_code == 303
    while offices.b.side.work():
        pass
    with offices.b.side.session() as session:
        now = offices.b.side.web.clock()
        session.execute(update(MessageOut).values(state="dead", closed_at=now, problem={"reason": "timeout"}))
    operator = offices.b.visit(offices.staff(offices.b, StaffRole.OPERATOR, offices.move.school_b))
    assert "件が届きませんでした" in main_text(operator.get("/staff/node/"))
    page = operator.get("/staff/node/messages/")
    words = main_text(page)
    assert "a.node" in words
    assert "timeout" in words
    assert "山田" not in words
    assert str(offices.move.there) not in page.text
    again = re.search(r'action="(/staff/node/messages/[0-9a-f-]+/again)"', page.text)
    assert again is not None
    assert operator.post(again[1]).status_code == 303
    assert offices.b.side.count("SELECT count(*) FROM message_out WHERE state = 'queued'") == 1
