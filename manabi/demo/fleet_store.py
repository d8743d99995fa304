"""What the fleet's nodes must not forget: one SQLite file for all of them, each node with rows of its own.

Noise is sealed under a key of its node; shares are sealed to the servers already. Every method is one transaction that
is on the disk when it returns.
"""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aggregator.plans.model import Level, Plan
from aggregator.protocol.shares import Side
from aggregator.protocol.statements import Opening
from aggregator.reporter.errors import NoiseUnfit, Overtaken
from aggregator.reporter.noise import KeptNoise
from aggregator.reporter.report import Prepared
from aggregator.reporter.state import KeptReport, KeptSeat, ReportState, SeatPlace
from trust.errors import ManabiError
from trust.files import lay_file
from trust.framing import frame

_NONCE_BYTES: Final = 12
_ANY: Final = ""
"""Where a problem stands that is not about one round."""
_TABLES: Final = """
PRAGMA journal_mode = WAL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS round (round_id TEXT PRIMARY KEY, school_year INTEGER, units INTEGER, state TEXT);
CREATE TABLE IF NOT EXISTS plan (digest BLOB PRIMARY KEY, token TEXT);
CREATE TABLE IF NOT EXISTS problem (node TEXT, round_id TEXT, code TEXT, PRIMARY KEY (node, round_id));
CREATE TABLE IF NOT EXISTS noise (node TEXT, round_id TEXT, sealed BLOB, PRIMARY KEY (node, round_id));
CREATE TABLE IF NOT EXISTS report (
    node TEXT, round_id TEXT, sequence INTEGER, plan BLOB, state TEXT, header TEXT, read BLOB, leader_share BLOB,
    helper_share BLOB, leader_receipt TEXT, helper_receipt TEXT, PRIMARY KEY (node, round_id, sequence)
);
CREATE TABLE IF NOT EXISTS seat (
    node TEXT, round_id TEXT, level TEXT, area TEXT, attempt INTEGER, header TEXT, leader_share BLOB,
    helper_share BLOB, leader_receipt TEXT, helper_receipt TEXT, PRIMARY KEY (node, round_id, level, area, attempt)
);
"""
_REPORT: Final = (
    "round_id, sequence, plan, state, header, read, leader_share, helper_share, leader_receipt, helper_receipt"
)
_RECEIPT: Final = {Side.LEADER: "leader_receipt", Side.HELPER: "helper_receipt"}


class FleetStore:
    """The store of one node in the fleet's file."""

    def __init__(self, path: Path, node: str, key: bytes) -> None:
        self._path, self._node, self._key = path, node, key

    def see(self, plan: Plan, token: str, opening: Opening, state: str, now: datetime) -> None:
        """Note a round that was announced, with the signed plan; what is noted already is not written again."""
        row = (opening.round_id, plan.school_year, plan.total_units, state)
        if row not in self._read("SELECT * FROM round WHERE round_id = ?", (opening.round_id,)):
            self._write_all(
                ("INSERT OR REPLACE INTO round VALUES (?, ?, ?, ?)", row),
                ("INSERT OR IGNORE INTO plan VALUES (?, ?)", (plan.digest, token)),
            )

    def plan_token(self, digest: bytes) -> str | None:
        """Return a plan that was seen before, as its leader signed it."""
        rows = self._read("SELECT token FROM plan WHERE digest = ?", (digest,))
        return str(rows[0][0]) if rows else None

    def note(self, round_id: str | None, problem: ManabiError | None, now: datetime) -> None:
        """Note what keeps this node from reporting to a round, or to any, or that nothing does."""
        place = (self._node, round_id or _ANY)
        known = self._read("SELECT code FROM problem WHERE node = ? AND round_id = ?", place)
        if problem is not None and known != [(problem.code,)]:
            self._write("INSERT OR REPLACE INTO problem VALUES (?, ?, ?)", (*place, problem.code))
        elif problem is None and known:
            self._write("DELETE FROM problem WHERE node = ? AND round_id = ?", place)

    def problems(self) -> list[str]:
        """Return the codes of what keeps this node from reporting."""
        return [str(code) for (code,) in self._read("SELECT code FROM problem WHERE node = ?", (self._node,))]

    def noise(self, round_id: str) -> KeptNoise | None:
        """Return the noise that was drawn for a round; raises NoiseUnfit if it does not open."""
        rows = self._read("SELECT sealed FROM noise WHERE node = ? AND round_id = ?", (self._node, round_id))
        if not rows:
            return None
        sealed = bytes(rows[0][0])
        try:
            raw = AESGCM(self._key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._place(round_id))
        except InvalidTag as error:
            raise NoiseUnfit from error
        return KeptNoise.from_bytes(raw)

    def newest(self, round_id: str) -> KeptReport | None:
        """Return the submission with the highest sequence."""
        rows = self._read(
            f"SELECT {_REPORT} FROM report WHERE node = ? AND round_id = ? ORDER BY sequence DESC LIMIT 1",  # noqa: S608
            (self._node, round_id),
        )
        return _report(rows[0]) if rows else None

    def spent_units(self, school_year: int) -> int:
        """Return what all rounds of a school year that this node has a submission in cost each of its children."""
        rows = self._read(
            "SELECT COALESCE(SUM(units), 0) FROM round WHERE school_year = ?"
            " AND round_id IN (SELECT round_id FROM report WHERE node = ?)",
            (school_year, self._node),
        )
        return int(rows[0][0])

    def keep(self, prepared: Prepared, plan: Plan, read_digest: bytes, now: datetime) -> None:
        """Keep a submission and its noise in one step; raises Overtaken where its sequence is taken."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + AESGCM(self._key).encrypt(nonce, prepared.noise.to_bytes(), self._place(prepared.round_id))
        report = (
            self._node, prepared.round_id, prepared.sequence, prepared.plan_digest, ReportState.PREPARED.value,
            prepared.header, read_digest, prepared.leader_envelope, prepared.helper_envelope, None, None,
        )  # fmt: skip
        try:
            self._write_all(
                ("INSERT INTO report VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", report),
                ("INSERT OR REPLACE INTO noise VALUES (?, ?, ?)", (self._node, prepared.round_id, sealed)),
            )
        except sqlite3.IntegrityError as error:
            raise Overtaken from error

    def acknowledge(self, round_id: str, sequence: int, side: Side, receipt: str, now: datetime) -> None:
        """Keep what a server signed; with both receipts the submission is sent."""
        place = (self._node, round_id, sequence)
        where = "WHERE node = ? AND round_id = ? AND sequence = ?"
        self._write_all(
            (f"UPDATE report SET {_RECEIPT[side]} = ? {where}", (receipt, *place)),  # noqa: S608
            (
                f"UPDATE report SET state = 'sent' {where} AND state = 'prepared'"  # noqa: S608
                " AND leader_receipt IS NOT NULL AND helper_receipt IS NOT NULL",
                place,
            ),
        )

    def settle(self, round_id: str, sequence: int | None, now: datetime) -> None:
        """Note that a round is closed with this submission, or without any; destroy noise and shares."""
        place = (self._node, round_id)
        self._write_all(
            (
                "UPDATE report SET state = CASE WHEN sequence = ? THEN 'settled' ELSE 'missed' END,"
                " leader_share = NULL, helper_share = NULL WHERE node = ? AND round_id = ?",
                (sequence, *place),
            ),
            ("DELETE FROM noise WHERE node = ? AND round_id = ?", place),
        )

    def seats(self, round_id: str) -> tuple[KeptSeat, ...]:
        """Return the seats that this node has made noise for."""
        rows = self._read(
            "SELECT level, area, attempt, header, leader_share, helper_share, leader_receipt, helper_receipt"
            " FROM seat WHERE node = ? AND round_id = ? ORDER BY level, area, attempt",
            (self._node, round_id),
        )
        return tuple(
            KeptSeat(SeatPlace(round_id, Level(level), area, attempt), *rest) for level, area, attempt, *rest in rows
        )

    def keep_seat(self, seat: KeptSeat, now: datetime) -> None:
        """Keep a seat's noise; raises Overtaken where there is one already."""
        place = (self._node, seat.place.round_id, seat.place.level.value, seat.place.area, seat.place.attempt)
        try:
            self._write(
                "INSERT INTO seat VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*place, seat.header, seat.leader_share, seat.helper_share, seat.leader_receipt, seat.helper_receipt),
            )
        except sqlite3.IntegrityError as error:
            raise Overtaken from error

    def acknowledge_seat(self, place: SeatPlace, side: Side, receipt: str) -> None:
        """Keep what a server signed; with both, the shares go."""
        where = "WHERE node = ? AND round_id = ? AND level = ? AND area = ? AND attempt = ?"
        key = (self._node, place.round_id, place.level.value, place.area, place.attempt)
        self._write_all(
            (f"UPDATE seat SET {_RECEIPT[side]} = ? {where}", (receipt, *key)),  # noqa: S608
            (
                f"UPDATE seat SET leader_share = NULL, helper_share = NULL {where}"  # noqa: S608
                " AND leader_receipt IS NOT NULL AND helper_receipt IS NOT NULL",
                key,
            ),
        )

    def _place(self, round_id: str) -> bytes:
        return frame(b"manabi-demo-noise-v1", self._node.encode(), round_id.encode())

    def _read(self, question: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with closing(_connect(self._path)) as connection:
            return connection.execute(question, values).fetchall()

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        self._write_all((statement, values))

    def _write_all(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        with closing(_connect(self._path)) as connection, connection:
            for statement, values in statements:
                connection.execute(statement, values)


def lay_store(path: Path) -> None:
    """Lay the file, readable by its owner alone; one that exists is left as it is."""
    lay_file(path)
    with closing(_connect(path)) as connection:
        connection.executescript(_TABLES)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _report(row: tuple[Any, ...]) -> KeptReport:
    round_id, sequence, plan, state, header, read, *rest = row
    return KeptReport(round_id, sequence, plan, ReportState(state), header, read, *rest)
