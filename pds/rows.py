"""Rows with a revision: how a room brings wanted values into one of its tables, and takes them back again.

Every room that keeps the people and places of a node merges files the same way: a row that is not there is made, one
that differs gets the next revision, one that says the same is left alone. What stood before goes to the caller, who
keeps it for as long as the change may be taken back. Nothing here decides what is wanted; it only compares and writes.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, Table, Uuid, any_, bindparam, insert, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Date

from trust.keyring import KeyErased
from web.database import Base

Key = tuple[Any, ...]
Values = dict[str, Any]
BATCH = 500
"""Rows per statement: large enough to hide round trips, small enough to keep memory flat."""


class Outcome(StrEnum):
    """What a wanted row comes to. `ENDED` is a row taken off, `NEW` also one that had been taken off before."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Change:
    """One row that was made or changed. `before` is what stood there; None where nothing did."""

    kind: str
    key: Key
    learner: UUID | None
    before: Values | None
    revision: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a row shall stand. `details` is the content of the sealed column; `once` is written only with a new row."""

    key: Key
    values: Values
    details: object = None
    once: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shelf:
    """One table: its key, the columns that say something, and the column that is sealed to the row's revision.

    `seal` and `unseal` get the row's key beside content and revision; `subject` is the position in the key of whom the
    content is sealed for. `learner` is the position of the learner, where the rows are about one.
    """

    kind: str
    model: type[Base]
    key: tuple[str, ...]
    values: tuple[str, ...]
    learner: int | None = None
    sealed: str | None = None
    subject: int | None = None
    seal: Callable[[object, bytes, Key, int], bytes] | None = None
    unseal: Callable[[bytes, bytes, Key, int], object] | None = None

    @property
    def table(self) -> Table:
        """The table behind the model."""
        table = self.model.__table__
        if not isinstance(table, Table):
            raise TypeError(f"{self.model.__name__} is not mapped to one table")
        return table

    def key_of(self, row: Mapping[str, Any]) -> Key:
        """Return a row's key."""
        return tuple(row[name] for name in self.key)


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge: one outcome per wanted row, in order, and the changes that were made."""

    outcomes: list[Outcome]
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Stuck:
    """A change that was not taken back: its row says something else by now, or others hang on it."""

    change: Change
    code: str


def derive_id(key: bytes, *parts: str) -> UUID:
    """Return the id that a thing of another system has here: keyed, so that nobody outside can tell one from another.

    The same parts give the same id, so work that is taken over makes no second thing.
    """
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return UUID(bytes=hmac.digest(key, message, hashlib.sha256)[:16], version=4)


def standing_rows(session: Session, shelf: Shelf, keys: Iterable[Key]) -> dict[Key, Values]:
    """Read the rows that stand under some keys, withdrawn ones too."""
    table = shelf.table
    leading = table.c[shelf.key[0]]
    wanted = set(keys)
    found: dict[Key, Values] = {}
    if wanted:
        for row in session.execute(select(table).where(leading == any_of(leading, {key[0] for key in wanted}))):
            values = dict(row._mapping)
            key = shelf.key_of(values)
            if key in wanted:
                found[key] = values
    return found


def any_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[Any]:
    """Return the right-hand side of `column = ANY (array)`: one parameter, however many values."""
    return any_(literal(list(values), ARRAY(column.type)))


def merge(
    session: Session,
    shelf: Shelf,
    wanted: Sequence[Wanted],
    standing: Mapping[Key, Values],
    *,
    keys: Mapping[UUID, bytes] | None = None,
    write: bool,
) -> Merged:
    """Compare wanted rows with what stands and, where told to, write the difference.

    `keys` hold the subject keys of a sealed table. A wanted row that is withdrawn and does not stand is nothing.
    """
    outcomes: list[Outcome] = []
    changes: list[Change] = []
    fresh: list[Values] = []
    altered: list[Values] = []
    for row in wanted:
        old = standing.get(row.key)
        outcome = _compare(shelf, row, old, keys)
        outcomes.append(outcome)
        if outcome is Outcome.UNCHANGED or not write:
            continue
        revision = 1 if old is None else old["revision"] + 1
        values = _written(shelf, row, old, revision, keys)
        if old is None:
            fresh.append({**values, **row.once})
        else:
            altered.append(values)
        changes.append(_change(shelf, row.key, old, revision))
    insert_rows(session, shelf.table, fresh)
    _update_rows(session, shelf, altered)
    return Merged(outcomes, changes)


def take_back(
    session: Session,
    shelf: Shelf,
    changes: Sequence[Change],
    *,
    subject_keys: Callable[[Iterable[UUID]], Mapping[UUID, bytes]] | None = None,
    in_use: Callable[[Sequence[Key]], set[Key]] | None = None,
) -> list[Stuck]:
    """Restore what stood before some changes, as the next revision; a row that was new is withdrawn.

    `in_use` names those of the new rows that something else hangs on by now; these stay. Returns what could not be
    taken back; everything else was.
    """
    standing = standing_rows(session, shelf, [change.key for change in changes])
    fresh = [change.key for change in changes if change.before is None]
    held = in_use(fresh) if in_use is not None and fresh else set()
    keys: Mapping[UUID, bytes] = {}
    if subject_keys is not None and shelf.subject is not None:
        keys = subject_keys({change.key[shelf.subject] for change in changes})
    stuck: list[Stuck] = []
    altered: list[Values] = []
    for change in changes:
        row = standing.get(change.key)
        if row is None or (shelf.subject is not None and change.key[shelf.subject] not in keys):
            stuck.append(Stuck(change, "gone"))
        elif row["revision"] != change.revision:
            stuck.append(Stuck(change, "changed_later"))
        elif change.key in held:
            stuck.append(Stuck(change, "in_use"))
        else:
            altered.append(_restored(shelf, change, row, keys))
    _update_rows(session, shelf, altered)
    return stuck


def insert_rows(session: Session, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows that agree in their columns, a batch per statement."""
    for start in range(0, len(rows), BATCH):
        session.execute(insert(table), rows[start : start + BATCH])


def to_json(values: Mapping[str, Any]) -> Values:
    """Return a row in JSON types, for keeping what stood before a change."""
    return {name: _to_json(value) for name, value in values.items()}


def from_json(shelf: Shelf, values: Mapping[str, Any]) -> Values:
    """Return a row that `to_json` wrote, in the types of its columns."""
    return {name: _from_json(shelf.table, name, value) for name, value in values.items()}


def key_to_json(key: Key) -> list[str]:
    """Return a key in JSON types."""
    return [str(_to_json(part)) for part in key]


def key_from_json(shelf: Shelf, parts: Sequence[str]) -> Key:
    """Return a key that `key_to_json` wrote."""
    return tuple(_from_json(shelf.table, name, part) for name, part in zip(shelf.key, parts, strict=True))


def _compare(shelf: Shelf, row: Wanted, old: Values | None, keys: Mapping[UUID, bytes] | None) -> Outcome:
    ends = bool(row.values.get("withdrawn"))
    if old is None:
        return Outcome.UNCHANGED if ends else Outcome.NEW
    if old.get("withdrawn"):
        return Outcome.UNCHANGED if ends else Outcome.NEW
    if ends:
        return Outcome.ENDED
    if any(old[name] != value for name, value in row.values.items()):
        return Outcome.CHANGED
    if shelf.sealed is None or shelf.unseal is None:
        return Outcome.UNCHANGED
    said = shelf.unseal(old[shelf.sealed], _key_for(shelf, row.key, keys), row.key, old["revision"])
    return Outcome.UNCHANGED if said == row.details else Outcome.CHANGED


def _written(shelf: Shelf, row: Wanted, old: Values | None, revision: int, keys: Mapping[UUID, bytes] | None) -> Values:
    """Return the columns to write: what is wanted, over what stands, sealed to the new revision."""
    values = dict(zip(shelf.key, row.key, strict=True))
    if old is not None:
        values.update({name: old[name] for name in shelf.values})
    values.update(row.values)
    values["revision"] = revision
    if shelf.sealed is not None and shelf.seal is not None and shelf.unseal is not None:
        key, content = _key_for(shelf, row.key, keys), row.details
        if content is None and old is not None:
            content = shelf.unseal(old[shelf.sealed], key, row.key, old["revision"])
        values[shelf.sealed] = shelf.seal(content, key, row.key, revision)
    return values


def _key_for(shelf: Shelf, key: Key, keys: Mapping[UUID, bytes] | None) -> bytes:
    if keys is None or shelf.subject is None:
        raise ValueError(f"{shelf.kind} is sealed, its keys are needed")
    found = keys.get(key[shelf.subject])
    if found is None:
        raise KeyErased
    return found


def _change(shelf: Shelf, key: Key, old: Values | None, revision: int) -> Change:
    before = None
    if old is not None:
        names = (*shelf.values, "revision") if shelf.sealed is None else (*shelf.values, "revision", shelf.sealed)
        before = {name: old[name] for name in names}
    return Change(shelf.kind, key, None if shelf.learner is None else key[shelf.learner], before, revision)


def _restored(shelf: Shelf, change: Change, row: Values, keys: Mapping[UUID, bytes]) -> Values:
    source = row if change.before is None else change.before
    revision = change.revision + 1
    values = {**dict(zip(shelf.key, change.key, strict=True)), "revision": revision}
    values.update({name: source[name] for name in shelf.values})
    if change.before is None:
        values["withdrawn"] = True
    if shelf.sealed is not None and shelf.seal is not None and shelf.unseal is not None:
        key = _key_for(shelf, change.key, keys)
        content = shelf.unseal(source[shelf.sealed], key, change.key, source["revision"])
        values[shelf.sealed] = shelf.seal(content, key, change.key, revision)
    return values


def _update_rows(session: Session, shelf: Shelf, rows: Sequence[Values]) -> None:
    if not rows:
        return
    table = shelf.table
    names = [name for name in rows[0] if name not in shelf.key]
    statement = (
        update(table)
        .where(*(table.c[name] == bindparam(f"key_{name}") for name in shelf.key))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    connection = session.connection()
    for start in range(0, len(rows), BATCH):
        connection.execute(
            statement,
            [
                {f"key_{name}": row[name] for name in shelf.key} | {f"new_{name}": row[name] for name in names}
                for row in rows[start : start + BATCH]
            ],
        )


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def _from_json(table: Table, name: str, value: Any) -> Any:
    if value is None:
        return None
    kind = table.c[name].type
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    if isinstance(kind, Uuid):
        return UUID(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return value
