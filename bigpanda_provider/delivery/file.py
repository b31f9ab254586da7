"""The outbox's file: an SQLite database that processes share. Only `outbox.py` uses it.

Each transition is one statement that says which state the record comes from, and tells whether it moved the record. So
of two processes that want to end, send or take over an attempt, one does.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..bigpanda.events import StartEvent, read
from ..bigpanda.text import sendable
from ..errors import InvalidEventError, OutboxError
from ..state import DeliveryStatus, Status
from .attempt import Attempt, End
from .holder import Holder
from .record import Addition, Note, Place, Record, Recorder

VERSION = 6
LOCK_LIMIT_S = 2.0
"""How long a transaction waits for those of other processes."""
KEPT = 10_000
"""How many settled attempts are kept as history, and some more:"""
FORGET_EVERY = 500
"""those that are too many are looked for when the first of a process is settled, and then after so many."""

SCHEMA = """
CREATE TABLE attempt (
    id TEXT PRIMARY KEY,
    stack TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    recorder TEXT NOT NULL,
    holder TEXT NOT NULL,
    lease REAL NOT NULL,
    recorded REAL NOT NULL,
    start TEXT,                 -- none where the event has secret properties: it waits in state only
    start_delivery TEXT NOT NULL,
    status TEXT,                -- none: open
    reason TEXT,
    end_delivery TEXT,
    ended INTEGER,
    in_state INTEGER NOT NULL,
    in_doubt INTEGER NOT NULL,
    folder TEXT,
    why TEXT                    -- why an event of it was not delivered when it was tried last
) WITHOUT ROWID;
CREATE INDEX unsettled ON attempt (stack, address, name, recorded)
    WHERE end_delivery IS NULL OR end_delivery = 'queued';
CREATE TABLE note (
    attempt TEXT PRIMARY KEY,   -- or a Deployment's key, where the attempt is not known yet
    reason TEXT,                -- none: everything in the scope went well, but the Completion was no target
    written REAL NOT NULL
) WITHOUT ROWID;
"""
ADDITION = """
CREATE TABLE addition (
    attempt TEXT NOT NULL,
    hosts TEXT NOT NULL,        -- a list: hosts that the deployment affects beyond those of its start
    holder TEXT NOT NULL,       -- the process that sends them
    until REAL NOT NULL         -- until when at the latest that is under way
);
CREATE INDEX addition_of_attempt ON addition (attempt);
"""
UPGRADES = {
    1: "ALTER TABLE attempt ADD COLUMN stored INTEGER NOT NULL DEFAULT 0",
    2: "ALTER TABLE attempt ADD COLUMN folder TEXT",
    # A start of which it was not known whether it had arrived was open or ended as unconfirmed.
    3: """
       ALTER TABLE attempt RENAME COLUMN owner TO holder;
       ALTER TABLE attempt RENAME COLUMN start_state TO start_delivery;
       ALTER TABLE attempt RENAME COLUMN end_state TO end_delivery;
       ALTER TABLE attempt RENAME COLUMN stored TO in_state;
       ALTER TABLE attempt ADD COLUMN recorder TEXT NOT NULL DEFAULT 'deployment';
       ALTER TABLE attempt ADD COLUMN lease REAL NOT NULL DEFAULT 0;
       ALTER TABLE attempt ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0;
       UPDATE attempt SET holder = '//' || substr(holder, 1, instr(holder, ' ') - 1) || '/'
           || substr(holder, instr(holder, ' ') + 1);
       UPDATE attempt SET recorder = CASE WHEN stack = '' THEN 'person' WHEN folder IS NULL THEN 'deployment'
           ELSE 'runner' END;
       UPDATE attempt SET in_doubt = 1 WHERE start_delivery = 'queued'
           AND (status IS NULL OR reason LIKE 'BigPanda did not confirm the start%');
       DROP INDEX attempt_of_stack;
       CREATE INDEX unsettled ON attempt (stack, address, name, recorded)
           WHERE end_delivery IS NULL OR end_delivery = 'queued'
       """,
    4: f"ALTER TABLE attempt ADD COLUMN ended INTEGER; {ADDITION}",
    5: "ALTER TABLE attempt ADD COLUMN why TEXT",
}
"""What brings a file of that version to the next one."""

COLUMNS = (
    "id, stack, name, address, recorder, holder, lease, recorded, start, start_delivery, status, reason, end_delivery,"
    " ended, in_state, in_doubt, folder, why"
)
UNSETTLED = "(end_delivery IS NULL OR end_delivery = 'queued')"
END_IS_LOST = "(end_delivery IN ('rejected', 'off') AND start_delivery = 'delivered')"
INSERT = f"INSERT OR IGNORE INTO attempt ({COLUMNS}) VALUES ({', '.join('?' * 18)})"  # noqa: S608 - our own names
MOVE = """
UPDATE attempt SET holder = ?, lease = ?, start_delivery = ?, status = ?, reason = ?, end_delivery = ?, ended = ?,
    in_state = ?, in_doubt = ?, address = ?, name = ?, why = ?, start = coalesce(?, start)
WHERE id = ? AND holder = ? AND start_delivery = ? AND status IS ? AND end_delivery IS ? AND (lease = ? OR holder = ?)
"""

RENEW = f"UPDATE attempt SET lease = ? WHERE id = ? AND holder = ? AND {UNSETTLED}"  # noqa: S608

READING = "BEGIN"
"""Begins a transaction that writes nothing: it waits for nobody."""
ADVICE = "events are still sent; set BIGPANDA_OUTBOX to another file, or remove this file"


def default_path(environ: Mapping[str, str]) -> pathlib.Path:
    """`BIGPANDA_OUTBOX`, else a file in the user's state folder; with "~" in it where there is no home folder."""
    folder = environ.get("LOCALAPPDATA") if os.name == "nt" else environ.get("XDG_STATE_HOME")
    otherwise = pathlib.Path(folder or "~/.local/state") / "bigpanda-provider" / "outbox.db"
    path = pathlib.Path(environ["BIGPANDA_OUTBOX"]) if environ.get("BIGPANDA_OUTBOX") else otherwise
    try:
        return path.expanduser()
    except RuntimeError:
        return path


class OutboxFile:
    """The file at a path. Its user sees to it that one thread at a time calls it; each call is one transaction.

    Args:
        path: the file; it and its folder are made when they are written first.

    Raises:
        OutboxError: from every method: it cannot be read or written; the sentence says why.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._settled = 0
        self._db: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    # -- records -------------------------------------------------------------------------------------------------------

    def move(self, moves: Iterable[tuple[Record | None, Record]]) -> list[bool]:
        """Bring records from one state to the next.

        Args:
            moves: pairs of how a record is in the file (None: it is not there), and how it is to be.

        Returns:
            For each whether it was moved. One that was not is in another state by now, or has another holder.
        """
        with self._transaction() as db:
            return [self._moved(db, old, new) for old, new in moves]

    def _moved(self, db: sqlite3.Connection, old: Record | None, new: Record) -> bool:
        if old is None:
            moved = db.execute(INSERT, _all_values(new)).rowcount == 1
        else:
            # Its holder may have renewed the lease since the record was read: only another process minds that.
            came_from = (*_state_values(old), old.lease, str(new.holder))
            moved = db.execute(MOVE, (*_new_values(old, new), new.id, str(old.holder), *came_from)).rowcount == 1
        if moved and new.attempt.is_settled:
            db.execute("DELETE FROM note WHERE attempt IN (?, ?)", (new.id, _key(new.place.stack, new.place.name)))
            db.execute("DELETE FROM addition WHERE attempt = ?", (new.id,))
            if self._settled % FORGET_EVERY == 0:
                db.execute(
                    "DELETE FROM attempt WHERE end_delivery <> 'queued' AND recorded <="
                    " (SELECT recorded FROM attempt WHERE end_delivery <> 'queued'"
                    " ORDER BY recorded DESC LIMIT 1 OFFSET ?)",
                    (KEPT,),
                )
            self._settled += 1
        return moved

    def forget(self, record: Record) -> bool:
        """Remove a record whose start cannot have arrived; whether it was still so."""
        with self._transaction() as db:
            removed = db.execute(
                "DELETE FROM attempt WHERE id = ? AND holder = ? AND start_delivery <> 'delivered'",
                (record.id, str(record.holder)),
            )
            return removed.rowcount == 1

    def renew(self, records: Iterable[Record], until: float) -> int:
        """Extend leases, of those that still have the holder that they had; how many these are.

        Args:
            records: whose leases.
            until: in Unix seconds.
        """
        with self._transaction() as db:
            renewed = db.executemany(RENEW, [(until, record.id, str(record.holder)) for record in records])
            return renewed.rowcount

    def find(self, attempt: str) -> Record | None:
        """The record of this attempt."""
        found = self._select("id = ?", attempt)
        return found[0] if found else None

    def unsettled(self, stack: str, address: str, name: str | None = None) -> list[Record]:
        """The attempts of a stack to an address, or of one Deployment in it, that are open or wait, oldest first."""
        of_name = [] if name is None else [name]
        where = "stack = ? AND address = ?" + " AND name = ?" * len(of_name)
        return self._select(f"{where} AND {UNSETTLED} ORDER BY recorded, id", stack, address, *of_name)

    def unsettled_of_all(self) -> list[Record]:
        """The attempts of every stack and address that are open or wait, oldest first."""
        return self._select(f"{UNSETTLED} ORDER BY recorded, id")

    def unended(self) -> list[Record]:
        """As `unsettled_of_all`, with those that BigPanda still has in progress, since their end will never arrive."""
        return self._select(f"{UNSETTLED} OR {END_IS_LOST} ORDER BY recorded, id")

    def latest(self) -> list[Record]:
        """Every attempt that is kept, the newest first."""
        return self._select("TRUE ORDER BY recorded DESC, id")

    def _select(self, where: str, *values: str) -> list[Record]:
        with self._transaction(READING) as db:
            query = f"SELECT {COLUMNS} FROM attempt WHERE {where}"  # noqa: S608
            found = db.execute(query, [sendable(value) for value in values])
            return [_record(row) for row in found]

    # -- additions -----------------------------------------------------------------------------------------------------

    def add_hosts(self, attempt: str, hosts: Iterable[str], holder: Holder, until: float) -> bool:
        """Add hosts to an attempt, which that process is going to send; whether it is open, and its event known here.

        Args:
            attempt: the attempt's id.
            hosts: the hosts.
            holder: the process.
            until: when it has done so at the latest, in Unix seconds.
        """
        with self._transaction() as db:
            told = sendable(json.dumps(list(hosts), ensure_ascii=False))
            added = db.execute(
                "INSERT INTO addition SELECT id, ?, ?, ? FROM attempt"
                " WHERE id = ? AND status IS NULL AND start IS NOT NULL",
                (told, str(holder), until, sendable(attempt)),
            )
            return added.rowcount == 1

    def addition_is_over(self, attempt: str, holder: Holder) -> None:
        """What that process was to send of the attempt's hosts is sent, or is not."""
        with self._transaction() as db:
            over = "UPDATE addition SET until = 0 WHERE attempt = ? AND holder = ?"
            db.execute(over, (sendable(attempt), str(holder)))

    def additions(self, attempt: str) -> list[Addition]:
        """What was added to the attempt, in its order."""
        with self._transaction(READING) as db:
            found = db.execute("SELECT * FROM addition WHERE attempt = ? ORDER BY rowid", (sendable(attempt),))
            return [Addition(tuple(json.loads(r["hosts"])), Holder.parse(r["holder"]), r["until"]) for r in found]

    # -- notes ---------------------------------------------------------------------------------------------------------

    def note(self, attempt: str, reason: str | None) -> None:
        """Note, for whoever ends the attempt, why it fails, or (None) that its scope went well. The first counts."""
        self._note("INSERT OR IGNORE", attempt, reason)

    def note_deployment(self, stack: str, name: str, reason: str) -> None:
        """Note why a Deployment fails whose attempt is not known yet. The last counts: others are of earlier runs."""
        self._note("INSERT OR REPLACE", _key(stack, name), reason)

    def _note(self, insert: str, key: str, reason: str | None) -> None:
        with self._transaction() as db:
            told = None if reason is None else sendable(reason)
            db.execute(f"{insert} INTO note VALUES (?, ?, ?)", (sendable(key), told, time.time()))

    def noted(self, attempt: str) -> Note | None:
        """What was noted of the attempt."""
        with self._transaction(READING) as db:
            found = db.execute("SELECT reason, written FROM note WHERE attempt = ?", (sendable(attempt),)).fetchone()
        return Note(found["reason"], found["written"]) if found else None

    def noted_of_deployment(self, place: Place) -> Note | None:
        """What was noted last of the Deployment."""
        return self.noted(_key(place.stack, place.name))

    # -- the file ------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close it; it is opened again when it is used."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    @contextlib.contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        try:
            db = self._connection()
            try:
                db.execute(begin)
                try:
                    yield db
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
            except BaseException:
                self.close()
                raise
        except (sqlite3.Error, OSError, ValueError, InvalidEventError) as error:
            raise OutboxError(sendable(f"the outbox {self.path} cannot be used ({error}); {ADVICE}")) from None

    def _connection(self) -> sqlite3.Connection:
        """The connection, to the file that is there now."""
        if self._db is None or self._opened != self._identity():
            self.close()
            self._db = self._connect()
            self._opened = self._identity()
        return self._db

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _connect(self) -> sqlite3.Connection:
        if self.path.parts[:1] == ("~",):
            raise OSError("there is no home folder")
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.touch(mode=0o600)
        db = sqlite3.connect(self.path, timeout=LOCK_LIMIT_S, isolation_level=None, check_same_thread=False)
        try:
            db.row_factory = sqlite3.Row
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise ValueError(f"the file was written by a newer version of this package, format {version}")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            if version < VERSION:
                _upgrade(db)
        except BaseException:
            db.close()
            raise
        return db


def _upgrade(db: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an earlier version up to this one."""
    db.execute("BEGIN IMMEDIATE")
    version = db.execute("PRAGMA user_version").fetchone()[0]  # somebody else may have been quicker
    statements = [SCHEMA, ADDITION] if version == 0 else [UPGRADES[step] for step in range(version, VERSION)]
    for statement in ";".join(statements).split(";"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("COMMIT")


def _key(stack: str, name: str) -> str:
    """What a Deployment's note stands under; no attempt's id has a line break."""
    return f"{stack}\n{name}"


def _state_values(record: Record) -> tuple[Any, ...]:
    """What tells a record's state: what became of its start, how it ended, and what became of that."""
    end = record.attempt.end
    told = (None, None) if end is None else (end.status.value, end.delivery.value)
    return record.attempt.start_delivery.value, *told


def _new_values(old: Record, record: Record) -> Sequence[Any]:
    start, status, delivery = _state_values(record)
    end, place = record.attempt.end, record.place
    reason, ended = (None, None) if end is None else (end.reason, end.at)
    kept = (record.in_state, record.in_doubt, sendable(place.address), sendable(place.name), record.why)
    added = None if record.attempt.start is old.attempt.start else _start_value(record)  # most transitions keep it
    return str(record.holder), record.lease, start, status, reason, delivery, ended, *kept, added


def _all_values(record: Record) -> Sequence[Any]:
    start, status, delivery = _state_values(record)
    attempt, place = record.attempt, record.place
    return (
        record.id,
        *(sendable(text) for text in (place.stack, place.name, place.address)),
        record.recorder.value,
        str(record.holder),
        record.lease,
        record.recorded,
        _start_value(record),
        start,
        status,
        None if attempt.end is None else attempt.end.reason,
        delivery,
        None if attempt.end is None else attempt.end.at,
        record.in_state,
        record.in_doubt,
        record.folder and sendable(record.folder),
        record.why,
    )


def _start_value(record: Record) -> str | None:
    """The start as the file has it: none where it has secret properties."""
    if record.is_secret or record.attempt.start is None:
        return None
    return sendable(json.dumps(record.attempt.start.stored(), ensure_ascii=False))


def _record(row: sqlite3.Row) -> Record:
    end = None
    if row["status"] is not None:
        end = End(Status(row["status"]), row["reason"], DeliveryStatus(row["end_delivery"]), row["ended"])
    start = None if row["start"] is None else read(StartEvent, json.loads(row["start"]))
    return Record(
        attempt=Attempt(row["id"], start, DeliveryStatus(row["start_delivery"]), end),
        place=Place(row["stack"], row["name"], row["address"]),
        recorder=Recorder(row["recorder"]),
        holder=Holder.parse(row["holder"]),
        lease=row["lease"],
        recorded=row["recorded"],
        is_secret=start is None,
        in_state=bool(row["in_state"]),
        in_doubt=bool(row["in_doubt"]),
        folder=row["folder"],
        why=row["why"],
    )
