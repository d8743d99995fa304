"""The software passkey judged by an independent relying party, and the refusals of a browser and of a device."""

import json
from typing import Any

import pytest
import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import InvalidAuthenticationResponse, InvalidRegistrationResponse
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from manabi.check.authenticator import Authenticator
from manabi.check.errors import CeremonyRefused

ORIGIN = "http://localhost:8400"
USER = b"account-of-a-teacher"


def creation(**more: Any) -> dict[str, Any]:
    options = webauthn.generate_registration_options(
        rp_id="localhost",
        rp_name="まなびの記録",
        user_id=USER,
        user_name="教員",
        authenticator_selection=AuthenticatorSelectionCriteria(user_verification=UserVerificationRequirement.REQUIRED),
        **more,
    )
    read: dict[str, Any] = json.loads(options_to_json(options))
    return read


def request(**more: Any) -> dict[str, Any]:
    options = webauthn.generate_authentication_options(
        rp_id="localhost", user_verification=UserVerificationRequirement.REQUIRED, **more
    )
    read: dict[str, Any] = json.loads(options_to_json(options))
    return read


def register(device: Authenticator) -> VerifiedRegistration:
    options = creation()
    return webauthn.verify_registration_response(
        credential=device.create(options, ORIGIN),
        expected_challenge=base64url_to_bytes(options["challenge"]),
        expected_rp_id="localhost",
        expected_origin=ORIGIN,
        require_user_verification=True,
    )


def test_a_relying_party_accepts_a_new_passkey() -> None:
    verified = register(Authenticator())
    assert (verified.fmt, verified.user_verified, verified.sign_count) == ("none", True, 0)
    assert len(verified.credential_id) == 32


def test_a_relying_party_accepts_each_use_and_sees_the_counter_grow() -> None:
    device = Authenticator()
    known = register(device)
    count = known.sign_count
    for _ in range(3):
        options = request()
        answer = device.get(options, ORIGIN)
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(options["challenge"]),
            expected_rp_id="localhost",
            expected_origin=ORIGIN,
            credential_public_key=known.credential_public_key,
            credential_current_sign_count=count,
            require_user_verification=True,
        )
        assert verified.new_sign_count == count + 1
        assert base64url_to_bytes(answer["response"]["userHandle"]) == USER
        count = verified.new_sign_count


def test_an_answer_to_another_challenge_is_not_accepted() -> None:
    device = Authenticator()
    known = register(device)
    with pytest.raises(InvalidAuthenticationResponse):
        webauthn.verify_authentication_response(
            credential=device.get(request(), ORIGIN),
            expected_challenge=b"another challenge than this one!",
            expected_rp_id="localhost",
            expected_origin=ORIGIN,
            credential_public_key=known.credential_public_key,
            credential_current_sign_count=0,
        )


def test_an_answer_given_on_another_page_is_not_accepted() -> None:
    options = creation()
    credential = Authenticator().create(options, "http://localhost:9999")
    with pytest.raises(InvalidRegistrationResponse):
        webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(options["challenge"]),
            expected_rp_id="localhost",
            expected_origin=ORIGIN,
        )


def test_among_several_keys_the_one_that_is_asked_for_answers() -> None:
    device = Authenticator()
    first, second = register(device), register(device)
    for known in (first, second):
        options = request(allow_credentials=[PublicKeyCredentialDescriptor(id=known.credential_id)])
        assert base64url_to_bytes(device.get(options, ORIGIN)["id"]) == known.credential_id


def test_a_device_without_a_key_for_the_service_refuses() -> None:
    device = Authenticator()
    with pytest.raises(CeremonyRefused):
        device.get(request(), ORIGIN)
    register(device)
    with pytest.raises(CeremonyRefused):
        device.get(request(allow_credentials=[PublicKeyCredentialDescriptor(id=b"somebody else's")]), ORIGIN)


def test_a_device_is_not_registered_twice_for_one_account() -> None:
    device = Authenticator()
    known = register(device)
    options = creation(exclude_credentials=[PublicKeyCredentialDescriptor(id=known.credential_id)])
    with pytest.raises(CeremonyRefused):
        device.create(options, ORIGIN)


@pytest.mark.parametrize("origin", ["http://school.example", "http://notlocalhost", "http://localhost.evil.example"])
def test_a_page_cannot_ask_in_the_name_of_another_host(origin: str) -> None:
    with pytest.raises(CeremonyRefused):
        Authenticator().create(creation(), origin)


def test_a_service_that_takes_no_es256_is_refused() -> None:
    with pytest.raises(CeremonyRefused):
        Authenticator().create(creation(supported_pub_key_algs=[COSEAlgorithmIdentifier.EDDSA]), ORIGIN)
