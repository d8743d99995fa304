import os
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trust.ticket import MAX_NUMBER, RANDOM_BYTES, TicketMalformed, make_ticket, read_ticket

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TICKET = make_ticket(1723, bytes(range(7, 17)))
CODE = TICKET.text.replace("-", "")


@given(st.integers(0, MAX_NUMBER), st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_what_was_issued_is_what_is_read(number: int, random: bytes) -> None:
    ticket = make_ticket(number, random)
    assert read_ticket(ticket.text) == ticket
    assert ticket.number == number


def test_a_ticket_is_six_groups_of_four_without_letters_that_look_alike() -> None:
    groups = TICKET.text.split("-")
    assert [len(group) for group in groups] == [4] * 6
    assert set(CODE) <= set(ALPHABET)
    assert CODE[0] == "1"


def test_only_the_hash_of_the_code_is_needed_to_find_it_again() -> None:
    assert TICKET.hash == sha256(b"manabi-ticket-v1" + CODE.encode()).digest()


def test_a_ticket_is_not_printed_by_mistake() -> None:
    assert repr(TICKET) == "Ticket(number=1723)"


@pytest.mark.parametrize(
    "written",
    [
        TICKET.text.lower(),
        CODE,
        " ".join(CODE),
        TICKET.text.replace("-", " – "),
        f"  {TICKET.text}\n",
        "".join(chr(ord(one) + 0xFEE0) for one in CODE),
        TICKET.text.replace("-", "ー"),
        TICKET.text.replace("-", "\u3000"),
        TICKET.text.replace("0", "O"),
        TICKET.text.replace("0", "o").replace("1", "l"),
        TICKET.text.replace("1", "I"),
    ],
)
def test_a_code_is_read_as_people_write_it(written: str) -> None:
    assert read_ticket(written) == TICKET


def test_every_single_slip_is_noticed() -> None:
    for at in range(len(CODE)):
        for other in set(ALPHABET) - {CODE[at]}:
            with pytest.raises(TicketMalformed):
                read_ticket(CODE[:at] + other + CODE[at + 1 :])


@settings(max_examples=300)
@given(st.data())
def test_two_and_three_slips_are_noticed(data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(0, len(CODE) - 1), min_size=2, max_size=3))
    symbols = list(CODE)
    for at in places:
        symbols[at] = data.draw(st.sampled_from(sorted(set(ALPHABET) - {CODE[at]})))
    with pytest.raises(TicketMalformed):
        read_ticket("".join(symbols))


def test_two_exchanged_characters_are_noticed_however_far_apart() -> None:
    for left in range(len(CODE)):
        for right in range(left + 1, len(CODE)):
            if CODE[left] != CODE[right]:
                symbols = list(CODE)
                symbols[left], symbols[right] = symbols[right], symbols[left]
                with pytest.raises(TicketMalformed):
                    read_ticket("".join(symbols))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        CODE[:-1],
        CODE + "0",
        CODE.replace(CODE[3], "U"),
        "0" * 24,
        "é" * 24,
        "\x00" * 24,
        "1" * 201,
        "1" * 10**6,
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(TicketMalformed):
        read_ticket(text)


def test_a_later_version_is_refused_though_its_check_characters_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trust.ticket.VERSION", 2)
    later = make_ticket(1, os.urandom(RANDOM_BYTES))
    assert read_ticket(later.text) == later
    monkeypatch.setattr("trust.ticket.VERSION", 1)
    with pytest.raises(TicketMalformed):
        read_ticket(later.text)


@given(st.text(max_size=300))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    with pytest.raises(TicketMalformed):
        read_ticket(text)


@pytest.mark.parametrize(("number", "random"), [(-1, bytes(10)), (MAX_NUMBER + 1, bytes(10)), (1, bytes(9))])
def test_a_number_or_randomness_of_the_wrong_size_is_a_fault_of_the_caller(number: int, random: bytes) -> None:
    with pytest.raises(ValueError, match="registry number"):
        make_ticket(number, random)
