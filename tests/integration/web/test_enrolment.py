from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests.integration.web.authenticator import SoftwarePasskey
from tests.integration.web.conftest import PASSWORD, Office, TickingClock, Visitor
from web.accounts.errors import KindDiffers
from web.accounts.models import Account, AccountKind, EnrolmentCode
from web.accounts.names import hash_code
from web.accounts.service import issue_code
from web.database import Database

CHOICE = {"login_name": "yamada-hana", "password": PASSWORD, "password_again": PASSWORD}


def type_code(visitor: Visitor, code: str) -> int:
    visitor.get("/enrol")
    status = visitor.post("/enrol", code=code).status_code
    if status == 303:
        visitor.get("/enrol/credential")
    return status


def register(visitor: Visitor, passkey: SoftwarePasskey) -> int:
    begun = visitor.send("/sign-in/passkey/register/options", {}).json
    assert begun is not None
    answer = {"ceremony": begun["ceremony"], "credential": passkey.register(begun["options"])}
    return visitor.send("/sign-in/passkey/register/verify", answer).status_code


def test_family_enrols_with_a_code_and_chooses_name_and_password(
    visitor: Visitor, new_visitor: Callable[[], Visitor], office: Office
) -> None:
    subject = uuid4()
    assert type_code(visitor, office.code(AccountKind.FAMILY, subject)) == 303
    done = visitor.post("/enrol/credential", **CHOICE)
    assert (done.status_code, done.headers["Location"]) == (303, "/")
    assert visitor.get("/family").json == {"subject": str(subject)}
    assert new_visitor().sign_in("yamada-hana").status_code == 303


def test_staff_enrols_with_a_code_and_a_passkey(visitor: Visitor, office: Office) -> None:
    subject = uuid4()
    type_code(visitor, office.code(AccountKind.STAFF, subject))
    assert register(visitor, SoftwarePasskey()) == 200
    assert visitor.get("/staff").json == {"subject": str(subject)}


def test_staff_cannot_choose_a_password(visitor: Visitor, office: Office) -> None:
    type_code(visitor, office.code(AccountKind.STAFF))
    refused = visitor.post("/enrol/credential", **CHOICE)
    assert refused.status_code == 422
    assert "職員は、パスワードではなくパスキーでログインします。" in refused.text
    assert register(visitor, SoftwarePasskey()) == 200


def test_code_may_be_typed_small_full_width_and_without_hyphens(visitor: Visitor, office: Office) -> None:
    code = office.code(AccountKind.FAMILY).replace("-", " ").lower()
    assert (
        type_code(visitor, code.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789abcdefghjkmnpqrstvwxyz"})) == 303
    )


def test_code_works_once(visitor: Visitor, new_visitor: Callable[[], Visitor], office: Office) -> None:
    code = office.code(AccountKind.FAMILY)
    type_code(visitor, code)
    visitor.post("/enrol/credential", **CHOICE)
    assert type_code(new_visitor(), code) == 422


def test_of_two_browsers_with_one_code_only_the_first_sets_a_credential(
    new_visitor: Callable[[], Visitor], office: Office
) -> None:
    code = office.code(AccountKind.FAMILY)
    first, second = new_visitor(), new_visitor()
    type_code(first, code)
    type_code(second, code)
    assert first.post("/enrol/credential", **CHOICE).status_code == 303
    late = second.post("/enrol/credential", **{**CHOICE, "login_name": "somebody-else"})
    assert late.headers["Location"] == "/enrol"
    assert second.get("/family").status_code == 303


def test_interrupted_person_may_type_the_code_again(new_visitor: Callable[[], Visitor], office: Office) -> None:
    code = office.code(AccountKind.FAMILY)
    type_code(new_visitor(), code)
    again = new_visitor()
    assert type_code(again, code) == 303
    assert again.post("/enrol/credential", **CHOICE).status_code == 303


def test_code_ends_after_seven_days(visitor: Visitor, office: Office, clock: TickingClock) -> None:
    code = office.code(AccountKind.FAMILY)
    clock.pass_time(days=7)
    assert type_code(visitor, code) == 422


def test_newer_code_ends_the_older_one(visitor: Visitor, office: Office) -> None:
    subject = uuid4()
    older = office.code(AccountKind.FAMILY, subject)
    newer = office.code(AccountKind.FAMILY, subject)
    assert type_code(visitor, older) == 422
    assert type_code(visitor, newer) == 303


def test_new_code_starts_anew_and_takes_away_what_was_before(
    visitor: Visitor, new_visitor: Callable[[], Visitor], office: Office
) -> None:
    subject = office.family("yamada-hana", "the old password")
    before = new_visitor()
    before.sign_in("yamada-hana", "the old password")
    type_code(visitor, office.code(AccountKind.FAMILY, subject))
    visitor.post("/enrol/credential", **{**CHOICE, "login_name": "hana-y"})
    assert before.get("/signed_in").status_code == 303
    assert new_visitor().sign_in("yamada-hana", "the old password").status_code == 422
    assert new_visitor().sign_in("hana-y").status_code == 303


@pytest.mark.parametrize("code", ["", "ABCD", "ABCD-EFGH-JKMN-PQRS", "お知らせ", "A" * 60])
def test_wrong_code_gets_one_answer_that_tells_nothing(visitor: Visitor, office: Office, code: str) -> None:
    office.code(AccountKind.FAMILY)
    visitor.get("/enrol")
    response = visitor.post("/enrol", code=code)
    assert response.status_code == 422
    assert visitor.session_token() is None


def test_typing_a_code_signs_nobody_in(visitor: Visitor, office: Office) -> None:
    type_code(visitor, office.code(AccountKind.FAMILY))
    assert visitor.get("/signed_in").headers["Location"].startswith("/sign-in")
    assert visitor.send("/sign-in/passkey/confirm/options", {}).status_code == 401


def test_credential_page_needs_a_code(visitor: Visitor) -> None:
    assert visitor.get("/enrol/credential").headers["Location"] == "/enrol"


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"login_name": "abc"}, "このログイン名は使えません。"),
        ({"login_name": "yamada hana"}, "このログイン名は使えません。"),
        ({"password": "short", "password_again": "short"}, "パスワードが短すぎます。"),
        ({"password": "aaaaaaaaaaaa", "password_again": "aaaaaaaaaaaa"}, "パスワードが簡単すぎます。"),
        ({"password": "yamada-hana-1", "password_again": "yamada-hana-1"}, "パスワードが簡単すぎます。"),
        ({"password_again": "something else"}, "2つのパスワードが同じではありません。"),
    ],
)
def test_choice_that_breaks_a_rule_is_explained_and_the_code_is_kept(
    visitor: Visitor, office: Office, choice: dict[str, str], sentence: str
) -> None:
    type_code(visitor, office.code(AccountKind.FAMILY))
    response = visitor.post("/enrol/credential", **{**CHOICE, **choice})
    assert response.status_code == 422
    assert sentence in response.text
    assert visitor.post("/enrol/credential", **CHOICE).status_code == 303


def test_name_somebody_else_uses_is_refused_and_the_code_is_kept(visitor: Visitor, office: Office) -> None:
    office.family("yamada-hana")
    type_code(visitor, office.code(AccountKind.FAMILY))
    response = visitor.post("/enrol/credential", **{**CHOICE, "login_name": "Yamada-Hana"})
    assert response.status_code == 422
    assert "ほかの人がすでに使っています" in response.text
    assert visitor.post("/enrol/credential", **{**CHOICE, "login_name": "yamada-hana-2"}).status_code == 303


def test_only_the_hash_of_a_code_is_stored(office: Office, database: Database) -> None:
    code = office.code(AccountKind.FAMILY)
    with database.session() as session:
        row = session.execute(select(EnrolmentCode)).scalar_one()
    assert row.code_hash == hash_code(code)
    assert row.expires_at - row.issued_at == timedelta(days=7)
    assert code.replace("-", "").encode() not in row.code_hash


def test_subject_keeps_one_account_of_one_kind(database: Database, clock: TickingClock) -> None:
    subject, officer = uuid4(), uuid4()
    with database.session() as session:
        issue_code(session, subject, AccountKind.FAMILY, officer, clock())
        issue_code(session, subject, AccountKind.FAMILY, officer, clock())
        assert len(session.execute(select(Account)).scalars().all()) == 1
        with pytest.raises(KindDiffers):
            issue_code(session, subject, AccountKind.STAFF, officer, clock())
