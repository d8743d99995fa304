"""The list of what is asked and shared: one card each, with how it stands in words and what can be done now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from consent.vocabulary import GrantState, RequestState
from consent.wording import in_display_order, label
from pds.granting.choices import last_day_of, say_years
from pds.granting.showing import Asker, address_of
from pds.granting.wording import Line, name_all
from pds.look_back.words import Sentence
from pds.sharing.grants import ERASED, GrantView
from pds.sharing.parties import DossierState, Recipient
from pds.sharing.receipts import ReceiptNote
from pds.sharing.requests import RequestView
from trust.errors import N_

ENDS_SOON = timedelta(days=30)
NameSchool = Callable[[Recipient], Asker]
MayNarrow = Callable[[GrantView], bool]


@dataclass(frozen=True, slots=True)
class Button:
    """One thing that can be done with a sharing; it leads to the page with the second tap."""

    name: str
    label: Sentence


@dataclass(frozen=True, slots=True)
class GrantCard:
    """A sharing as the list shows it."""

    id: UUID
    address: str
    asker: Asker
    state: Sentence
    kind: str
    note: Sentence | None
    lines: tuple[Line, ...]
    acts: tuple[Button, ...]
    receipt: str | None


@dataclass(frozen=True, slots=True)
class AskedCard:
    """A request, or what the law moves with it, as the list shows it."""

    address: str
    asker: Asker
    state: Sentence
    kind: str
    note: Sentence
    link: Sentence


@dataclass(frozen=True, slots=True)
class SharingPage:
    """The whole list."""

    waiting: tuple[AskedCard, ...]
    active: tuple[GrantCard, ...]
    paused: tuple[GrantCard, ...]
    ended: tuple[GrantCard, ...]
    dossiers: tuple[AskedCard, ...]
    refused: tuple[AskedCard, ...]


def build_sharing(
    asked: Sequence[RequestView],
    given: Sequence[GrantView],
    notes: Sequence[ReceiptNote],
    name_school: NameSchool,
    may_narrow: MayNarrow,
    person: UUID,
    now: datetime,
) -> SharingPage:
    """Return the list for somebody of the family."""
    cards = [_card(grant, notes, name_school, may_narrow, person, now) for grant in given]
    standing = {grant.grant_id: grant.state for grant in given}
    paused = (GrantState.PAUSED, GrantState.SUSPENDED_FOR_SAFETY)
    return SharingPage(
        waiting=tuple(_waiting(view, name_school, person) for view in asked if view.is_open),
        active=tuple(card for card in cards if standing[card.id] is GrantState.ACTIVE),
        paused=tuple(card for card in cards if standing[card.id] in paused),
        ended=tuple(card for card in cards if standing[card.id] not in (GrantState.ACTIVE, *paused)),
        dossiers=tuple(_by_law(view, name_school) for view in asked if view.dossier is not None),
        refused=tuple(
            _not_shared(view, name_school)
            for view in asked
            if view.state in (RequestState.REFUSED, RequestState.EXPIRED, RequestState.WITHDRAWN)
            and not view.choosable.is_empty
        ),
    )


def _card(
    grant: GrantView,
    notes: Sequence[ReceiptNote],
    name_school: NameSchool,
    may_narrow: MayNarrow,
    person: UUID,
    now: datetime,
) -> GrantCard:
    receipt = next((note.receipt_id for note in notes if note.grant_id == grant.grant_id), None)
    state, kind = _STATES[grant.state]
    return GrantCard(
        id=grant.grant_id,
        address=f"/learners/{grant.learner}/grants/{grant.grant_id}",
        asker=name_school(grant.recipient),
        state=Sentence(state),
        kind=kind,
        note=_note(grant, name_school(grant.recipient).name, person, now),
        lines=lines_of(grant),
        acts=_acts(grant, person) if may_narrow(grant) else (),
        receipt=None if receipt is None else f"/learners/{grant.learner}/receipts/{receipt}",
    )


def lines_of(grant: GrantView) -> tuple[Line, ...]:
    """Return what is shared and until when, as lines."""
    scope = grant.terms.scope
    return (
        *(Line(label(category), say_years(scope.years(category))) for category in in_display_order(scope.categories)),
        Line(Sentence(N_("Until when")), last_day_of(grant.terms.until)),
        Line(Sentence(N_("What the school may do")), label(grant.terms.mode)),
    )


_STATES = {
    GrantState.ACTIVE: (N_("Shared"), "success"),
    GrantState.PAUSED: (N_("Paused"), "waiting"),
    GrantState.SUSPENDED_FOR_SAFETY: (N_("Paused"), "waiting"),
    GrantState.REVOKED: (N_("No longer shared"), "none"),
    GrantState.EXPIRED: (N_("Ended"), "none"),
    GrantState.SUPERSEDED: (N_("Replaced by a newer one"), "none"),
}


def _acts(grant: GrantView, person: UUID) -> tuple[Button, ...]:
    resume = Button("resume", Sentence(N_("Let it go on")))
    pause = Button("pause", Sentence(N_("Pause")))
    stop = Button("stop", Sentence(N_("Stop")))
    match grant.state:
        case GrantState.ACTIVE:
            return (pause, stop)
        case GrantState.PAUSED:
            return (resume, stop) if person in grant.paused_by else (pause, stop)
        case _:
            return ()


def _note(grant: GrantView, school: str, person: UUID, now: datetime) -> Sentence | None:
    """Say what follows from the state: what is still awaited, who paused, what ends soon."""
    match grant.state:
        case GrantState.REVOKED | GrantState.EXPIRED if grant.end_answer not in (None, ERASED):
            return Sentence(N_("%(school)s answered that the law has it keep part of what it got."), {"school": school})
        case GrantState.REVOKED if grant.was_called_off and grant.end_answered_at is not None:
            return Sentence(
                N_("%(school)s called the move off. It answered on %(day)s that it has erased what it got."),
                {"school": school, "day": grant.end_answered_at},
            )
        case GrantState.REVOKED if grant.was_called_off:
            return Sentence(
                N_("%(school)s called the move off. Its answer that everything is erased is awaited."),
                {"school": school},
            )
        case GrantState.REVOKED | GrantState.EXPIRED if grant.end_answered_at is not None:
            return Sentence(
                N_("%(school)s answered on %(day)s that it has erased what it got."),
                {"school": school, "day": grant.end_answered_at},
            )
        case GrantState.REVOKED | GrantState.EXPIRED if grant.told_at is not None:
            return Sentence(
                N_("%(school)s has been told. Its answer that everything is erased is awaited."), {"school": school}
            )
        case GrantState.REVOKED:
            return Sentence(
                N_("Nothing more is given since you stopped it. %(school)s is being told."), {"school": school}
            )
        case GrantState.PAUSED if person not in grant.paused_by:
            return Sentence(N_("Somebody else of the family paused it. Whoever paused it can let it go on."))
        case GrantState.PAUSED if len(grant.paused_by) > 1:
            return Sentence(N_("You and somebody else paused it. It goes on when both of you say so."))
        case GrantState.PAUSED:
            return Sentence(N_("The school gets nothing while it is paused."))
        case GrantState.ACTIVE if grant.terms.until - now <= ENDS_SOON:
            return Sentence(N_("It ends soon, on %(day)s, by itself."), {"day": last_day_of(grant.terms.until)})
    return None


def _waiting(view: RequestView, name_school: NameSchool, person: UUID) -> AskedCard:
    address, asker = address_of(view), name_school(view.recipient)
    if person in view.waiting_for:
        return AskedCard(
            address, asker, Sentence(N_("Waiting for your answer")), "warning",
            Sentence(N_("Please answer by %(day)s."), {"day": last_day_of(view.expires_at)}),
            Sentence(N_("Read and decide")),
        )  # fmt: skip
    read = Sentence(N_("Read"))
    if view.choosable.is_empty:
        return AskedCard(
            address, asker, Sentence(N_("To read")), "info", Sentence(N_("There is nothing you need to decide.")), read
        )
    if view.mine is not None and view.waiting_for:
        return AskedCard(
            address, asker, Sentence(N_("Being dealt with")), "waiting",
            Sentence(N_("You have answered. Somebody else has to answer too.")), read,
        )  # fmt: skip
    return AskedCard(
        address, asker, Sentence(N_("Being dealt with")), "waiting", Sentence(N_("Nothing is shared yet.")), read
    )


def _by_law(view: RequestView, name_school: NameSchool) -> AskedCard:
    assert view.dossier is not None  # noqa: S101  the caller chose those that have one
    state, kind, note = _DOSSIERS[view.dossier.state]
    return AskedCard(
        f"{address_of(view)}/statutory", name_school(view.recipient), Sentence(state), kind,
        Sentence(note, {"what": name_all(in_display_order(view.statutory)),
                        "day": last_day_of(view.dossier.review_until)}),
        Sentence(N_("Read")),
    )  # fmt: skip


_DOSSIERS = {
    DossierState.REVIEWING: (
        N_("You can read it now"),
        "info",
        N_("%(what)s: it is sent after %(day)s at the latest. Until then you can comment."),
    ),
    DossierState.READY: (
        N_("Being sent"),
        "waiting",
        N_("%(what)s: the time to read was over on %(day)s. It is being sent."),
    ),
    DossierState.ACKNOWLEDGED: (
        N_("Arrived"),
        "success",
        N_("%(what)s: the next school has answered that it has arrived."),
    ),
    DossierState.REJECTED: (
        N_("Sent again"),
        "waiting",
        N_("%(what)s: something was missing. It is being sent again."),
    ),
    DossierState.CANCELLED: (N_("Not sent"), "none", N_("%(what)s: the school called it back. Nothing is sent.")),
}


def _not_shared(view: RequestView, name_school: NameSchool) -> AskedCard:
    note = {
        RequestState.REFUSED: N_("It was decided not to share."),
        RequestState.EXPIRED: N_("The time for an answer is over. Nothing was shared."),
        RequestState.WITHDRAWN: N_("The school has taken its request back."),
    }[view.state]
    return AskedCard(
        address_of(view), name_school(view.recipient), Sentence(N_("Not shared")), "none", Sentence(note),
        Sentence(N_("Read")),
    )  # fmt: skip
