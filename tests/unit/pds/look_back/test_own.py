"""What a year holds beside the register is put in the child's order: own words by day, terms, tests by day."""

from datetime import date
from typing import Any

import pytest

from consent.vocabulary import Category
from pds.look_back.own import own_pieces, results_of, say_result, term_cards
from pds.look_back.timeline import open_records
from pds.look_back.words import Sentence
from tests.factories import bodies
from tests.unit.pds.look_back.disclosed import disclose


def test_own_words_stand_by_day_the_newest_first() -> None:
    pieces = own_pieces(open_records([disclose(Category.PORTFOLIO, bodies.portfolio())]))
    assert [piece.title for piece in pieces] == ["秋の川原", "1学期をふり返って", "6年生のめあて"]
    assert [piece.files for piece in pieces] == [1, 0, 0]
    assert pieces[0].day == date(2026, 10, 21)


def test_a_piece_without_date_or_words_is_still_there() -> None:
    body = bodies.portfolio(entries=[{"number": 4, "kind": "work", "title": "のりもの", "text": None}])
    (piece,) = own_pieces(open_records([disclose(Category.PORTFOLIO, body)]))
    assert (piece.day, piece.text) == (None, "")


def test_terms_say_absence_and_the_teachers_words_where_they_were_written() -> None:
    body = bodies.report()
    body["terms"].append({"term": "third_term"})
    first, _, bare = term_cards(open_records([disclose(Category.REPORT, body)]))
    assert first.absent is not None
    assert (first.term.en, first.absent.count) == ("First term", 2)
    assert (bare.issued_on, bare.absent, bare.comment) == (None, None, "")


def test_tests_stand_in_the_order_of_their_days() -> None:
    body = bodies.assessment()
    body["tests"].reverse()
    (found,) = results_of(open_records([disclose(Category.ASSESSMENT, body)]))
    assert [line.day for line in found.tests] == [date(2026, 4, 16), date(2026, 4, 16), date(2026, 10, 2)]


@pytest.mark.parametrize(
    ("test", "said", "params"),
    [
        ({"items": 16, "correct": 0, "band": 2}, "%(correct)s of %(items)s right", {"correct": 0, "items": 16}),
        ({"score": 87.5, "max_score": 100.0}, "%(score)s of %(most)s points", {"score": 87.5, "most": 100}),
        ({"score": 61.0}, "%(score)s points", {"score": 61}),
        ({"items": 16, "band": 4}, "Band %(band)s of 5", {"band": 4}),
    ],
)
def test_a_result_is_said_as_it_was_counted(test: dict[str, Any], said: str, params: dict[str, Any]) -> None:
    sentence = say_result(test)
    assert isinstance(sentence, Sentence)
    assert (sentence.msgid, sentence.params) == (said, params)


def test_a_test_without_any_number_says_nothing() -> None:
    assert say_result({"note": "欠席"}) == "—"
