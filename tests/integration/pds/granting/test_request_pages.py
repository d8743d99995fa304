"""A request on the family's pages: read it, look inside, choose, check, decide; nothing pre-ticked, nothing widened."""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from consent.vocabulary import Category
from pds.access_log.entries import Act
from pds.access_log.reading import SeenEntry
from pds.granting.documents import read_payload
from pds.node import Node
from tests.factories.sharing import Home
from tests.integration.pds.granting.conftest import Visit
from tests.integration.pds.school_work.browser import Browser, main_text
from web.database import bind_context

Log = Callable[[UUID], list[SeenEntry]]


def grants_of(node: Node, learner: UUID) -> list[dict[str, Any]]:
    """The terms of every grant there is for a child."""
    with node.database.session() as session:
        bind_context(session, learners=[learner])
        return list(session.execute(text("SELECT terms FROM share_grant")).scalars())


def posted(browser: Browser, address: str, **form: object) -> str:
    """Send a form and return where it leads."""
    answer = browser.post(address, **form)
    assert answer.status_code == 303, main_text(answer)
    return str(answer.headers["Location"])


def version_on(page: str) -> str:
    found = re.search(r'name="shown" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def share(browser: Browser, address: str, **choice: object) -> str:
    """Choose, check and share, as a person does; return the page after it."""
    browser.get(address)
    assert posted(browser, address, step="check", **choice) == f"{address}/check"
    shown = version_on(browser.get(f"{address}/check").text)
    assert posted(browser, f"{address}/check", shown=shown, answer="share") == f"{address}/done"
    return main_text(browser.get(f"{address}/done"))


def test_a_request_says_who_asks_for_what_and_nothing_is_ticked(home: Home, visit: Visit) -> None:
    answer = visit(home.mother).get(home.address())
    words = main_text(answer)
    assert answer.status_code == 200
    for expected in ("となり市立北小学校", "2026年12月20日", "法令により学校から学校へ送られるもの", "健康診断の記録",
                     "あなたが選べるもの", "通知表", "2024〜2026年度", "共有するものは、選ばれていません"):  # fmt: skip
        assert expected in words
    assert " checked" not in answer.text


def test_choices_stay_when_somebody_looks_inside_and_comes_back_another_day(home: Home, visit: Visit) -> None:
    browser = visit(home.mother)
    browser.get(home.lone())
    chosen = {"take": ["report", "portfolio"], "years-report": "2026", "comment": "よろしくお願いします"}
    assert posted(browser, home.lone(), step="look:report", **chosen) == home.lone("/preview/report")
    again = visit(home.mother).get(home.lone())
    assert re.search(r'id="take-report"[^>]* checked', again.text)
    assert re.search(r'id="years-report-2026"[^>]* checked', again.text)
    assert not re.search(r'id="take-assessment"[^>]* checked', again.text)
    assert "3つのうち2つを、2025〜2026年度について、2027年3月31日" in main_text(again)
    assert "よろしくお願いします" in again.text


def test_nobody_else_sees_what_somebody_has_ticked(home: Home, visit: Visit, node: Node) -> None:
    browser = visit(home.mother)
    browser.get(home.address())
    posted(browser, home.address(), step="later", take="report", comment="まだ迷っています")
    father = visit(home.father).get(home.address())
    assert " checked" not in father.text
    assert "まだ迷っています" not in father.text
    with node.database.session() as session:
        bind_context(session, learners=[home.child], person=home.father)
        assert session.execute(text("SELECT count(*) FROM answer_draft")).scalar_one() == 0
        bind_context(session, learners=[home.child], person=home.mother)
        sealed = session.execute(text("SELECT sealed FROM answer_draft")).scalar_one()
    assert "まだ迷っています".encode() not in bytes(sealed)


def test_the_preview_is_made_of_the_bytes_that_would_be_sent(home: Home, visit: Visit) -> None:
    browser = visit(home.mother)
    page = main_text(browser.get(home.lone("/preview/report")))
    assert "相手に見える内容" in page
    assert "1／3ページ" in page.replace(" ", "") or "1/3" in page.replace(" ", "")
    browser.client.environ_base["HTTP_ACCEPT"] = "application/json"
    api = f"/api/v1/learners/{home.brother}/requests/{home.lone_request}/preview/report"
    documents = browser.client.get(api).get_json()["documents"]
    assert [one["school_year"] for one in documents] == [2024, 2025, 2026]
    remark = read_payload(documents[0]["token"])["body"]["terms"][0]["comment"]
    assert remark.replace(" ", "") in page.replace(" ", "")


def test_a_family_shares_less_than_was_asked_and_exactly_that_is_granted(home: Home, visit: Visit, node: Node) -> None:
    done = share(visit(home.mother), home.lone(), take=["report", "assessment"], **{"years-report": "2026"},
                 last_day="2026-12-31")  # fmt: skip
    assert "「共有する」と答えました" in done
    (terms,) = grants_of(node, home.brother)
    assert terms["categories"] == [
        {"category": "assessment", "school_years": [2026]},
        {"category": "report", "school_years": [2026]},
    ]
    assert terms["until"] == "2026-12-31T15:00:00Z"


def test_the_words_on_the_page_are_the_words_in_the_receipt(home: Home, visit: Visit) -> None:
    browser = visit(home.mother)
    browser.get(home.lone())
    posted(browser, home.lone(), step="check", take="report")
    page = browser.get(home.lone("/check"))
    shown, words = version_on(page.text), main_text(page)
    posted(browser, home.lone("/check"), shown=shown, answer="share")
    link = re.search(r'href="(/learners/[^"]*/receipts/[^"]*)/download"', browser.get(home.lone("/done")).text)
    assert link is not None
    answer = browser.get(f"{link[1]}/download")
    assert "attachment" in answer.headers["Content-Disposition"]
    processing = read_payload(json.loads(answer.text)["receipt"])["pii_processing"]
    assert processing["privacy_notice_sha256"] == shown
    assert processing["language"] == "ja"
    squeezed = words.replace(" ", "")
    for line in processing["privacy_notice"].splitlines():
        for part in line.lstrip("■ ").split(": ", 1):
            assert part.replace(" ", "") in squeezed
    readable = main_text(browser.get(link[1]))
    assert "となり市立北小学校" in readable
    assert "通知表" in readable


def test_words_that_changed_meanwhile_are_shown_again_and_nothing_is_decided(
    home: Home, visit: Visit, node: Node
) -> None:
    browser = visit(home.mother)
    browser.get(home.lone())
    posted(browser, home.lone(), step="check", take="report")
    shown = version_on(browser.get(home.lone("/check")).text)
    browser.get(home.lone())
    posted(browser, home.lone(), step="check", take=["report", "assessment"])
    late = browser.post(home.lone("/check"), shown=shown, answer="share")
    assert late.status_code == 409
    assert "このページの内容が変わりました" in main_text(late)
    assert grants_of(node, home.brother) == []


def test_refusing_is_as_short_as_sharing(home: Home, visit: Visit, node: Node) -> None:
    browser = visit(home.mother)
    browser.get(home.lone())
    posted(browser, home.lone(), step="check")
    page = browser.get(home.lone("/check"))
    assert 'value="share"' not in page.text
    buttons = re.findall(
        r'<(?:button|a) class="dads-button"[^>]*data-type="([a-z-]+)"', page.text.split('class="decide"')[1]
    )
    assert set(buttons[:2]) == {"outline"}
    posted(browser, home.lone("/check"), shown=version_on(page.text), answer="refuse")
    assert "「共有しない」と答えました" in main_text(browser.get(home.lone("/done")))
    assert grants_of(node, home.brother) == []
    assert "共有しないことに決まりました" in main_text(browser.get(home.lone()))


def test_a_fresh_proof_of_who_is_asking_comes_before_the_decision(
    home: Home, visit: Visit, forget_step_up: Callable[[], None]
) -> None:
    browser = visit(home.mother)
    browser.get(home.lone())
    forget_step_up()
    assert posted(browser, home.lone(), step="check", take="report") == home.lone("/check")
    asked = browser.get(home.lone("/check"))
    assert asked.headers["Location"] == f"/confirm?next={home.lone('/check')}"
    late = browser.post(home.lone("/check"), shown="0" * 64, answer="share")
    assert late.headers["Location"] == f"/confirm?next={home.lone('/check')}"
    browser.client.environ_base["HTTP_ACCEPT"] = "application/json"
    api = f"/api/v1/learners/{home.brother}/requests/{home.lone_request}/answer"
    refused = browser.client.post(
        api, json={"share": False, "shown": "0" * 64}, headers={"X-CSRF-Token": browser.token}
    )
    assert (refused.status_code, refused.get_json()["code"]) == (403, "accounts.step_up_needed")


FAULTY: list[tuple[dict[str, object], str]] = [
    ({"years-report": "2025"}, "「共有する」にも印をつけるか"),
    ({"take": "report", "last_day": "2027-04-01"}, "のばすことはできません"),
    ({"take": "report", "last_day": "2026-11-19"}, "のばすことはできません"),
    ({"take": "report", "last_day": "soon"}, "日付を入れてください"),
    ({"take": "report", "comment": "あ" * 1001}, "1000文字まで"),
]


def test_what_cannot_be_taken_is_explained_and_what_was_ticked_stays(home: Home, visit: Visit) -> None:
    browser = visit(home.mother)
    browser.get(home.lone())
    for choice, told in FAULTY:
        answer = browser.post(home.lone(), step="check", **choice)
        assert answer.status_code == 422
        assert told in main_text(answer)
        assert bool(re.search(r'id="take-report"[^>]* checked', answer.text)) == ("take" in choice)


def test_a_form_cannot_add_what_was_not_asked_for(home: Home, visit: Visit, node: Node) -> None:
    done = share(visit(home.mother), home.lone(), take=["report", "health_check", "welfare"],
                 **{"years-report": ["2026", "2019"], "years-guidance": "2025"})  # fmt: skip
    assert "「共有する」と答えました" in done
    (terms,) = grants_of(node, home.brother)
    assert terms["categories"] == [{"category": "report", "school_years": [2026]}]


def test_what_the_law_moves_has_no_button_to_agree_or_refuse(home: Home, visit: Visit) -> None:
    page = visit(home.mother).get(home.lone("/statutory"))
    words = main_text(page)
    assert "指導に関する記録" in words
    assert "閉じられた所見です" not in words
    assert "開示請求" in words
    main = page.text.split('<main id="main"')[1].split("</main>")[0]
    assert re.findall(r'name="step" value="(\w+)"', main) == ["comment", "seen"]
    assert not {"share", "refuse"} & set(re.findall(r'value="(\w+)"', main))


def test_a_comment_goes_along_and_can_be_written_anew(home: Home, visit: Visit, log_of: Log) -> None:
    browser = visit(home.mother)
    browser.get(home.lone("/statutory"))
    assert browser.post(home.lone("/statutory"), step="comment", comment="  ").status_code == 422
    posted(browser, home.lone("/statutory"), step="comment", comment="視力は昨年から変わりました", objects="yes")
    page = browser.get(home.lone("/statutory"))
    assert "意見はいっしょに送られます" in main_text(page)
    assert "視力は昨年から変わりました" in page.text
    assert re.search(r'id="objects"[^>]* checked', page.text)
    assert any(seen.entry["act"] == Act.COMMENT_WRITTEN for seen in log_of(home.brother))


def test_two_holders_answer_and_the_first_is_told_what_the_school_is_told(home: Home, visit: Visit, node: Node) -> None:
    mother, father = visit(home.mother), visit(home.father)
    first = share(mother, home.address(), take=["report", "assessment"])
    assert "もう一人の方の確認も必要です" in first
    assert "「手続き中」とだけ伝わります" in first
    assert grants_of(node, home.child) == []
    assert "もう一度、答えることができます" in main_text(mother.get(home.address()))
    share(father, home.address(), take=["report", "portfolio"], **{"years-report": ["2025", "2026"]})
    (terms,) = grants_of(node, home.child)
    assert terms["categories"] == [{"category": "report", "school_years": [2025, 2026]}]


def test_a_child_reads_what_is_asked_and_by_whom_it_is_decided(home: Home, visit: Visit) -> None:
    browser = visit(home.brother)
    page = main_text(browser.get(home.lone()))
    assert "おうちの人が決めます" in page
    assert "通知表" in page
    assert "確認へ進む" not in page
    posted(browser, home.lone(), step="look:report")
    assert "相手に見える内容" in main_text(browser.get(home.lone("/preview/report")))
    assert browser.get(home.lone("/check")).headers["Location"] == home.lone()


def test_a_strangers_request_is_answered_like_one_that_is_not_there(home: Home, visit: Visit) -> None:
    browser = visit(home.stranger)
    for path in ("", "/preview/report", "/statutory", "/check", "/done"):
        answer = browser.get(home.lone(path))
        assert answer.status_code == 404
        assert "となり市立北小学校" not in answer.text
    assert visit(home.mother).get(home.lone().replace(str(home.lone_request), str(UUID(int=9)))).status_code == 404


def test_staff_find_no_family_page(home: Home, visit: Visit) -> None:
    assert visit(home.clerk).get(home.lone()).status_code == 403


def test_every_step_is_an_entry_the_family_reads(home: Home, visit: Visit, log_of: Log) -> None:
    browser = visit(home.mother)
    browser.get(home.lone("/preview/report"))
    share(browser, home.lone(), take="report")
    acts = {seen.entry["act"] for seen in log_of(home.brother)}
    assert {Act.REQUEST_OPENED, Act.REQUEST_SEEN, Act.PREVIEW_READ, Act.REQUEST_ANSWERED} <= acts
    words = main_text(browser.get(f"/learners/{home.brother}/log"))
    assert "となり市立北小学校から、記録の依頼が届きました" in words
    assert "あなたが、依頼に答えました" in words


def test_home_counts_what_waits_and_what_is_shared(home: Home, visit: Visit) -> None:
    browser = visit(home.mother)
    assert main_text(browser.get("/")).count("あなたの確認を待っています 1件") == 2
    share(browser, home.lone(), take="report")
    words = main_text(browser.get("/"))
    assert words.count("あなたの確認を待っています 1件") == 1
    assert "共有中 1件" in words


def test_no_address_ever_carries_what_was_chosen(home: Home, visit: Visit) -> None:
    browser = visit(home.mother)
    browser.get(home.lone())
    target = posted(browser, home.lone(), step="check", take="report", comment="秘密", last_day="2026-12-31")
    assert target == home.lone("/check")
    assert Category.REPORT not in target


def test_who_has_answered_can_still_say_no_while_somebody_else_is_awaited(home: Home, visit: Visit, node: Node) -> None:
    mother = visit(home.mother)
    share(mother, home.address(), take="report")
    shown = version_on(mother.get(home.address("/check")).text)
    posted(mother, home.address("/check"), shown=shown, answer="refuse")
    assert "共有しないことに決まりました" in main_text(visit(home.father).get(home.address()))
    assert grants_of(node, home.child) == []
