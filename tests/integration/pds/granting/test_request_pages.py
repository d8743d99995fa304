"""A request on the family's pages: read it, look inside, choose, check, decide; nothing pre-ticked, nothing widened."""

from tests.factories.sharing import Home
from tests.integration.pds.granting.conftest import Visit
from tests.integration.pds.school_work.browser import main_text


def test_a_request_says_who_asks_for_what_and_nothing_is_ticked(home: Home, visit: Visit) -> None:
    answer = visit(home.mother).get(home.address())
    words = main_text(answer)
    assert answer.status_code == 200
    assert "となり市立北小学校" in words
    assert "2026年12月20日" in words
    assert "法令により学校から学校へ送られるもの" in words
    assert "通知表" in words
    assert " checked" not in answer.text
    assert "同意しますか" not in words
