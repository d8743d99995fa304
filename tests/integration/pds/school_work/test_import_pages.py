"""Files are handed in, looked at, applied and undone on pages; another school's hand-over does not exist."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text, update

from pds.intake.tasks import handlers
from pds.node import Node
from tests.factories import broken_oneroster
from tests.factories.node import NOW, World
from tests.factories.oneroster import valid
from tests.integration.pds.intake.desk import guidance_row, sheet
from tests.integration.pds.school_work.browser import Browser, main_text
from tests.integration.pds.school_work.conftest import Town, Visit
from web.accounts.models import WebSession
from web.jobs.runner import Runner

LIST = "/staff/imports/"
Work = Callable[[], None]


@pytest.fixture
def work(jobs_node: Node) -> Work:
    """Let the worker do what is due."""

    def run() -> None:
        runner = Runner(
            jobs_node.database, handlers(jobs_node), lambda: NOW, sweep=timedelta(1), lease=timedelta(seconds=60)
        )
        while runner.run_one():
            pass

    return run


def hand_in(browser: Browser, content: bytes, name: str = "set.zip") -> str:
    """Hand a file in and return the address of the hand-over."""
    browser.get(LIST)
    answer = browser.post(LIST, file=(io.BytesIO(content), name))
    assert answer.status_code == 303, main_text(answer)
    return str(answer.headers["Location"])


def test_a_file_goes_from_check_to_apply_to_undo(town: Town, visit: Visit, work: Work, world: World) -> None:
    browser = visit(town.staff["officer"])
    here = hand_in(browser, valid())
    page = browser.get(here)
    assert page.headers["Refresh"] == "5"
    assert "確認中" in main_text(page)
    assert "Refresh" not in browser.get(f"{here}?still=1").headers

    work()
    page = browser.get(here)
    assert "適用できます" in main_text(page)
    assert "Refresh" not in page.headers
    assert "set.zip" in main_text(browser.get("/staff/"))
    assert "適用しますか" in main_text(browser.get(f"{here}apply"))
    assert browser.post(f"{here}apply").status_code == 303
    assert "適用中" in main_text(browser.get(here))

    work()
    page = browser.get(here)
    assert "まで取り消せます" in main_text(page)
    assert "佐藤 健" in main_text(page)
    browser.get(f"{here}undo")
    assert browser.post(f"{here}undo").status_code == 303
    work()
    page = browser.get(here)
    assert "取り消し済み" in main_text(page)
    assert "取り消しの結果" in main_text(page)
    assert world.session.execute(text("SELECT count(*) FROM job WHERE state = 'failed'")).scalar_one() == 0


def test_errors_stand_with_place_value_and_remedy_and_come_as_csv(town: Town, visit: Visit, work: Work) -> None:
    browser = visit(town.staff["officer"])
    here = hand_in(browser, broken_oneroster.half_width_kana())
    work()
    words = main_text(browser.get(here))
    assert "エラーあり" in words
    assert "users.csv" in words
    assert re.search(r"\d+行目", words)
    file = browser.get(f"{here}findings.csv")
    assert file.mimetype == "text/csv"
    assert "attachment" in file.headers["Content-Disposition"]
    lines = file.data.decode("utf-8-sig").splitlines()
    assert len(lines) >= 2
    assert "users.csv" in lines[1]
    assert "適用できません" in main_text(browser.get(f"{here}apply"))
    assert browser.post(f"{here}apply").status_code == 409
    assert "エラーがあり" in main_text(browser.get("/staff/"))


def test_many_errors_come_a_page_at_a_time(town: Town, visit: Visit, work: Work) -> None:
    browser = visit(town.staff["officer"])
    rows = [guidance_row(learner=f"nobody-{number}") for number in range(120)]
    here = hand_in(browser, sheet("register_guidance", *rows), "g.csv")
    work()
    first, last = browser.get(here), browser.get(f"{here}?severity=error&page=3")
    assert "nobody-49" in first.text
    assert "nobody-50" not in first.text
    assert "nobody-119" in last.text
    assert browser.get(f"{here}?severity=error&page=99").text.count("nobody-119") == last.text.count("nobody-119")
    assert browser.get(f"{here}?severity=nonsense&page=x").status_code == 200


@pytest.mark.parametrize("who", ["clerk", "other_clerk"])
def test_another_schools_hand_over_does_not_exist(town: Town, visit: Visit, work: Work, who: str) -> None:
    here = hand_in(visit(town.staff["officer"]), valid())
    work()
    browser = visit(town.staff[who])
    assert "set.zip" not in browser.get(LIST).text
    unknown = f"{LIST}{uuid4()}/"
    for part in ("", "findings.csv", "apply", "undo"):
        assert browser.get(here + part).status_code == 404
        assert browser.get(unknown + part).status_code == 404
    for part in ("apply", "undo", "cancel"):
        assert browser.post(here + part).status_code == 404


def test_a_board_officer_sees_what_a_school_of_the_board_handed_in(town: Town, visit: Visit, work: Work) -> None:
    here = hand_in(visit(town.staff["clerk"]), sheet("register_guidance", guidance_row()), "g.csv")
    work()
    assert visit(town.staff["officer"]).get(here).status_code == 200


@pytest.mark.parametrize("who", ["teacher", "nurse", "principal", "operator", "former"])
def test_others_do_not_import(town: Town, visit: Visit, who: str) -> None:
    browser = visit(town.staff[who])
    browser.get("/staff/")
    assert browser.get(LIST).status_code == 403
    assert browser.post(LIST, file=(io.BytesIO(valid()), "set.zip")).status_code == 403
    assert browser.get(f"{LIST}layouts/register_guidance.csv").status_code == 403


def test_families_do_not_import(town: Town, visit: Visit) -> None:
    assert visit(town.mother).get(LIST).status_code == 403


def test_applying_and_undoing_ask_for_a_fresh_proof(town: Town, visit: Visit, work: Work, world: World) -> None:
    browser = visit(town.staff["officer"])
    here = hand_in(browser, valid())
    work()
    world.accounts.execute(update(WebSession).values(stepped_up_at=NOW - timedelta(minutes=6)))
    world.commit()
    for part in ("apply", "undo"):
        for answer in (browser.get(here + part), browser.post(here + part)):
            assert answer.status_code == 303
            assert answer.headers["Location"] == f"/confirm?next={here}{part}"
    assert browser.get(here).status_code == 200


@pytest.mark.parametrize(("form", "told"), [({}, "選んでください"), ({"file": (b"", "empty.csv")}, "空です")])
def test_nothing_or_an_empty_file_is_told_beside_the_form(
    town: Town, visit: Visit, form: dict[str, tuple[bytes, str]], told: str
) -> None:
    browser = visit(town.staff["clerk"])
    browser.get(LIST)
    files = {name: (io.BytesIO(content), filename) for name, (content, filename) in form.items()}
    page = browser.post(LIST, **files)
    assert page.status_code == 422
    assert told in main_text(page)


def test_work_can_be_stopped_and_the_page_says_so(town: Town, visit: Visit, work: Work) -> None:
    browser = visit(town.staff["officer"])
    here = hand_in(browser, valid())
    browser.get(here)
    browser.post(f"{here}cancel")
    work()
    words = main_text(browser.get(here))
    assert "停止" in words
    assert "止めました" in words


def test_a_layout_is_handed_out_with_header_and_example(town: Town, visit: Visit) -> None:
    browser = visit(town.staff["clerk"])
    file = browser.get(f"{LIST}layouts/attendance_exceptions.csv")
    header, example = file.data.decode("utf-8-sig").splitlines()
    assert header.startswith("learner,school_code,school_name,school_year,grade")
    assert example.startswith("m-s-000001,B120299000018")
    assert browser.get(f"{LIST}layouts/secret.csv").status_code == 404
    assert browser.get(f"{LIST}layouts/layout.schema.csv").status_code == 404


def test_the_list_is_empty_until_a_file_comes(town: Town, visit: Visit) -> None:
    browser = visit(town.staff["clerk"])
    assert "まだファイルは受け付けていません" in main_text(browser.get(LIST))
    hand_in(browser, sheet("register_guidance", guidance_row()), "g.csv")
    assert "g.csv" in main_text(browser.get(LIST))
