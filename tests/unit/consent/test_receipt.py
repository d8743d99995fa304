"""A receipt has the fields of ISO/IEC TS 27560 and states exactly what was shown, decided and handed over."""

import json
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.receipt import (
    DPV,
    SCHEMA_VERSION,
    DisclosedVersion,
    Party,
    ReceiptFacts,
    ShownText,
    disclosed_in,
    make_receipt,
)
from consent.scope import Scope
from consent.vocabulary import Category, Channel, Lane, Locale, Mode, Move, PurposeCode, ReceiptEvent, Relation
from tests.unit.consent.people import HANAKO, MOTHER, NOW
from tests.unit.consent.sharing import REPORT, terms

SHOWN = ShownText.of("西小学校に、通知表を見せます。いつでもやめることができます。", Locale.PLAIN)
GIVEN = ReceiptFacts(
    receipt_id=UUID(int=700),
    record_id=UUID(int=500),
    principal=HANAKO,
    event=ReceiptEvent.GIVEN,
    at=NOW,
    by=MOTHER,
    by_relation=Relation.CARER,
    channel=Channel.ONLINE,
    shown=SHOWN,
    controller=Party("east", "東市教育委員会", "東市1-1", "03-0000-0000"),
    recipient=Party("nishi", "西小学校", "西市2-2", "04-0000-0000"),
    move=Move.TRANSFER,
    purpose=PurposeCode.TRANSFER_OF_SCHOOL,
    purpose_sentence="So that the new school can teach on from what was learned so far.",
    purpose_dpv=f"{DPV}RecordManagement",
    lane=Lane.CONSENT,
    legal_basis=("個人情報の保護に関する法律69条2項1号",),
    asked=terms(),
    terms=terms(),
    storage_location="nishi",
    withdrawal="http://localhost:8000/sharing",
)
COPY = DisclosedVersion(UUID(int=800), REPORT, 2024, 1, "ab" * 32)
STATUTORY = replace(GIVEN, lane=Lane.STATUTORY, event=ReceiptEvent.DISCLOSED, asked=None, terms=None)

# The mandatory fields of the standard, by section, as the W3C DPV guide lists them.
MANDATORY = {
    "header": {"schema_version", "record_id", "pii_principal_id"},
    "processing": {"privacy_notice", "language"},
    "purpose": {
        "purpose",
        "pii_information",
        "pii_controllers",
        "storage_locations",
        "retention_period",
        "jurisdiction",
        "recipient_third_parties",
        "withdrawal_method",
    },
    "party": {"party_id", "party_address", "party_name", "party_contact", "party_type"},
    "event": {"event_time", "validity_duration", "entity_id", "event_type", "event_state"},
}


def processing(receipt: dict[str, Any]) -> dict[str, Any]:
    (purpose,) = receipt["pii_processing"]["purposes"]
    return dict(purpose)


def event(facts: ReceiptFacts) -> dict[str, Any]:
    (only,) = make_receipt(facts)["events"]
    return dict(only)


@pytest.mark.parametrize("kind", ReceiptEvent)
def test_every_receipt_has_the_mandatory_fields(kind: ReceiptEvent) -> None:
    disclosed = (COPY,) if kind is ReceiptEvent.DISCLOSED else ()
    receipt = make_receipt(replace(GIVEN, event=kind, disclosed=disclosed))
    assert set(receipt) >= MANDATORY["header"] | {"receipt_id"}
    assert set(receipt["pii_processing"]) >= MANDATORY["processing"]
    assert set(processing(receipt)) >= MANDATORY["purpose"]
    assert all(set(party) >= MANDATORY["party"] for party in receipt["party_identification"])
    assert all(set(one) >= MANDATORY["event"] for one in receipt["events"])
    assert all(set(pii) >= {"pii_type"} for pii in processing(receipt)["pii_information"])
    assert json.loads(json.dumps(receipt)) == receipt


def test_a_receipt_says_who_decided_for_whom_what_until_when() -> None:
    receipt = make_receipt(GIVEN)
    assert receipt["schema_version"] == SCHEMA_VERSION
    assert (receipt["receipt_id"], receipt["record_id"]) == (str(UUID(int=700)), str(UUID(int=500)))
    assert receipt["pii_principal_id"] == str(HANAKO)
    (only,) = receipt["events"]
    assert (only["entity_id"], only["entity_role"]) == (str(MOTHER), f"{DPV}GuardianOfDataSubject")
    assert only["event_state"] == f"{DPV}ConsentGiven"
    assert only["validity_duration"] == f"PT{(terms().until - NOW).days * 86400 + (terms().until - NOW).seconds}S"
    assert processing(receipt)["pii_information"] == [
        {"pii_type": "portfolio", "school_years": [2025], "pii_optional": False},
        {"pii_type": "report", "school_years": [2024, 2025], "pii_optional": False},
    ]
    assert processing(receipt)["lawful_basis"] == f"{DPV}ExplicitlyExpressedConsent"
    assert receipt["pii_processing"]["terms"] == terms().to_wire()
    assert [party["party_id"] for party in receipt["party_identification"]] == ["east", "nishi"]


def test_a_receipt_keeps_the_words_shown_their_version_and_their_language() -> None:
    said = make_receipt(GIVEN)["pii_processing"]
    assert said["privacy_notice"] == SHOWN.text
    assert said["privacy_notice_sha256"] == SHOWN.version
    assert said["language"] == "ja-x-plain"


def test_words_are_never_kept_under_another_version() -> None:
    with pytest.raises(ValueError, match="SHA-256 of the text"):
        ShownText(SHOWN.text + "。", SHOWN.version, SHOWN.locale)


def test_the_learners_own_decision_names_the_learner() -> None:
    only = event(replace(GIVEN, by=HANAKO, by_relation=Relation.SELF))
    assert (only["entity_id"], only["entity_role"]) == (str(HANAKO), f"{DPV}DataSubject")


def test_an_end_by_time_is_nobodys_deed() -> None:
    only = event(replace(GIVEN, event=ReceiptEvent.EXPIRED, by=None, by_relation=None, terms=None))
    assert (only["entity_id"], only["entity_role"], only["validity_duration"]) == (None, None, None)
    assert only["event_state"] == f"{DPV}ConsentExpired"


def test_an_end_that_lies_behind_the_event_holds_for_no_time() -> None:
    assert event(replace(GIVEN, at=terms().until, event=ReceiptEvent.EXPIRED))["validity_duration"] == "PT0S"


def test_retention_is_a_day_or_the_recipients_own_rule() -> None:
    dated = processing(make_receipt(replace(GIVEN, terms=terms(erase_on=date(2028, 3, 31)))))
    assert dated["retention_period"] == {
        "until": "2027-03-31T15:00:00Z",
        "erase_on": "2028-03-31",
        "by_recipient_rule": False,
    }
    assert processing(make_receipt(GIVEN))["retention_period"]["by_recipient_rule"] is True


def test_a_share_to_look_at_is_not_told_as_one_to_keep() -> None:
    kept = processing(make_receipt(GIVEN))["processing_method"]
    looked_at = processing(make_receipt(replace(GIVEN, terms=terms(mode=Mode.VIEW))))["processing_method"]
    assert kept == [f"{DPV}Transfer", f"{DPV}Store"]
    assert looked_at == [f"{DPV}Transfer", f"{DPV}Consult"]


def test_what_the_law_sends_rests_on_the_law_and_on_no_consent() -> None:
    sent = replace(STATUTORY, disclosed=(replace(COPY, category=Category.GUIDANCE),), legal_basis=("24条3項",))
    receipt = make_receipt(sent)
    assert processing(receipt)["lawful_basis"] == f"{DPV}LegalObligation"
    assert processing(receipt)["lawful_basis_sources"] == ["24条3項"]
    assert processing(receipt)["pii_information"] == [
        {"pii_type": "guidance", "school_years": [2024], "pii_optional": False}
    ]
    assert event(sent)["event_state"] == f"{DPV}LegalObligationCompleted"
    assert event(replace(STATUTORY, event=ReceiptEvent.COMMENTED))["event_state"] == f"{DPV}LegalObligationPending"
    assert "Consent" not in json.dumps(receipt["events"])


def test_a_refusal_says_what_was_asked() -> None:
    refused = make_receipt(replace(GIVEN, event=ReceiptEvent.REFUSED, terms=None))
    assert [pii["pii_type"] for pii in processing(refused)["pii_information"]] == ["portfolio", "report"]
    assert refused["pii_processing"]["terms"] is None


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        (replace(GIVEN, disclosed=(COPY,)), "discloses nothing"),
        (replace(GIVEN, event=ReceiptEvent.DISCLOSED), "names what was disclosed"),
        (replace(GIVEN, event=ReceiptEvent.DISCLOSED, disclosed=(COPY, COPY)), "stands twice"),
        (replace(GIVEN, lane=Lane.STATUTORY), "nothing that the law's own lane knows"),
        (replace(GIVEN, by_relation=Relation.PRINCIPAL), "decides nothing for a child"),
        (
            replace(GIVEN, event=ReceiptEvent.DISCLOSED, disclosed=(replace(COPY, school_year=2019),)),
            "report of 2019 is not within the terms",
        ),
    ],
)
def test_facts_that_contradict_each_other_make_no_receipt(facts: ReceiptFacts, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        make_receipt(facts)


versions = st.builds(
    DisclosedVersion,
    st.uuids(),
    st.sampled_from(list(Category)),
    st.integers(2018, 2027),
    st.integers(1, 9),
    st.text("0123456789abcdef", min_size=64, max_size=64),
)
disclosures = st.lists(versions, min_size=1, max_size=8, unique_by=lambda item: (item.document, item.version))


@given(disclosures)
def test_a_receipt_always_states_exactly_what_was_disclosed(disclosed: list[DisclosedVersion]) -> None:
    opened: dict[Category, set[int]] = {}
    for item in disclosed:
        opened.setdefault(item.category, set()).add(item.school_year)
    granted = replace(
        GIVEN, event=ReceiptEvent.DISCLOSED, terms=terms(Scope.of(opened)), asked=None, disclosed=tuple(disclosed)
    )
    for facts in (granted, replace(STATUTORY, disclosed=tuple(disclosed))):
        receipt = json.loads(json.dumps(make_receipt(facts)))
        assert disclosed_in(receipt) == set(disclosed)
        assert len(receipt["events"][0]["disclosed"]) == len(disclosed)
        stated = {
            (pii["pii_type"], year) for pii in processing(receipt)["pii_information"] for year in pii["school_years"]
        }
        assert stated == {(item.category.value, item.school_year) for item in disclosed}


@given(disclosures, st.randoms(use_true_random=False))
def test_the_order_of_disclosing_does_not_matter(disclosed: list[DisclosedVersion], order: Random) -> None:
    shuffled = order.sample(disclosed, len(disclosed))
    one, other = (make_receipt(replace(STATUTORY, disclosed=tuple(items))) for items in (disclosed, shuffled))
    assert one == other
