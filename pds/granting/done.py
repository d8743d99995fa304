"""The page after an answer: what was decided, what happens next, where the receipt is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from consent.vocabulary import RequestState
from consent.wording import in_display_order, label
from pds.granting.choices import last_day_of, say_years
from pds.granting.showing import Asker
from pds.granting.wording import Line
from pds.look_back.words import Sentence
from pds.sharing.receipts import ReceiptNote
from pds.sharing.requests import AnswerNote, RequestView
from trust.errors import N_


@dataclass(frozen=True, slots=True)
class DonePage:
    """What was decided; `receipt` is the address of the receipt."""

    title: Sentence
    lines: tuple[Line, ...]
    next: tuple[Sentence, ...]
    receipt: str | None


def build_done(view: RequestView, asker: Asker, notes: Sequence[ReceiptNote], person: UUID) -> DonePage | None:
    """Return the page for somebody who has answered; None for who has not."""
    if view.mine is None:
        return None
    mine = [note for note in notes if note.request_id == view.request_id and note.person == person]
    receipt = mine[0].receipt_id if mine else None
    return DonePage(
        Sentence(N_("You decided not to share.") if view.mine.kept is None else N_("You decided to share.")),
        tuple(_lines(view, view.mine, asker, receipt)),
        tuple(_next(view)),
        None if receipt is None else f"/learners/{view.learner}/receipts/{receipt}",
    )


def _lines(view: RequestView, mine: AnswerNote, asker: Asker, receipt: UUID | None) -> Iterator[Line]:
    yield Line(Sentence(N_("To whom")), asker.name)
    for category in in_display_order(view.choosable.categories):
        years = () if mine.kept is None else mine.kept.scope.years(category)
        yield Line(label(category), say_years(years) if years else Sentence(N_("Not shared")))
    if mine.kept is not None:
        yield Line(Sentence(N_("Until when")), last_day_of(mine.kept.until))
    if receipt is not None:
        yield Line(Sentence(N_("Reference number")), str(receipt))


def _next(view: RequestView) -> Iterator[Sentence]:
    match view.state:
        case RequestState.GRANTED | RequestState.GRANTED_IN_PART:
            yield Sentence(N_("The school can now get what was shared. Each time stands under “Who looked”."))
            yield Sentence(N_("You can pause or stop it at any time under “Sharing”."))
        case RequestState.REFUSED:
            yield Sentence(N_("The school is told that you do not share, and no reason. Nothing is sent."))
        case _ if view.waiting_for:
            yield Sentence(N_("Somebody else has to answer too. Nothing is sent before that."))
            yield Sentence(N_("The school is told only that it is being dealt with."))
        case _:
            yield Sentence(N_("Nothing more is needed from you."))
