from collections.abc import Callable
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from tests.integration.web.conftest import PASSWORD, Office, TickingClock, Visitor
from web.accounts.models import Account, SignInGuard, WebSession
from web.accounts.service import SignInRefused, sign_in_with_password
from web.database import Database


def test_family_signs_in_with_name_and_password_and_reaches_the_first_page(visitor: Visitor, office: Office) -> None:
    subject = office.family("yamada-hana")
    response = visitor.sign_in("yamada-hana")
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert visitor.get("/family").json == {"subject": str(subject)}


def test_login_name_may_be_typed_full_width_and_in_capitals(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    assert visitor.sign_in("ＹＡＭＡＤＡ－Hana ").status_code == 303


def test_password_may_be_typed_full_width(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana", "abcdef123456")
    assert visitor.sign_in("yamada-hana", "ａｂｃｄｅｆ１２３４５６").status_code == 303


def test_wrong_password_and_unknown_name_get_the_same_page(new_visitor: Callable[[], Visitor], office: Office) -> None:
    office.family("yamada-hana")
    pages = []
    for name in ("yamada-hana", "nobody-here"):
        visitor = new_visitor()
        response = visitor.sign_in(name, "not the password")
        assert response.status_code == 422
        pages.append(response.text.replace(name, "NAME").replace(visitor.token, "TOKEN"))
    assert pages[0] == pages[1]
    assert "ログイン名かパスワードが違います" in pages[0]


def test_unknown_name_costs_a_password_check_too(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str | None] = []

    def check(password: str, stored: str | None) -> bool:
        checked.append(stored)
        return False

    monkeypatch.setattr("web.accounts.service.verify_password", check)
    with database.session() as session:
        outcome = sign_in_with_password(session, "nobody-here", PASSWORD, TickingClock()())
    assert outcome == SignInRefused()
    assert checked == [None]


@pytest.mark.parametrize("known", [True, False])
def test_five_failures_rest_a_name_whether_it_exists_or_not(
    visitor: Visitor, office: Office, clock: TickingClock, known: bool
) -> None:
    if known:
        office.family("yamada-hana")
    for _ in range(5):
        visitor.sign_in("yamada-hana", "not the password")
    rested = visitor.sign_in("yamada-hana")
    assert rested.status_code == 422
    assert "12:15 を過ぎてから" in rested.text
    clock.pass_time(minutes=16)
    assert visitor.sign_in("yamada-hana").status_code == (303 if known else 422)


def test_rest_doubles_with_each_further_failure(visitor: Visitor, office: Office, clock: TickingClock) -> None:
    office.family("yamada-hana")
    for _ in range(5):
        visitor.sign_in("yamada-hana", "not the password")
    clock.pass_time(minutes=15)
    visitor.sign_in("yamada-hana", "not the password")
    clock.pass_time(minutes=29)
    assert visitor.sign_in("yamada-hana").status_code == 422
    clock.pass_time(minutes=2)
    assert visitor.sign_in("yamada-hana").status_code == 303


def test_success_forgets_earlier_failures(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    for _ in range(3):
        for _ in range(4):
            visitor.sign_in("yamada-hana", "not the password")
        assert visitor.sign_in("yamada-hana").status_code == 303
        visitor.get("/my-sign-in")
        visitor.post("/sign-out")


def test_guesses_sent_at_once_are_tried_one_after_the_other(database: Database, office: Office) -> None:
    office.family("yamada-hana")
    outcomes: list[object] = []

    def guess() -> None:
        with database.session() as session:
            outcomes.append(sign_in_with_password(session, "yamada-hana", "not the password", office.clock()))
            session.commit()

    guessers = [Thread(target=guess) for _ in range(12)]
    for guesser in guessers:
        guesser.start()
    for guesser in guessers:
        guesser.join()
    with database.session() as session:
        guard = session.execute(select(SignInGuard)).scalar_one()
    tried = [outcome for outcome in outcomes if outcome == SignInRefused()]
    assert guard.failures == 5
    assert len(tried) == 5
    assert len(outcomes) == 12


def test_failures_of_long_ago_are_swept_out(database: Database, clock: TickingClock) -> None:
    with database.session() as session:
        for name in ("one", "two"):
            sign_in_with_password(session, name, "x", clock())
        clock.pass_time(hours=49)
        sign_in_with_password(session, "three", "x", clock())
        assert len(session.execute(select(SignInGuard)).scalars().all()) == 1


def test_only_hashes_of_token_and_password_are_stored(visitor: Visitor, office: Office, database: Database) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    token = visitor.session_token()
    assert token is not None
    with database.session() as session:
        stored = session.execute(select(WebSession.token_hash)).scalar_one()
        password_hash = session.execute(select(Account.password_hash)).scalar_one()
    assert token.encode() not in stored
    assert password_hash is not None
    assert password_hash.startswith("$argon2id$")


def test_password_of_weaker_parameters_is_hashed_anew_at_sign_in(
    visitor: Visitor, office: Office, database: Database
) -> None:
    from argon2 import PasswordHasher

    office.family("yamada-hana")
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with database.session() as session:
        session.execute(text("UPDATE account SET password_hash = :weak"), {"weak": weak})
        session.commit()
    assert visitor.sign_in("yamada-hana").status_code == 303
    with database.session() as session:
        assert session.execute(select(Account.password_hash)).scalar_one() != weak


def test_forged_form_is_refused_and_changes_nothing(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    visitor.get("/sign-in")
    visitor.token = "0" * 64
    response = visitor.post("/sign-in", login_name="yamada-hana", password=PASSWORD)
    assert response.status_code == 403
    assert visitor.session_token() is None


def test_token_of_another_browser_is_refused(new_visitor: Callable[[], Visitor], office: Office) -> None:
    office.family("yamada-hana")
    victim, attacker = new_visitor(), new_visitor()
    victim.get("/sign-in")
    attacker.get("/sign-in")
    victim.token = attacker.token
    assert victim.post("/sign-in", login_name="yamada-hana", password=PASSWORD).status_code == 403


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_sign_in_never_leads_to_another_site(visitor: Visitor, office: Office, target: str) -> None:
    office.family("yamada-hana")
    assert visitor.sign_in("yamada-hana", next=target).headers["Location"] == "/"


def test_sign_in_leads_back_to_the_page_that_asked_for_it(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    asked = visitor.get("/family?year=2026")
    assert asked.headers["Location"] == "/sign-in?next=/family%3Fyear%3D2026"
    page = visitor.get(asked.headers["Location"])
    assert 'name="next" value="/family?year=2026"' in page.text


def test_staff_account_has_no_password_to_guess(visitor: Visitor, database: Database) -> None:
    with database.session() as session, pytest.raises(Exception, match="staff_without_password"):
        session.execute(
            text(
                "INSERT INTO account (account_id, kind, subject, login_name, password_hash, created_at) "
                "VALUES (:id, 'staff', :id, 'teacher', 'x', now())"
            ),
            {"id": uuid4()},
        )


def test_empty_form_says_what_is_missing_at_each_field(visitor: Visitor) -> None:
    response = visitor.sign_in("", "")
    assert response.status_code == 422
    assert "ログイン名を入力してください。" in response.text
    assert "パスワードを入力してください。" in response.text
    assert 'href="#login_name"' in response.text


def test_endless_name_is_refused_before_anything_is_looked_up(visitor: Visitor) -> None:
    assert visitor.sign_in("x" * 5000, "y" * 5000).status_code == 422
    visitor.get("/sign-in")
    assert visitor.post("/sign-in", login_name="x" * 100_000).status_code == 413
