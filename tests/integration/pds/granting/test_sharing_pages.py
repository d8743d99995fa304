"""The list of what is shared: two taps to pause or stop, and what is still awaited afterwards."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from pds.granting.documents import read_payload
from pds.node import Node
from pds.sharing import grants
from tests.factories.node import NOW, World
from tests.factories.sharing import NEW_SCHOOL, Home
from tests.integration.pds.granting.conftest import Visit
from tests.integration.pds.granting.test_request_pages import share
from tests.integration.pds.school_work.browser import Browser, main_text


def sharing_of(browser: Browser, home: Home) -> str:
    return main_text(browser.get(f"/learners/{home.brother}/sharing"))


def link_to(browser: Browser, home: Home, act: str) -> str:
    page = browser.get(f"/learners/{home.brother}/sharing").text
    found = re.search(rf'href="(/learners/[^"]*/grants/[^"]*/{act})"', page)
    assert found is not None
    return found[1]


def test_nothing_shared_is_said_kindly(home: Home, visit: Visit) -> None:
    words = sharing_of(visit(home.mother), home)
    assert "選んで共有しているものはありません" in words
    assert "あなたの確認を待っています" in words
    assert "法令により送られるもの" in words


def test_stopping_takes_two_taps_and_waits_for_the_answer_that_all_is_erased(
    home: Home, visit: Visit, world: World, jobs_node: Node
) -> None:
    browser = visit(home.mother)
    share(browser, home.lone(), take="report")
    first = link_to(browser, home, "stop")
    before = main_text(browser.get(first))
    assert "もとに戻すことはできません" in before
    answer = browser.post(first)
    assert answer.headers["Location"] == f"/learners/{home.brother}/sharing"
    assert "となり市立北小学校に知らせています" in sharing_of(browser, home)
    assert "transfer.tell_grant_ended" in world.session.execute(text("SELECT kind FROM job")).scalars().all()

    grant = world.session.execute(text("SELECT grant_id FROM share_grant")).scalar_one()
    grants.note_told(world.session, home.brother, grant, NOW + timedelta(minutes=1))
    world.session.commit()
    assert "消したという返事を待っています" in sharing_of(browser, home)
    grants.note_end_answer(
        world.session, home.brother, grant, "erased", NOW + timedelta(hours=1), client_id=NEW_SCHOOL.client_id
    )
    world.session.commit()
    assert "受け取ったものを消したという返事がありました" in sharing_of(browser, home)


@pytest.mark.parametrize(
    ("erased", "told"),
    [(True, "受け取ったものを消したという返事がありました"), (False, "消したという返事を待っています")],
)
def test_the_list_says_that_the_school_called_the_move_off(
    home: Home, visit: Visit, world: World, erased: bool, told: str
) -> None:
    browser = visit(home.mother)
    share(browser, home.lone(), take="report")
    request = world.session.execute(text("SELECT request_id FROM share_grant")).scalar_one()
    grants.call_off(world.session, world.node, home.brother, request, NOW + timedelta(hours=1), erased=erased)
    world.session.commit()
    shown = sharing_of(browser, home)
    assert "となり市立北小学校が、受け入れを取りやめました" in shown
    assert told in shown


def test_pausing_and_going_on_each_leave_a_receipt_with_the_words_read(home: Home, visit: Visit) -> None:
    browser = visit(home.mother)
    share(browser, home.lone(), take="report")
    for act, told in (("pause", "一時停止中"), ("resume", "共有中")):
        address = link_to(browser, home, act)
        browser.get(address)
        assert browser.post(address).status_code == 303
        assert told in sharing_of(browser, home)
    notices = {one["event_type"]: one["notice"] for one in receipts_of(browser, home)}
    assert set(notices) == {"given_in_part", "paused", "resumed"}
    assert "共有を一時停止しますか" in notices["paused"]


def receipts_of(browser: Browser, home: Home) -> list[dict[str, Any]]:
    base = f"/api/v1/learners/{home.brother}/receipts"
    browser.client.environ_base["HTTP_ACCEPT"] = "application/json"
    listed = browser.client.get(base).get_json()["receipts"]
    found = [read_payload(browser.client.get(f"{base}/{one['receipt']}").get_json()["receipt"]) for one in listed]
    browser.client.environ_base["HTTP_ACCEPT"] = "text/html"
    return [one["events"][0] | {"notice": one["pii_processing"]["privacy_notice"]} for one in found]


def test_who_may_not_stop_a_sharing_is_offered_no_button_and_is_refused(home: Home, visit: Visit) -> None:
    mother, child = visit(home.mother), visit(home.brother)
    share(mother, home.lone(), take="report")
    address = link_to(mother, home, "stop")
    page = child.get(f"/learners/{home.brother}/sharing")
    assert "共有中" in main_text(page)
    assert "/grants/" not in page.text
    child.get(address)
    assert child.post(address).status_code in (403, 404)
    assert "共有中" in sharing_of(mother, home)


def test_a_stranger_sees_no_list(home: Home, visit: Visit) -> None:
    assert visit(home.stranger).get(f"/learners/{home.brother}/sharing").status_code == 404
