"""Staff see the lists of the classes in their care, today's and nobody else's; each look is an entry."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from pds.access_log.reading import SeenEntry
from tests.factories.node import World
from tests.integration.pds.school_work.browser import main_text
from tests.integration.pds.school_work.conftest import Town, Visit, sit

LogOf = Callable[[UUID | None], list[SeenEntry]]


@pytest.mark.parametrize("who", ["teacher", "nurse", "clerk", "principal"])
def test_staff_of_the_school_open_a_class_list(town: Town, visit: Visit, who: str) -> None:
    page = visit(town.staff[who]).get(f"/staff/classes/{town.first}/")
    assert page.status_code == 200
    words = main_text(page)
    places = [words.index(name) for name in ("青木 蓮", "伊藤 陽葵", "NGUYEN Anh")]
    assert places == sorted(places)
    assert "転出 済" not in words
    for learner in town.pupils:
        assert f'href="/learners/{learner}/"' in page.text


def test_a_look_at_a_class_list_is_an_entry_of_the_node(town: Town, visit: Visit, log_of: LogOf) -> None:
    visit(town.staff["clerk"]).get(f"/staff/classes/{town.first}/")
    (seen,) = log_of(None)
    entry = seen.entry
    assert (entry["act"], entry["outcome"], entry["rule"]) == ("school:roster:read", "allowed", "class_list.clerk")
    assert entry["who"]["person"] == str(town.staff["clerk"])
    assert entry["who"]["relation"] == "register_clerk"
    assert entry["who"]["organisation_name"] == "みらい市立東小学校"
    assert log_of(town.pupils[0]) == []


@pytest.mark.parametrize(
    ("who", "room", "reason", "status"),
    [
        ("teacher", "second", "not_in_your_care", 404),
        ("teacher", "last_year", "not_in_your_care", 404),
        ("clerk", "elsewhere", "not_in_your_care", 404),
        ("principal", "last_year", "not_in_your_care", 404),
        ("other_clerk", "first", "not_in_your_care", 404),
        ("officer", "first", "role_not_for_duty", 403),
        ("operator", "first", "role_not_for_duty", 403),
        ("former", "second", "role_ended", 403),
    ],
)
def test_others_are_refused_and_the_refusal_is_an_entry(
    town: Town, visit: Visit, log_of: LogOf, who: str, room: str, reason: str, status: int
) -> None:
    page = visit(town.staff[who]).get(f"/staff/classes/{getattr(town, room)}/")
    assert page.status_code == status
    assert "青木" not in main_text(page)
    (seen,) = log_of(None)
    assert (seen.entry["outcome"], seen.entry["reason"]) == ("refused", reason)


def test_an_unknown_class_is_answered_like_another_schools(town: Town, visit: Visit) -> None:
    browser = visit(town.staff["clerk"])
    unknown, strange = browser.get(f"/staff/classes/{uuid4()}/"), browser.get(f"/staff/classes/{town.elsewhere}/")
    assert unknown.status_code == strange.status_code == 404
    assert main_text(unknown).split("受付")[0][:60] == main_text(strange).split("受付")[0][:60]


def test_families_have_no_class_lists(town: Town, visit: Visit) -> None:
    assert visit(town.mother).get(f"/staff/classes/{town.first}/").status_code == 403
    assert visit(town.mother).get("/staff/").status_code == 403


def test_nobody_enters_without_signing_in(town: Town, visit: Visit) -> None:
    browser = visit(town.staff["clerk"])
    browser.client.delete_cookie("__Host-manabi-node", domain="localhost")
    assert browser.get("/staff/").status_code == 303


@pytest.mark.parametrize(
    ("who", "seen", "unseen"),
    [
        ("teacher", ["5年1組", "3人"], ["5年2組", "1年1組"]),
        ("nurse", ["5年1組", "5年2組"], ["1年1組", "4年1組"]),
        ("principal", ["5年1組", "5年2組"], ["1年1組", "4年1組"]),
        ("officer", [], ["5年1組"]),
        ("operator", [], ["5年1組"]),
    ],
)
def test_the_first_page_shows_what_somebody_holds_now(
    town: Town, visit: Visit, who: str, seen: list[str], unseen: list[str]
) -> None:
    browser = visit(town.staff[who])
    for address in ("/", "/staff/"):
        page = browser.get(address)
        assert page.status_code == 200
        words = main_text(page)
        assert all(word in words for word in seen)
        assert not any(word in words for word in unseen)


def test_a_role_that_has_ended_opens_nothing_and_says_what_to_do(town: Town, visit: Visit) -> None:
    words = main_text(visit(town.staff["former"]).get("/"))
    assert "役割" in words
    assert "5年2組" not in words


def test_without_a_roster_the_first_page_says_what_will_stand_here(world: World, town: Town, visit: Visit) -> None:
    world.session.execute(text("UPDATE school_class SET school_year = 2025"))
    world.commit()
    assert "名簿" in main_text(visit(town.staff["teacher"]).get("/staff/"))


def test_children_without_a_number_come_last(world: World, town: Town, visit: Visit) -> None:
    sit(world, town.moved, town.school, town.first, None)
    world.commit()
    words = main_text(visit(town.staff["teacher"]).get(f"/staff/classes/{town.first}/"))
    assert words.index("NGUYEN") < words.index("転出")
