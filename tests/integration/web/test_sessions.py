from collections.abc import Callable

from sqlalchemy import event, func, select

from tests.integration.web.conftest import COOKIE, HTML, Office, TickingClock, Visitor
from web.accounts.models import WebSession
from web.database import Database


def test_session_cookie_is_guarded_and_opaque(visitor: Visitor, office: Office) -> None:
    subject = office.family("yamada-hana")
    cookie = next(
        value
        for value in visitor.sign_in("yamada-hana").headers.getlist("Set-Cookie")
        if value.startswith(f"{COOKIE}=")
    )
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    assert str(subject) not in cookie
    assert "yamada" not in cookie


def test_signing_in_replaces_the_token_and_ends_the_session_before(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    office.family("suzuki-ken")
    visitor.sign_in("yamada-hana")
    first = visitor.session_token()
    visitor.get("/my-sign-in")
    visitor.post("/sign-in", login_name="suzuki-ken", password="correct horse battery")
    assert visitor.session_token() not in (None, first)
    assert first is not None
    visitor.client.set_cookie(COOKIE, first, path="/")
    assert visitor.get("/signed_in").status_code == 303


def test_planted_token_does_not_become_a_session(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    visitor.client.set_cookie(COOKIE, "planted-by-someone", path="/")
    visitor.sign_in("yamada-hana")
    assert visitor.session_token() != "planted-by-someone"


def test_forged_session_gets_the_sign_in_page_and_loses_its_cookie(visitor: Visitor) -> None:
    visitor.client.set_cookie(COOKIE, "A" * 43, path="/")
    response = visitor.get("/signed_in")
    assert response.headers["Location"].startswith("/sign-in")
    assert visitor.session_token() is None


def test_program_with_a_forged_session_gets_problem_details(visitor: Visitor) -> None:
    visitor.client.set_cookie(COOKIE, "A" * 43, path="/")
    response = visitor.client.get("/signed_in")
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert response.json is not None
    assert response.json["code"] == "accounts.sign_in_needed"


def test_idle_session_ends_and_says_so(visitor: Visitor, office: Office, clock: TickingClock) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    clock.pass_time(minutes=29)
    assert visitor.get("/signed_in").status_code == 200
    clock.pass_time(minutes=31)
    assert visitor.get("/signed_in").status_code == 303
    assert "しばらく操作がなかったため、ログアウトしました。" in visitor.get("/sign-in").text
    assert "しばらく操作がなかったため" not in visitor.get("/sign-in").text


def test_busy_session_ends_all_the_same_after_its_longest_time(
    visitor: Visitor, office: Office, clock: TickingClock
) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    for _ in range(35):
        clock.pass_time(minutes=20)
        assert visitor.get("/signed_in").status_code == 200
    clock.pass_time(minutes=21)
    assert visitor.get("/signed_in").status_code == 303


def test_shared_device_gets_a_short_session(visitor: Visitor, office: Office, clock: TickingClock) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana", shared_device="yes")
    clock.pass_time(minutes=9)
    assert visitor.get("/signed_in").status_code == 200
    clock.pass_time(minutes=11)
    assert visitor.get("/signed_in").status_code == 303


def test_page_announces_when_the_session_ends(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    page = visitor.get("/my-sign-in").text
    assert 'data-lasts="1800"' in page
    assert "このまま操作がないと、12:30 にログアウトします。" in page


def test_going_on_gives_the_full_time_again(visitor: Visitor, office: Office, clock: TickingClock) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    visitor.get("/my-sign-in")
    clock.pass_time(minutes=28)
    assert visitor.send("/session/continue", {}).json == {"lasts": 1800}


def test_signing_out_ends_the_session_in_the_service_too(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    token = visitor.session_token()
    assert token is not None
    visitor.get("/my-sign-in")
    assert visitor.post("/sign-out").headers["Location"] == "/sign-in"
    assert visitor.session_token() is None
    assert "ログアウトしました。" in visitor.get("/sign-in").text
    visitor.client.set_cookie(COOKIE, token, path="/")
    assert visitor.get("/signed_in").status_code == 303


def test_person_sees_own_sessions_and_ends_one(new_visitor: Callable[[], Visitor], office: Office) -> None:
    office.family("yamada-hana")
    at_home, at_school = new_visitor(), new_visitor()
    at_home.sign_in("yamada-hana")
    at_school.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (iPad; CPU OS 18_1) Version/18.1 Safari/604.1"
    at_school.sign_in("yamada-hana")
    page = at_home.get("/my-sign-in").text
    assert "Safari / iPad" in page
    ending = page.split('action="/my-sign-in/sessions/')[1].split('"')[0]
    at_home.post(f"/my-sign-in/sessions/{ending}")
    assert at_school.get("/signed_in").status_code == 303
    assert at_home.get("/signed_in").status_code == 200


def test_nobody_ends_another_accounts_session(
    new_visitor: Callable[[], Visitor], office: Office, database: Database
) -> None:
    office.family("yamada-hana")
    office.family("suzuki-ken")
    hana, ken = new_visitor(), new_visitor()
    hana.sign_in("yamada-hana")
    with database.session() as session:
        of_hana = session.execute(select(WebSession.session_id)).scalar_one()
    ken.sign_in("suzuki-ken")
    ken.get("/my-sign-in")
    ken.post(f"/my-sign-in/sessions/{of_hana}/end")
    assert hana.get("/signed_in").status_code == 200


def test_rules_keep_family_and_staff_pages_apart(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    assert visitor.get("/family").status_code == 200
    refused = visitor.client.get("/staff")
    assert refused.status_code == 403
    assert refused.json is not None
    assert refused.json["code"] == "accounts.wrong_kind"
    assert "いまのログインでは、このページを開けません。" in visitor.get("/staff").text


def test_looking_up_a_session_is_one_query(visitor: Visitor, office: Office, database: Database) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert visitor.get("/signed_in").status_code == 200
    assert len(statements) == 1
    assert "web_session" in statements[0]


def test_last_sign_of_life_is_written_at_most_once_a_minute(
    visitor: Visitor, office: Office, database: Database, clock: TickingClock
) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    writes: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda *args: writes.append(args[2]) if args[2].startswith("UPDATE") else None,
    )
    for _ in range(3):
        clock.pass_time(seconds=29)
        visitor.get("/signed_in")
    assert len(writes) == 1


def test_ended_sessions_do_not_pile_up(
    visitor: Visitor, office: Office, database: Database, clock: TickingClock
) -> None:
    office.family("yamada-hana")
    for _ in range(3):
        visitor.client.delete_cookie(COOKIE, path="/")
        visitor.sign_in("yamada-hana")
        clock.pass_time(hours=13)
    with database.session() as session:
        assert session.execute(select(func.count()).select_from(WebSession)).scalar_one() == 1


def test_form_sent_after_the_session_ended_changes_nothing_and_says_so(
    visitor: Visitor, office: Office, clock: TickingClock
) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    visitor.get("/my-sign-in")
    clock.pass_time(hours=1)
    response = visitor.client.post("/signed_in", data={"csrf_token": visitor.token}, headers={"Accept": HTML})
    assert response.status_code == 401
    assert "失われたものも、変わったものもありません。" in response.text
