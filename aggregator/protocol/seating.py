"""Settling whose noise goes into each total, before either server sends a sum.

An attempt is over when both servers stop waiting; they then compare what they hold. A seat *answered* if both hold the
same header of it, otherwise it was *silent*, whatever arrives later. When every committee is full, or cannot become so,
the seating is settled and signed by both: it names the very vectors that both add up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self, TypeAlias

from aggregator.plans.model import Level, NoiseSource, Plan
from aggregator.plans.sensitivity import sensitivity_squared
from aggregator.privacy import accounting
from aggregator.privacy.accounting import Committee, CommitteeImpossible
from aggregator.protocol.committee import CommitteeIncomplete, called, total_seed
from aggregator.protocol.messages import MOST_ATTEMPT, read_round
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Closing, Entry, NoiseFrom, Opening, Seating, Seats, read_entry, written
from aggregator.protocol.totals import TotalSpec
from aggregator.protocol.wire import Message, StatementRefused, read_all, read_digest
from trust.forms import Form
from trust.framing import to_text

Total: TypeAlias = tuple[Level, str]
Answers: TypeAlias = Sequence[Mapping[str, bytes]]
"""Of one total: for each attempt that is over, the header digests of the seats that both servers hold."""

_MOST_TOTALS = 64
_MOST_SEATS = 256


@dataclass(frozen=True, slots=True)
class NoiseHoldings(Message):
    """What one server holds of the committees' noise when an attempt is over. From helper to leader.

    ``totals`` lists, for each total, the noise headers held; an entry's ``sequence`` is the attempt that called it.
    """

    TYP: ClassVar[str] = "manabi-noise-holdings+jws"
    MOST: ClassVar[int] = 4 * 1024 * 1024

    round_id: str
    side: Side
    closing: bytes
    attempt: int
    totals: tuple[tuple[Total, tuple[Entry, ...]], ...]

    def document(self) -> dict[str, object]:
        """Return the members to be written."""
        return {
            "format": "manabi-noise-holdings/1", "round": self.round_id, "side": self.side.value,
            "closing": to_text(self.closing), "attempt": self.attempt,
            "totals": [
                {"level": level.value, "area": area, "entries": written(entries)}
                for (level, area), entries in self.totals
            ],
        }  # fmt: skip

    @classmethod
    def read(cls, document: dict[str, object]) -> Self:
        """Read the members; raises FormFault."""
        form = Form(document, "noise_holdings", {"format", "round", "side", "closing", "attempt", "totals"})
        return cls(
            read_round(form), form.choice("side", Side), read_digest(form, "closing"),
            form.whole("attempt", 0, MOST_ATTEMPT), read_all(form, "totals", _MOST_TOTALS, _total),
        )  # fmt: skip


def sigma_squared_of(plan: Plan, level: Level) -> Fraction:
    """Return the variance parameter of the noise that one total of a level costs its share of the budget for."""
    return accounting.sigma_squared(sensitivity_squared(plan, level), plan.units[level])


def committee_of(plan: Plan, level: Level, roster: Sequence[str]) -> Committee | None:
    """Return the committee of a level's totals; None where the servers add the noise, or no committee can."""
    if level is Level.ESTABLISHER or plan.noise is not NoiseSource.COMMITTEE:
        return None
    try:
        return accounting.committee(sigma_squared_of(plan, level), len(roster), plan.colluding)
    except CommitteeImpossible:
        return None


def variance_of(plan: Plan, level: Level, noise: NoiseFrom, roster: Sequence[str]) -> Fraction:
    """Return the variance parameter of the noise that a total carries, by who added it: for intervals and checks."""
    own = sigma_squared_of(plan, level)
    match noise:
        case NoiseFrom.NODE:
            return own
        case NoiseFrom.SERVERS | NoiseFrom.FALLBACK:
            return 2 * own
        case NoiseFrom.COMMITTEE:
            drawn = committee_of(plan, level, roster)
            return own if drawn is None else drawn.variance


def answered(leader: Mapping[str, bytes], helper: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the seats of one total and attempt that both servers hold the same header of."""
    return {node: digest for node, digest in leader.items() if helper.get(node) == digest}


def calls(plan: Plan, opening: Opening, seed: bytes, spec: TotalSpec, answers: Answers) -> tuple[str, ...]:
    """Return whom a total still waits for: the seats that the next attempt calls. Nobody if it is settled."""
    drawn = committee_of(plan, spec.level, opening.roster)
    if drawn is None or spec.withheld is not None:
        return ()
    try:
        found = _called(seed, spec, opening, drawn, answers)
    except CommitteeIncomplete:
        return ()
    return found[-1]


def silences(
    plan: Plan, opening: Opening, seed: bytes, spec: TotalSpec, answers: Answers
) -> tuple[tuple[str, ...], ...]:
    """Return, for each attempt that is over, who was called and did not answer; a settled total has no later ones."""
    drawn = committee_of(plan, spec.level, opening.roster)
    found: list[tuple[str, ...]] = []
    if drawn is not None and spec.withheld is None:
        for over in range(len(answers)):
            try:
                now = called(total_seed(seed, spec.level, spec.area), opening.roster, drawn.seats, found)[-1]
            except CommitteeIncomplete:
                break
            found.append(tuple(node for node in now if node not in answers[over]))
    return tuple(found)


def settle(
    plan: Plan,
    opening: Opening,
    closing: Closing,
    specs: Iterable[TotalSpec],
    seed: bytes,
    answers: Mapping[Total, Answers],
) -> Seating | None:
    """Return who adds the noise to each total that is opened; None while another attempt has to be waited for."""
    found: list[Seats] = []
    for spec in specs:
        if spec.withheld is not None:
            continue
        seats = _seats(plan, opening, seed, spec, answers.get((spec.level, spec.area), ()))
        if seats is None:
            return None
        found.append(seats)
    return Seating(opening.round_id, closing.digest, tuple(found))


def require_seating(seating: Seating, settled: Seating | None) -> None:
    """Check the leader's seating against what this server settles by itself; raises StatementRefused."""
    if seating != settled:
        raise StatementRefused(reason="another seating than follows from what is held here")


def _seats(plan: Plan, opening: Opening, seed: bytes, spec: TotalSpec, answers: Answers) -> Seats | None:
    if spec.level is Level.ESTABLISHER:
        return Seats(spec.level, spec.area, NoiseFrom.NODE)
    if plan.noise is NoiseSource.SERVERS:
        return Seats(spec.level, spec.area, NoiseFrom.SERVERS)
    drawn = committee_of(plan, spec.level, opening.roster)
    fallback = Seats(spec.level, spec.area, NoiseFrom.FALLBACK)
    if drawn is None:
        return fallback
    try:
        attempts = _called(seed, spec, opening, drawn, answers)
    except CommitteeIncomplete:
        return fallback
    if attempts[-1]:
        return None
    members = [
        Entry(node, attempt, answers[attempt][node])
        for attempt, nodes in enumerate(attempts[:-1])
        for node in nodes
        if node in answers[attempt]
    ]
    return Seats(spec.level, spec.area, NoiseFrom.COMMITTEE, tuple(sorted(members, key=lambda one: one.node)))


def _called(
    seed: bytes, spec: TotalSpec, opening: Opening, drawn: Committee, answers: Answers
) -> tuple[tuple[str, ...], ...]:
    """Return whom each attempt calls; the last one is nobody when the committee is full."""
    own, silent = total_seed(seed, spec.level, spec.area), list[tuple[str, ...]]()
    for over in answers:
        now = called(own, opening.roster, drawn.seats, silent)[-1]
        if not now:
            break
        silent.append(tuple(node for node in now if node not in over))
    return called(own, opening.roster, drawn.seats, silent)


def _total(wire: object, place: str) -> tuple[Total, tuple[Entry, ...]]:
    form = Form(wire, place, {"level", "area", "entries"})
    total = (form.choice("level", Level), form.token("area", most=80, also="-."))
    return total, read_all(form, "entries", _MOST_SEATS, read_entry)
