"""Who issues sign-in codes for whom; a code is seen once, works for the person alone, and the family reads of it."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update

from pds.access_log.reading import SeenEntry
from tests.factories.node import NOW, World
from tests.integration.pds.school_work.browser import Browser, main_text
from tests.integration.pds.school_work.conftest import Town, Visit
from web.accounts.models import AccountKind, WebSession
from web.accounts.service import issue_code, redeem_code, spend_code
from web.accounts.standing import Standing, standings

LogOf = Callable[[UUID | None], list[SeenEntry]]
CODE = re.compile(r"\b(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}\b")


def issue(browser: Browser, address: str, **form: object) -> str:
    assert browser.get(address).status_code == 200
    page = browser.post(address, **form)
    assert page.status_code == 200, main_text(page)
    assert page.headers["Cache-Control"] == "no-store"
    (code,) = CODE.findall(main_text(page))
    return str(code)


def owner_of(world: World, code: str) -> tuple[UUID, str]:
    with world.node.database.session() as session:
        account = redeem_code(session, code, NOW).account_id
        row = session.execute(text("SELECT subject, kind FROM account WHERE account_id = :a"), {"a": account}).one()
        return row.subject, row.kind


@pytest.mark.parametrize("who", ["clerk", "principal", "officer"])
def test_a_carer_gets_a_code_and_the_child_reads_of_it(
    town: Town, visit: Visit, world: World, log_of: LogOf, who: str
) -> None:
    child = town.pupils[0]
    code = issue(visit(town.staff[who]), f"/staff/codes/families/{child}/{town.mother}")
    assert owner_of(world, code) == (town.mother, "family")
    (seen,) = log_of(child)
    entry = seen.entry
    assert (entry["act"], entry["outcome"], entry["rule"]) == (
        "staff:code:issue",
        "allowed",
        f"family_code.{_role(who)}",
    )
    assert entry["concerns"] == str(town.mother)
    assert code not in str(entry)


@pytest.mark.parametrize("reader", ["child", "mother"])
def test_the_family_is_told_in_words_for_whom_the_code_was(town: Town, visit: Visit, reader: str) -> None:
    child = town.pupils[0]
    issue(visit(town.staff["clerk"]), f"/staff/codes/families/{child}/{town.mother}")
    page = visit(child if reader == "child" else town.mother).get(f"/learners/{child}/log")
    told = "保護者の方のログインコードを発行" if reader == "child" else "あなたのログインコードを発行"
    assert told in main_text(page).replace(" ", ""), main_text(page)
    assert "みらい市立東小学校" in main_text(page)


def test_a_child_gets_a_code_of_its_own(town: Town, visit: Visit, world: World) -> None:
    code = issue(visit(town.staff["clerk"]), f"/staff/codes/families/{town.pupils[1]}/{town.pupils[1]}")
    assert owner_of(world, code) == (town.pupils[1], "family")


def test_a_code_is_shown_once_and_a_newer_one_ends_it(town: Town, visit: Visit, world: World) -> None:
    browser, address = visit(town.staff["clerk"]), f"/staff/codes/families/{town.pupils[0]}/{town.mother}"
    first = issue(browser, address)
    for path in (address, f"/staff/codes/families/{town.pupils[0]}/", f"/staff/codes/classes/{town.first}/"):
        assert first not in browser.get(path).text
    second = issue(browser, address)
    assert owner_of(world, second)[0] == town.mother
    with pytest.raises(Exception, match=r"accounts\.code_refused|cannot be used"):
        owner_of(world, first)


def test_a_blocked_carer_is_not_listed_and_gets_no_code(town: Town, visit: Visit, log_of: LogOf) -> None:
    child, browser = town.pupils[0], visit(town.staff["clerk"])
    page = browser.get(f"/staff/codes/families/{child}/")
    assert "青木 恵" in main_text(page)
    assert "青木 剛" not in page.text
    assert browser.get(f"/staff/codes/families/{child}/{town.blocked}").status_code == 404
    answer = browser.post(f"/staff/codes/families/{child}/{town.blocked}")
    assert answer.status_code == 403
    assert not CODE.search(answer.text)
    refused = log_of(child)[0].entry
    assert (refused["outcome"], refused["reason"]) == ("refused", "code_opens_nothing")


@pytest.mark.parametrize(
    ("who", "status", "reason"),
    [
        ("teacher", 403, "role_not_for_duty"),
        ("nurse", 403, "role_not_for_duty"),
        ("operator", 403, "role_not_for_duty"),
        ("former", 403, "role_ended"),
        ("other_clerk", 404, "not_in_your_care"),
    ],
)
def test_others_issue_no_code_for_the_family(
    town: Town, visit: Visit, log_of: LogOf, who: str, status: int, reason: str
) -> None:
    child, browser = town.pupils[0], visit(town.staff[who])
    browser.get("/staff/")
    for path in (f"/staff/codes/families/{child}/", f"/staff/codes/families/{child}/{town.mother}"):
        assert browser.get(path).status_code == status
    assert browser.post(f"/staff/codes/families/{child}/{town.mother}").status_code == status
    assert [(seen.entry["act"], seen.entry["reason"]) for seen in log_of(child)] == [("staff:code:issue", reason)] * 3


def test_whoever_may_not_issue_codes_learns_nothing_of_a_child(town: Town, visit: Visit) -> None:
    browser = visit(town.staff["teacher"])
    known, unknown = (browser.get(f"/staff/codes/families/{one}/") for one in (town.pupils[0], uuid4()))
    assert known.status_code == unknown.status_code == 403


def test_no_code_for_who_has_left_and_for_unknown_children(town: Town, visit: Visit) -> None:
    browser = visit(town.staff["clerk"])
    for learner in (town.moved, town.stranger, uuid4()):
        assert browser.get(f"/staff/codes/families/{learner}/").status_code == 404


def test_issuing_asks_for_a_fresh_proof_and_comes_back(town: Town, visit: Visit, world: World) -> None:
    browser, address = visit(town.staff["clerk"]), f"/staff/codes/families/{town.pupils[0]}/{town.mother}"
    browser.get(address)
    world.accounts.execute(update(WebSession).values(stepped_up_at=NOW - timedelta(minutes=6)))
    world.commit()
    for answer in (browser.get(address), browser.post(address)):
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/confirm?next={address}"
    assert browser.get("/staff/codes/").status_code == 200


def test_a_class_gets_its_codes_at_once(town: Town, visit: Visit, world: World, log_of: LogOf) -> None:
    browser, address = visit(town.staff["clerk"]), f"/staff/codes/classes/{town.first}/issue"
    form = browser.get(address)
    assert len(re.findall(r'name="learner" value="[^"]+" checked', form.text)) == 3
    page = browser.post(address, learner=[str(town.pupils[0]), str(town.pupils[2]), str(town.stranger)])
    codes = CODE.findall(main_text(page))
    assert [owner_of(world, code)[0] for code in codes] == [town.pupils[0], town.pupils[2]]
    assert [len(log_of(learner)) for learner in town.pupils] == [1, 0, 1]
    assert log_of(town.stranger) == []
    assert len(re.findall(r'name="learner" value="[^"]+" checked', browser.get(address).text)) == 1


def test_nobody_chosen_is_told_so(town: Town, visit: Visit) -> None:
    browser, address = visit(town.staff["clerk"]), f"/staff/codes/classes/{town.first}/issue"
    browser.get(address)
    page = browser.post(address)
    assert page.status_code == 422
    assert "1人以上" in main_text(page)


@pytest.mark.parametrize(
    ("language", "words", "lang"),
    [
        ("ja", "はじめるために", "ja"),
        ("plain", "はじめ方", "ja"),
        ("en", "How to sign in", "en"),
        ("xx", "はじめるために", "ja"),
    ],
)
def test_the_slip_speaks_the_language_chosen_for_it(
    town: Town, visit: Visit, language: str, words: str, lang: str
) -> None:
    browser, address = visit(town.staff["clerk"]), f"/staff/codes/families/{town.pupils[0]}/{town.mother}"
    browser.get(address)
    page = browser.post(address, slip_language=language)
    assert words in re.sub(r"<rp>.*?</rp>|<rt>.*?</rt>|</?ruby>", "", page.text)
    assert f'class="slip" lang="{lang}"' in page.text
    assert "コードを1件発行しました" in main_text(page)


@pytest.mark.parametrize(
    ("who", "to", "status"),
    [
        ("principal", "teacher", 200),
        ("principal", "clerk", 200),
        ("officer", "principal", 200),
        ("officer", "other_clerk", 200),
        ("principal", "other_clerk", 404),
        ("principal", "officer", 404),
        ("principal", "principal", 403),
        ("officer", "officer", 403),
        ("officer", "operator", 404),
        ("clerk", "teacher", 403),
        ("teacher", "clerk", 403),
        ("operator", "teacher", 403),
        ("principal", "former", 404),
    ],
)
def test_a_colleague_gets_a_code_from_whoever_is_entrusted(
    town: Town, visit: Visit, world: World, log_of: LogOf, who: str, to: str, status: int
) -> None:
    browser, address = visit(town.staff[who]), f"/staff/codes/colleagues/{town.staff[to]}"
    browser.get("/staff/")
    assert browser.get(address).status_code == status
    page = browser.post(address)
    assert page.status_code == status
    codes = CODE.findall(page.text)
    if status == 200:
        assert owner_of(world, codes[0]) == (town.staff[to], "staff")
        issued = log_of(None)[0].entry
        assert (issued["act"], issued["concerns"]) == ("staff:code:issue", str(town.staff[to]))
    else:
        assert codes == []


def test_a_clerk_sees_the_classes_of_the_own_school_and_no_staff(town: Town, visit: Visit) -> None:
    words = main_text(visit(town.staff["clerk"]).get("/staff/codes/"))
    assert "5年1組" in words
    assert "1年1組" not in words
    assert "佐藤 健" not in words


def test_a_principal_sees_the_staff_and_whom_another_officer_helps(town: Town, visit: Visit) -> None:
    page = visit(town.staff["principal"]).get("/staff/codes/")
    assert f"/staff/codes/colleagues/{town.staff['teacher']}" in page.text
    assert f"/staff/codes/colleagues/{town.staff['principal']}" not in page.text
    assert str(town.staff["former"]) not in page.text


def test_a_board_officer_goes_by_school(town: Town, visit: Visit, log_of: LogOf) -> None:
    browser = visit(town.staff["officer"])
    page = browser.get("/staff/codes/")
    for place in (town.school, town.other_school):
        assert f"/staff/codes/places/{place}/" in page.text
    school = browser.get(f"/staff/codes/places/{town.school}/")
    assert "5年1組" in main_text(school)
    assert "3人" in main_text(school)
    assert "青木 蓮" in main_text(browser.get(f"/staff/codes/classes/{town.first}/"))
    assert log_of(None)[0].entry["rule"] == "family_code.board_officer"


def test_a_clerk_does_not_go_to_other_places(town: Town, visit: Visit) -> None:
    browser = visit(town.staff["clerk"])
    assert browser.get(f"/staff/codes/places/{town.other_school}/").status_code == 404
    assert browser.get(f"/staff/codes/classes/{town.elsewhere}/").status_code == 404


def test_how_far_somebody_is_stands_beside_the_name(world: World) -> None:
    nobody, invited, ready, outdated = uuid4(), uuid4(), uuid4(), uuid4()
    session = world.accounts
    issue_code(session, invited, AccountKind.FAMILY, None, NOW)
    issue_code(session, outdated, AccountKind.FAMILY, None, NOW - timedelta(days=8))
    world.account(ready, login="ready-01")
    used = issue_code(session, ready, AccountKind.FAMILY, None, NOW)
    assert standings(session, [nobody, invited, ready, outdated], NOW) == {
        nobody: Standing(),
        invited: Standing(code_until=NOW + timedelta(days=7)),
        ready: Standing(ready=True, code_until=NOW + timedelta(days=7)),
        outdated: Standing(),
    }
    spend_code(session, redeem_code(session, used, NOW).code_hash, NOW)
    assert standings(session, [ready], NOW) == {ready: Standing()}


def _role(who: str) -> str:
    return {"officer": "board_officer"}.get(who, who)
