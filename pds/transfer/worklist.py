"""The work list of a school or board: every open move by deadline, in three states, with the counts of each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from pds.look_back.words import Part
from pds.people.details import Name
from trust.errors import N_


class Side(StrEnum):
    """Whether the child leaves a school here or comes to one."""

    OUTGOING = "outgoing"  # 送る
    INCOMING = "incoming"  # 受け取る


class Standing(StrEnum):
    """Where a case stands, in the three words of the list."""

    UNTOUCHED = "untouched"  # 未着手: somebody here has to act
    WAITING = "waiting"  # 相手待ち: the family, or the other school
    DONE = "done"  # 完了


SIDE_NAMES: Final[Mapping[Side, str]] = {Side.OUTGOING: N_("Sending"), Side.INCOMING: N_("Receiving")}
STANDING_NAMES: Final[Mapping[Standing, tuple[str, str]]] = {
    Standing.UNTOUCHED: (N_("To do"), "warning"),
    Standing.WAITING: (N_("Waiting for others"), "waiting"),
    Standing.DONE: (N_("Done"), "success"),
}
"""Each state by name, and the shape beside it."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case as the list shows it: the child, what it needs or waits for, since when, and until when.

    `other` is the school on the other side, as far as it is known yet.
    """

    side: Side
    learner: UUID
    transfer: UUID
    name: Name
    school: str
    other: str | None
    standing: Standing
    need: Part
    since: date
    due: date | None

    @property
    def address(self) -> str:
        """Where the case is opened."""
        return f"/staff/transfers/{self.side}/{self.learner}/{self.transfer}/"

    def overdue(self, today: date) -> bool:
        """Tell whether the deadline of an open case has passed."""
        return self.due is not None and self.due < today and self.standing is not Standing.DONE


@dataclass(frozen=True, slots=True)
class WorkList:
    """The rows a reader asked for, each state by deadline, and how many there are of everything."""

    groups: tuple[tuple[Standing, tuple[CaseRow, ...]], ...]
    sides: Mapping[Side, int]
    standings: Mapping[Standing, int]
    side: Side | None
    standing: Standing | None

    @property
    def untouched(self) -> int:
        """How many cases need somebody here, whatever the filter shows."""
        return self.standings[Standing.UNTOUCHED]


def arrange(rows: Iterable[CaseRow], side: Side | None, standing: Standing | None) -> WorkList:
    """Filter and order: what needs somebody first, then by deadline, then by how long it has been open.

    Without a filter on the state, closed cases are counted and not shown. Counts of states are those of the chosen
    side, counts of sides those of open cases.
    """
    every = list(rows)
    here = [row for row in every if side in (None, row.side)]
    wanted = [standing] if standing else [Standing.UNTOUCHED, Standing.WAITING]
    groups = tuple(
        (state, tuple(sorted((row for row in here if row.standing is state), key=_order))) for state in wanted
    )
    open_sides = Counter(row.side for row in every if row.standing is not Standing.DONE)
    states = Counter(row.standing for row in here)
    return WorkList(
        tuple((state, found) for state, found in groups if found),
        {one: open_sides[one] for one in Side},
        {one: states[one] for one in Standing},
        side,
        standing,
    )


def _order(row: CaseRow) -> tuple[date, date, str]:
    if row.standing is Standing.DONE:  # the newest first
        return (date.min, date.min + (date.max - row.since), str(row.transfer))
    return (row.due or date.max, row.since, str(row.transfer))
