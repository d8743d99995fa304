"""Every name and every refusal can be said in Japanese, plain Japanese and English."""

import re
from enum import StrEnum

import pytest

from consent import vocabulary
from consent.policy.loader import SHIPPED, shipped_policy
from consent.policy.reading import open_file
from consent.verdict import HIDDEN, DenialCode, Denied
from consent.vocabulary import AgeBand, Category, Locale, Relation, Text
from consent.wording import LABELLED, in_display_order, label, tell_next_step, tell_nothing_here, tell_reason

KANJI_WITHOUT_READING = re.compile(r"[々〆ヶ㐀-鿿豈-﫿](?![々〆ヶ㐀-鿿豈-﫿《])")
MEMBERS = [member for enum in LABELLED.values() for member in enum]
TEXTS = (
    [label(member) for member in MEMBERS]
    + [tell_reason(code) for code in DenialCode]
    + [tell_next_step(Denied(code)) for code in DenialCode]
    + [text for rule in shipped_policy().editions[-1].categories.values() for text in (rule.content, rule.controller)]
    + [rule.retention.note for rule in shipped_policy().editions[-1].categories.values()]
    + [rule.sentence for rule in shipped_policy().editions[-1].purposes.values()]
    + [*dict.fromkeys(shipped_policy().editions[-1].calendar.holidays.values())]
    + [closure.name for closure in shipped_policy().editions[-1].calendar.closures]
    + [text for field in shipped_policy().editions[-1].withheld for text in (field.label, field.notice)]
)


def test_every_enum_of_the_vocabulary_has_labels() -> None:
    enums = {thing for thing in vars(vocabulary).values() if isinstance(thing, type) and issubclass(thing, StrEnum)}
    assert enums - {StrEnum} <= set(LABELLED.values())


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.en[:40])
def test_every_kanji_has_a_reading_in_japanese_and_plain_japanese(text: Text) -> None:
    assert not KANJI_WITHOUT_READING.search(text.ja), text.ja
    assert not KANJI_WITHOUT_READING.search(text.plain), text.plain


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.en[:40])
def test_every_english_text_is_english(text: Text) -> None:
    assert text.en.isascii()


@pytest.mark.parametrize("name", LABELLED)
def test_siblings_have_different_names_and_places(name: str) -> None:
    members = list(LABELLED[name])
    orders = open_file(SHIPPED, "labels.json").fields(("$schema", "labels"))["labels"].members()[name].members()
    assert sorted(entry.members()["order"].number() for entry in orders.values()) == list(range(1, len(members) + 1))
    for locale in Locale:
        assert len({label(member).say(locale) for member in members}) == len(members)


def test_members_are_listed_in_display_order() -> None:
    assert in_display_order([Relation.PRINCIPAL, Relation.CARER, Relation.SELF]) == [
        Relation.SELF,
        Relation.CARER,
        Relation.PRINCIPAL,
    ]
    assert in_display_order(AgeBand) == list(AgeBand)


def test_a_name_is_said_in_the_readers_language() -> None:
    assert label(Category.HEALTH_CHECK).say("ja") == "健康診断《けんこうしんだん》の記録《きろく》"
    assert label(Category.HEALTH_CHECK).say("plain") == "健康診断《けんこうしんだん》のけっか"
    assert label(Category.HEALTH_CHECK).say("en") == "Health check sheet"
    with pytest.raises(ValueError, match="fr"):
        label(Category.HEALTH_CHECK).say("fr")


@pytest.mark.parametrize("code", sorted(HIDDEN))
def test_a_hidden_refusal_says_what_an_account_without_children_is_told(code: DenialCode) -> None:
    assert tell_next_step(Denied(code)) == tell_nothing_here()


@pytest.mark.parametrize("code", [code for code in DenialCode if code not in HIDDEN])
def test_a_refusal_that_may_be_shown_has_a_sentence_of_its_own(code: DenialCode) -> None:
    others = {tell_next_step(Denied(other)).ja for other in DenialCode if other not in HIDDEN and other is not code}
    assert tell_next_step(Denied(code)).ja not in others


@pytest.mark.parametrize("code", DenialCode)
def test_a_refusal_says_what_to_do_next(code: DenialCode) -> None:
    told = tell_next_step(Denied(code))
    assert re.search(r"(ください|できます)", told.ja)
    assert told.plain.endswith("ください。")
    assert re.search(r"\b(ask|bring|speak|sign in)\b", told.en, re.IGNORECASE)


@pytest.mark.parametrize("code", DenialCode)
def test_the_log_never_says_that_a_protection_stands(code: DenialCode) -> None:
    reason = tell_reason(code)
    assert not re.search(r"(近|接近|面会|停止|喪失|保護命令)", reason.ja)
    assert not re.search(r"(block|barred|suspend|protect)", reason.en, re.IGNORECASE)
