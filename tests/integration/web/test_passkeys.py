from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from tests.integration.web.authenticator import SoftwarePasskey, encode
from tests.integration.web.conftest import PASSWORD, Office, TickingClock, Visitor
from web.accounts.models import AccountKind, Passkey, PasskeyCeremony
from web.database import Database

VISITORS = Callable[[], Visitor]


def enrol(visitor: Visitor, office: Office, passkey: SoftwarePasskey, kind: AccountKind = AccountKind.STAFF) -> UUID:
    subject = uuid4()
    visitor.get("/enrol")
    visitor.post("/enrol", code=office.code(kind, subject))
    visitor.get("/enrol/credential")
    assert add(visitor, passkey) == 200
    return subject


def add(visitor: Visitor, passkey: SoftwarePasskey, **more: str) -> int:
    begun = begin(visitor, "register")
    body = {"ceremony": begun["ceremony"], "credential": passkey.register(begun["options"]), **more}
    return visitor.send("/sign-in/passkey/register/verify", body).status_code


def begin(visitor: Visitor, step: str = "") -> dict[str, Any]:
    path = f"/sign-in/passkey/{step}/options" if step else "/sign-in/passkey/options"
    begun: dict[str, Any] | None = visitor.send(path, {}).json
    assert begun is not None
    return begun


def sign_in(visitor: Visitor, passkey: SoftwarePasskey) -> int:
    visitor.get("/sign-in")
    begun = begin(visitor)
    body = {"ceremony": begun["ceremony"], "credential": passkey.answer(begun["options"])}
    return visitor.send("/sign-in/passkey/verify", body).status_code


def test_staff_signs_in_with_the_passkey_of_the_enrolment(new_visitor: VISITORS, office: Office) -> None:
    passkey = SoftwarePasskey()
    subject = enrol(new_visitor(), office, passkey)
    visitor = new_visitor()
    assert sign_in(visitor, passkey) == 200
    assert visitor.get("/staff").json == {"subject": str(subject)}


def test_family_may_enrol_with_a_passkey_alone(new_visitor: VISITORS, office: Office) -> None:
    passkey = SoftwarePasskey()
    enrol(new_visitor(), office, passkey, AccountKind.FAMILY)
    visitor = new_visitor()
    assert sign_in(visitor, passkey) == 200
    assert visitor.get("/family").status_code == 200


def test_options_ask_for_a_verified_person_on_the_configured_host(visitor: Visitor, office: Office) -> None:
    visitor.get("/sign-in")
    options = begin(visitor)["options"]
    assert (options["rpId"], options["userVerification"], options["allowCredentials"]) == ("localhost", "required", [])
    visitor.get("/enrol")
    visitor.post("/enrol", code=office.code(AccountKind.STAFF))
    visitor.get("/enrol/credential")
    created = begin(visitor, "register")["options"]
    assert created["authenticatorSelection"]["userVerification"] == "required"
    assert created["authenticatorSelection"]["residentKey"] == "required"
    assert created["rp"]["id"] == "localhost"


@pytest.mark.parametrize(
    "bent",
    [
        {"verified": False},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8401"},
        {"rp_id": "evil.example"},
    ],
)
def test_answer_that_does_not_fit_is_refused(new_visitor: VISITORS, office: Office, bent: dict[str, Any]) -> None:
    passkey = SoftwarePasskey()
    enrol(new_visitor(), office, passkey)
    for name, value in bent.items():
        setattr(passkey, name, value)
    visitor = new_visitor()
    assert sign_in(visitor, passkey) == 422
    assert visitor.session_token() is None


@pytest.mark.parametrize("bent", [{"verified": False}, {"origin": "https://evil.example"}, {"rp_id": "evil.example"}])
def test_registration_that_does_not_fit_is_refused_and_the_code_is_kept(
    visitor: Visitor, office: Office, bent: dict[str, Any]
) -> None:
    visitor.get("/enrol")
    visitor.post("/enrol", code=office.code(AccountKind.STAFF))
    visitor.get("/enrol/credential")
    assert add(visitor, SoftwarePasskey(**bent)) == 422
    assert add(visitor, SoftwarePasskey()) == 200


def test_challenge_works_once_even_after_a_failed_answer(new_visitor: VISITORS, office: Office) -> None:
    passkey = SoftwarePasskey()
    enrol(new_visitor(), office, passkey)
    visitor = new_visitor()
    visitor.get("/sign-in")
    begun = begin(visitor)
    good = {"ceremony": begun["ceremony"], "credential": passkey.answer(begun["options"])}
    stranger = SoftwarePasskey()
    assert (
        visitor.send("/sign-in/passkey/verify", {**good, "credential": stranger.answer(begun["options"])}).status_code
        == 422
    )
    assert visitor.send("/sign-in/passkey/verify", good).status_code == 422


def test_challenge_ends_after_five_minutes(new_visitor: VISITORS, office: Office, clock: TickingClock) -> None:
    passkey = SoftwarePasskey()
    enrol(new_visitor(), office, passkey)
    visitor = new_visitor()
    visitor.get("/sign-in")
    begun = begin(visitor)
    clock.pass_time(minutes=5)
    body = {"ceremony": begun["ceremony"], "credential": passkey.answer(begun["options"])}
    assert visitor.send("/sign-in/passkey/verify", body).status_code == 422


def test_challenge_of_one_step_does_not_open_another(new_visitor: VISITORS, office: Office) -> None:
    passkey = SoftwarePasskey()
    visitor = new_visitor()
    enrol(visitor, office, passkey)
    visitor.get("/my-sign-in")
    begun = begin(visitor, "confirm")
    body = {"ceremony": begun["ceremony"], "credential": passkey.answer(begun["options"])}
    assert visitor.send("/sign-in/passkey/verify", body).status_code == 422


def test_copied_passkey_whose_counter_fell_back_is_refused(new_visitor: VISITORS, office: Office) -> None:
    passkey = SoftwarePasskey()
    enrol(new_visitor(), office, passkey)
    passkey.count = 7
    assert sign_in(new_visitor(), passkey) == 200
    passkey.count = 3
    assert sign_in(new_visitor(), passkey) == 422


def test_passkey_with_another_persons_handle_is_refused(new_visitor: VISITORS, office: Office) -> None:
    passkey = SoftwarePasskey()
    enrol(new_visitor(), office, passkey)
    passkey.user_handle = uuid4().bytes
    assert sign_in(new_visitor(), passkey) == 422


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": 5},
        {"id": "*", "rawId": "*", "type": "public-key", "response": {}},
        {
            "id": "YQ",
            "rawId": "YQ",
            "type": "public-key",
            "response": {"clientDataJSON": "e30", "authenticatorData": ""},
        },
        {"id": "YQ", "rawId": "YQ", "type": "public-key", "response": None},
    ],
)
def test_garbage_instead_of_an_answer_is_refused_without_a_fault(
    new_visitor: VISITORS, office: Office, credential: dict[str, Any]
) -> None:
    known = SoftwarePasskey()
    enrol(new_visitor(), office, known)
    if credential.get("id") == "YQ":
        credential = {**credential, "id": encode(known.credential_id), "rawId": encode(known.credential_id)}
    visitor = new_visitor()
    visitor.get("/sign-in")
    for step in ("", "register/"):
        if step:
            visitor.get("/enrol")
            visitor.post("/enrol", code=office.code(AccountKind.STAFF))
            visitor.get("/enrol/credential")
        begun = begin(visitor, step.rstrip("/"))
        body = {"ceremony": begun["ceremony"], "credential": credential}
        refused = visitor.send(f"/sign-in/passkey/{step}verify", body)
        assert refused.status_code == 422
        assert refused.content_type == "application/problem+json"


def test_ceremony_needs_the_csrf_header(visitor: Visitor) -> None:
    visitor.get("/sign-in")
    visitor.token = ""
    assert visitor.send("/sign-in/passkey/options", {}).status_code == 403


def test_outdated_challenges_are_swept_out(visitor: Visitor, database: Database, clock: TickingClock) -> None:
    visitor.get("/sign-in")
    for _ in range(3):
        begin(visitor)
        clock.pass_time(minutes=6)
    with database.session() as session:
        assert session.execute(select(func.count()).select_from(PasskeyCeremony)).scalar_one() == 1


def test_family_adds_a_passkey_after_a_fresh_proof_only(
    new_visitor: VISITORS, office: Office, clock: TickingClock
) -> None:
    office.family("yamada-hana")
    visitor, passkey = new_visitor(), SoftwarePasskey()
    visitor.sign_in("yamada-hana")
    clock.pass_time(minutes=6)
    assert visitor.get("/my-sign-in/passkeys/new").headers["Location"] == "/confirm?next=/my-sign-in/passkeys/new"
    visitor.get("/confirm")
    assert visitor.send("/sign-in/passkey/register/options", {}).status_code == 403
    assert visitor.post("/confirm", password=PASSWORD, next="/my-sign-in/passkeys/new").status_code == 303
    visitor.get("/my-sign-in/passkeys/new")
    assert add(visitor, passkey, label="家のタブレット") == 200
    assert "家のタブレット" in visitor.get("/my-sign-in").text
    assert sign_in(new_visitor(), passkey) == 200


def test_step_up_with_a_passkey_replaces_the_token(visitor: Visitor, office: Office, clock: TickingClock) -> None:
    passkey = SoftwarePasskey()
    enrol(visitor, office, passkey)
    clock.pass_time(minutes=6)
    refused = visitor.client.get("/stepped_up")
    assert refused.status_code == 403
    before = visitor.session_token()
    visitor.get("/my-sign-in")
    begun = begin(visitor, "confirm")
    body = {"ceremony": begun["ceremony"], "credential": passkey.answer(begun["options"])}
    assert visitor.send("/sign-in/passkey/confirm/verify", body).status_code == 200
    assert visitor.session_token() not in (None, before)
    assert visitor.client.get("/stepped_up").status_code == 200


def test_another_persons_passkey_confirms_nothing(new_visitor: VISITORS, office: Office, clock: TickingClock) -> None:
    mine, yours = SoftwarePasskey(), SoftwarePasskey()
    visitor = new_visitor()
    enrol(visitor, office, mine)
    enrol(new_visitor(), office, yours)
    clock.pass_time(minutes=6)
    visitor.get("/my-sign-in")
    begun = begin(visitor, "confirm")
    body = {"ceremony": begun["ceremony"], "credential": yours.answer(begun["options"])}
    assert visitor.send("/sign-in/passkey/confirm/verify", body).status_code == 422
    assert visitor.client.get("/stepped_up").status_code == 403


def test_wrong_password_at_the_confirmation_counts_as_a_failure(
    visitor: Visitor, office: Office, clock: TickingClock
) -> None:
    office.family("yamada-hana")
    visitor.sign_in("yamada-hana")
    clock.pass_time(minutes=6)
    visitor.get("/confirm")
    for _ in range(5):
        assert visitor.post("/confirm", password="not the password").status_code == 422
    assert "を過ぎてから" in visitor.post("/confirm", password=PASSWORD).text


def test_last_way_to_sign_in_cannot_be_removed(visitor: Visitor, office: Office, database: Database) -> None:
    enrol(visitor, office, SoftwarePasskey())
    with database.session() as session:
        passkey_id = session.execute(select(Passkey.passkey_id)).scalar_one()
    visitor.get(f"/my-sign-in/passkeys/{passkey_id}/remove")
    refused = visitor.post(f"/my-sign-in/passkeys/{passkey_id}/remove")
    assert refused.status_code == 422
    assert "ログインする方法が、これしか残っていません。" in refused.text


def test_removed_passkey_signs_nobody_in(new_visitor: VISITORS, office: Office, database: Database) -> None:
    office.family("yamada-hana")
    visitor, passkey = new_visitor(), SoftwarePasskey()
    visitor.sign_in("yamada-hana")
    visitor.get("/my-sign-in")
    add(visitor, passkey)
    with database.session() as session:
        passkey_id = session.execute(select(Passkey.passkey_id)).scalar_one()
    visitor.get(f"/my-sign-in/passkeys/{passkey_id}/remove")
    assert visitor.post(f"/my-sign-in/passkeys/{passkey_id}/remove").status_code == 303
    assert sign_in(new_visitor(), passkey) == 422


def test_nobody_removes_another_accounts_passkey(new_visitor: VISITORS, office: Office, database: Database) -> None:
    passkey = SoftwarePasskey()
    enrol(new_visitor(), office, passkey)
    with database.session() as session:
        passkey_id = session.execute(select(Passkey.passkey_id)).scalar_one()
    office.family("yamada-hana")
    visitor = new_visitor()
    visitor.sign_in("yamada-hana")
    visitor.get("/my-sign-in")
    visitor.post(f"/my-sign-in/passkeys/{passkey_id}/remove")
    assert sign_in(new_visitor(), passkey) == 200


def test_one_passkey_is_not_registered_for_two_accounts(new_visitor: VISITORS, office: Office) -> None:
    passkey = SoftwarePasskey()
    enrol(new_visitor(), office, passkey)
    second = new_visitor()
    second.get("/enrol")
    second.post("/enrol", code=office.code(AccountKind.STAFF))
    second.get("/enrol/credential")
    assert add(second, passkey) == 422


def test_family_changes_its_password_and_other_devices_are_signed_out(new_visitor: VISITORS, office: Office) -> None:
    office.family("yamada-hana")
    here, elsewhere = new_visitor(), new_visitor()
    here.sign_in("yamada-hana")
    elsewhere.sign_in("yamada-hana")
    here.get("/my-sign-in/password")
    new = {"password": "another long secret", "password_again": "another long secret"}
    assert here.post("/my-sign-in/password", current_password="not the password", **new).status_code == 422
    assert here.post("/my-sign-in/password", current_password=PASSWORD, **new).status_code == 303
    assert "パスワードを変更しました。" in here.get("/my-sign-in").text
    assert elsewhere.get("/signed_in").status_code == 303
    assert new_visitor().sign_in("yamada-hana").status_code == 422
    assert new_visitor().sign_in("yamada-hana", "another long secret").status_code == 303
