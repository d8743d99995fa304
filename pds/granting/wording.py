"""The words a decider has before them, made in one place: for the page, for the sheet at the counter, for the receipt.

A page draws these passages and posts the version back; the answer keeps the text, its version and its language, so
that a receipt shows years later what was read. Who changes a sentence here changes the version by that alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from consent.receipt import ShownText
from consent.scope import Terms
from consent.vocabulary import Category, Locale, Text
from consent.wording import label
from pds.granting.choices import last_day_of, say_years
from pds.look_back.saying import say_bare
from pds.look_back.words import Listing, Part, Sentence
from trust.errors import N_
from web.i18n import current_view


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a passage; `anchor` is where on the page of the request it can be changed."""

    label: Part
    value: Part
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part under one heading: lines, then sentences."""

    heading: Sentence
    lines: tuple[Line, ...] = ()
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be decided, and what the decider would keep of it (None: nothing)."""

    school: str
    child: Text
    purpose: Text
    asked: Terms
    choosable: tuple[Category, ...]
    statutory: tuple[Category, ...]
    answer_by: date
    kept: Terms | None
    comment: str
    others_join: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """The words in one reader's language, for the page and, as `shown`, for the answer and its receipt."""

    passages: tuple[Passage, ...]
    shown: ShownText


def word(question: Question) -> Wording:
    """Return the words of a question in the language of the present reader."""
    passages = tuple(_passages(question))
    return Wording(passages, show("\n".join(_lines_of(passages))))


def show(text: str) -> ShownText:
    """Return a text with its version, in the language of the present reader."""
    return ShownText.of(text, Locale(current_view().locale.value))


def name_all(categories: Sequence[Category]) -> Listing:
    """Return the names of some categories, one after the other."""
    return Listing(tuple(label(category) for category in categories))


def _passages(question: Question) -> Iterator[Passage]:
    yield Passage(
        Sentence(N_("Who asks, and what for")),
        (
            Line(Sentence(N_("To whom")), question.school),
            Line(Sentence(N_("Whose records")), question.child),
            Line(Sentence(N_("What for")), question.purpose),
        ),
    )
    yield Passage(Sentence(N_("What you chose")), tuple(_chosen(question)))
    if question.statutory:
        yield Passage(
            Sentence(N_("By law, whatever you answer")),
            sentences=(
                Sentence(
                    N_("%(what)s: this goes from school to school by law. Your answer here changes nothing about it."),
                    {"what": name_all(question.statutory)},
                ),
            ),
        )
    yield Passage(Sentence(N_("What follows")), tuple(_consequences(question)), tuple(_who_else(question)))


def _chosen(question: Question) -> Iterator[Line]:
    kept = question.kept
    for category in question.choosable:
        years = () if kept is None else kept.scope.years(category)
        value: Part = say_years(years) if years else Sentence(N_("Not shared"))
        yield Line(label(category), value, f"offer-{category}")
    if kept is not None:
        yield Line(Sentence(N_("Until when")), last_day_of(kept.until), "last_day")
        yield Line(Sentence(N_("What the school may do")), Listing((label(kept.mode), label(kept.frequency))))
        yield Line(
            Sentence(N_("Erased by")),
            kept.erase_on or Sentence(N_("the rules of the school that receives it; at once if you stop")),
        )
    yield Line(Sentence(N_("A word to the school")), question.comment or Sentence(N_("None")), "comment")


def _consequences(question: Question) -> Iterator[Line]:
    if question.kept is not None:
        yield Line(
            Sentence(N_("Share")),
            Sentence(
                N_(
                    "The school gets what stands above and no more. You can pause or stop it at any time. "
                    "When you stop, it has to erase what it got."
                )
            ),
        )
    yield Line(
        Sentence(N_("Do not share")),
        Sentence(
            N_("Nothing of what you could choose is sent. The school is told that you do not share, and no reason.")
        ),
    )
    yield Line(
        Sentence(N_("Decide later")),
        Sentence(
            N_("Nothing is sent. Without an answer the request ends by itself after %(day)s."),
            {"day": question.answer_by},
        ),
    )


def _who_else(question: Question) -> Iterator[Sentence]:
    if question.others_join:
        yield Sentence(
            N_(
                "Somebody else has to agree too, as the law provides. "
                "The school is told only that it is being dealt with."
            )
        )


def _lines_of(passages: Sequence[Passage]) -> Iterator[str]:
    for passage in passages:
        yield f"■ {say_bare(passage.heading)}"
        for line in passage.lines:
            yield f"{say_bare(line.label)}: {say_bare(line.value)}"
        for sentence in passage.sentences:
            yield say_bare(sentence)
