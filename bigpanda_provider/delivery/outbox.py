"""The outbox: a local SQLite record of every attempt, and the meeting point of program and provider process.

What an attempt's events are and what became of them is written before and after each is sent, so that a later run on
this machine knows what an earlier one, killed at any moment, has left. A row belongs to a stack, an address and the
process that made it; only a run of that stack to that address sends what waits in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..bigpanda.events import StartEvent, Status, read
from ..bigpanda.text import clean
from ..errors import InvalidEventError, OutboxError
from .attempt import Attempt, State
from .owner import Owner

VERSION = 3
BY_HAND = ""
"""The stack of an attempt that is started and ended by hand: nothing but that end leaves it open no more."""

LOCK_LIMIT_MS = 2000
KEPT = 10_000
"""How many settled attempts are kept as history, and some more:"""
FORGET_EVERY = 500
"""which are too many is looked for when the first of a process is settled, and then after so many."""

READING = "BEGIN"
"""Begins a transaction that writes nothing: it waits for nobody."""

SCHEMA = """
CREATE TABLE attempt (
    id TEXT PRIMARY KEY,
    stack TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    owner TEXT NOT NULL,
    recorded REAL NOT NULL,
    start TEXT,                 -- none where the event has secret properties: it waits in state only
    start_state TEXT NOT NULL,
    status TEXT,                -- none: open
    reason TEXT,
    end_state TEXT,
    stored INTEGER NOT NULL,    -- 1: the stack's state holds it too
    folder TEXT                 -- the project's folder, where `bigpanda-release` recorded the update of a whole stack
) WITHOUT ROWID;
CREATE INDEX attempt_of_stack ON attempt (stack, address, recorded);
CREATE TABLE note (
    attempt TEXT PRIMARY KEY,   -- or a Deployment's key, where the attempt is not known yet
    reason TEXT,                -- none: everything in the scope went well, but the Completion was no target
    written REAL NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Place:
    """Where an attempt belongs.

    Attributes:
        stack: the stack's full name: organization/project/stack.
        name: the Deployment's name in it.
        address: BigPanda's base URL.
    """

    stack: str
    name: str
    address: str


@dataclass(frozen=True)
class Row:
    """An attempt in the outbox.

    Attributes:
        id: the attempt's id.
        place: where it belongs.
        owner: the process that made it, or took it over.
        start: its start; None where its properties wait in state only.
        start_state: what became of the start.
        status: how it ended; None while it is open.
        reason: why it failed.
        end_state: what became of the end; None while it is open.
        stored: whether the stack's state holds the attempt too: then whichever machine runs next sees to it.
        folder: the project's folder, where the release runner recorded it; None where a Deployment or a hand did.
        recorded: when it was written first, in Unix seconds.
    """

    id: str
    place: Place
    owner: Owner
    start: StartEvent | None
    start_state: State
    status: Status | None
    reason: str | None
    end_state: State | None
    stored: bool
    folder: str | None
    recorded: float

    @property
    def left_open(self) -> bool:
        """Whether it is open and nobody is left who would end it."""
        return self.status is None and self.place.stack != BY_HAND and not self.owner.alive

    @property
    def is_open(self) -> bool:
        """Whether BigPanda has it in progress, or will: it has no end, or one that BigPanda rejected."""
        return self.start_state is not State.REJECTED and self.end_state in (None, State.REJECTED)

    def attempt(self, start: StartEvent | None = None) -> Attempt | None:
        """The attempt, with the given start where the row has none; None where there is neither."""
        known = self.start or start
        if known is None:
            return None
        return Attempt(self.id, known, self.start_state, self.status, self.reason, self.end_state)


@dataclass(frozen=True)
class Note:
    """What the program's process knows of an attempt.

    Attributes:
        reason: why it fails; None where everything in its scope went well.
        written: when, in Unix seconds.
    """

    reason: str | None
    written: float

    @property
    def end(self) -> tuple[Status, str | None]:
        """How the attempt ends, and why."""
        return (Status.SUCCESS, None) if self.reason is None else (Status.FAILURE, self.reason)


def default_path(environ: Mapping[str, str]) -> pathlib.Path:
    """`BIGPANDA_OUTBOX`, else a file in the user's state folder."""
    if environ.get("BIGPANDA_OUTBOX"):
        return pathlib.Path(environ["BIGPANDA_OUTBOX"]).expanduser()
    folder = environ.get("LOCALAPPDATA") if os.name == "nt" else environ.get("XDG_STATE_HOME")
    return pathlib.Path(folder or "~/.local/state").expanduser() / "bigpanda-provider" / "outbox.db"


class Outbox:
    """The record at a path. Threads and processes share it; each call is one transaction.

    Args:
        path: the file.
        keep_open: whether each thread keeps its connection, as is good in a process that lives as long as one update:
            to open one takes longer than what is done with it, and when the last one is closed SQLite cleans up.

    Raises:
        OutboxError: from every method: it cannot be read or written; the sentence says why.
    """

    def __init__(self, path: pathlib.Path, *, keep_open: bool = False) -> None:
        self.path = path
        self._keep_open = keep_open
        self._settled = 0
        self._thread = threading.local()

    @contextlib.contextmanager
    def kept_open(self) -> Iterator[None]:
        """Keep this thread's connection meanwhile."""
        before, self._keep_open = self._keep_open, True
        try:
            yield
        finally:
            self._keep_open = before
            if not before:
                self._close()

    def record(
        self,
        place: Place,
        owner: Owner,
        attempt: Attempt,
        *,
        secret: bool = False,
        stored: bool = False,
        folder: str | None = None,
    ) -> None:
        """Write the attempt as it is now.

        Args:
            place: where it belongs.
            owner: the process that sees to it.
            attempt: the attempt.
            secret: whether its event has secret properties: then only what is not secret is written.
            stored: whether the stack's state is known to hold it.
            folder: the project's folder, where the release runner records it.
        """
        start = None if secret else json.dumps(attempt.start.payload(), ensure_ascii=False)
        with self._transaction() as db:
            db.execute(
                "INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " start_state = excluded.start_state, status = excluded.status, reason = excluded.reason,"
                " end_state = excluded.end_state, owner = excluded.owner, name = excluded.name,"
                " address = excluded.address, stored = excluded.stored",
                (
                    attempt.id,
                    place.stack,
                    place.name,
                    place.address,
                    str(owner),
                    time.time(),
                    start,
                    attempt.start_state.value,
                    attempt.status and attempt.status.value,
                    attempt.reason,
                    attempt.end_state and attempt.end_state.value,
                    stored,
                    folder,
                ),
            )
            if attempt.settled:
                db.execute("DELETE FROM note WHERE attempt IN (?, ?)", (attempt.id, _key(place.stack, place.name)))
                if self._settled % FORGET_EVERY == 0:
                    db.execute(
                        "DELETE FROM attempt WHERE end_state NOT IN ('queued') AND recorded <="
                        " (SELECT recorded FROM attempt WHERE end_state NOT IN ('queued')"
                        " ORDER BY recorded DESC LIMIT 1 OFFSET ?)",
                        (KEPT,),
                    )
                self._settled += 1

    def forget(self, attempt: str) -> None:
        """Remove an attempt that never was."""
        with self._transaction() as db:
            db.execute("DELETE FROM attempt WHERE id = ?", (attempt,))

    def find(self, attempt: str) -> Row | None:
        """The attempt of this id."""
        with self._transaction(READING) as db:
            found = db.execute("SELECT * FROM attempt WHERE id = ?", (attempt,)).fetchone()
            return _row(found) if found else None

    def unsettled(self, stack: str, address: str, *, besides: Owner | None = None) -> list[Row]:
        """The attempts of a stack to an address that are open or wait, oldest first; without those of one process."""
        with self._transaction(READING) as db:
            found = db.execute(
                "SELECT * FROM attempt WHERE stack = ? AND address = ? AND owner <> ?"
                " AND (end_state IS NULL OR end_state = 'queued') ORDER BY recorded, id",
                (stack, address, "" if besides is None else str(besides)),
            )
            return [_row(row) for row in found]

    def waiting(self) -> list[Row]:
        """The attempts of every stack and address that are open or wait, oldest first."""
        with self._transaction(READING) as db:
            found = db.execute(
                "SELECT * FROM attempt WHERE end_state IS NULL OR end_state = 'queued' ORDER BY recorded, id"
            )
            return [_row(row) for row in found]

    def unended(self) -> list[Row]:
        """As `waiting`, with those that BigPanda still has in progress since it rejected their end."""
        with self._transaction(READING) as db:
            found = db.execute(
                "SELECT * FROM attempt WHERE end_state IS NULL OR end_state = 'queued'"
                " OR (end_state = 'rejected' AND start_state = 'delivered') ORDER BY recorded, id"
            )
            return [_row(row) for row in found]

    def latest(self) -> list[Row]:
        """Every attempt that is kept, the newest first."""
        with self._transaction(READING) as db:
            return [_row(found) for found in db.execute("SELECT * FROM attempt ORDER BY recorded DESC, id")]

    def hand_over(self, rows: Iterable[Row], owner: Owner) -> list[Row]:
        """Give attempts to another process; those whose former owner still had them: of two that ask, one gets it."""
        statement = "UPDATE attempt SET owner = ? WHERE id = ? AND owner = ?"
        with self._transaction() as db:
            return [row for row in rows if db.execute(statement, (str(owner), row.id, str(row.owner))).rowcount == 1]

    def end(self, attempt: str, status: Status, reason: str | None) -> bool:
        """End an attempt that is open; it waits then, to be sent. Whether it was open: it has one end."""
        with self._transaction() as db:
            ended = db.execute(
                "UPDATE attempt SET status = ?, reason = ?, end_state = 'queued' WHERE id = ? AND status IS NULL",
                (status.value, reason, attempt),
            )
            return ended.rowcount == 1

    def reopen(self, attempt: str) -> None:
        """Take back an end that BigPanda rejected, so that the attempt can be given another one."""
        with self._transaction() as db:
            db.execute(
                "UPDATE attempt SET status = NULL, reason = NULL, end_state = NULL"
                " WHERE id = ? AND end_state = 'rejected' AND start_state = 'delivered'",
                (attempt,),
            )

    def note(self, attempt: str, reason: str | None) -> None:
        """Note, for whoever ends the attempt, why it fails, or (None) that its scope went well. The first counts."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO note VALUES (?, ?, ?)", (attempt, reason, time.time()))

    def note_deployment(self, stack: str, name: str, reason: str) -> None:
        """Note why a Deployment fails whose attempt is not known yet. The last counts: others are of earlier runs."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO note VALUES (?, ?, ?)", (_key(stack, name), reason, time.time()))

    def noted(self, attempt: str) -> Note | None:
        """What was noted of the attempt."""
        with self._transaction(READING) as db:
            found = db.execute("SELECT reason, written FROM note WHERE attempt = ?", (attempt,)).fetchone()
        return Note(found["reason"], found["written"]) if found else None

    def noted_of_deployment(self, place: Place) -> Note | None:
        """What was noted last of the Deployment."""
        return self.noted(_key(place.stack, place.name))

    @contextlib.contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        try:
            db = self._opened()
            try:
                db.execute(begin)
                try:
                    yield db
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
            except BaseException:
                self._close()
                raise
            if not self._keep_open:
                self._close()
        except (sqlite3.Error, OSError, ValueError, InvalidEventError) as error:
            raise OutboxError(f"the outbox {self.path} cannot be used ({error}); {_ADVICE}") from None

    def _opened(self) -> sqlite3.Connection:
        """This thread's connection, to the file that is there now."""
        held: tuple[sqlite3.Connection, object] | None = getattr(self._thread, "held", None)
        if held is not None and held[1] == self._identity():
            return held[0]
        self._close()
        db = self._connect()
        self._thread.held = (db, self._identity())
        return db

    def _close(self) -> None:
        held, self._thread.held = getattr(self._thread, "held", None), None
        if held is not None:
            held[0].close()

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _connect(self) -> sqlite3.Connection:
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.touch(mode=0o600)
        db = sqlite3.connect(self.path, timeout=LOCK_LIMIT_MS / 1000, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise ValueError(f"it was written by a newer version of this package, {version}")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            if version < VERSION:
                self._upgrade(db)
        except BaseException:
            db.close()
            raise
        return db

    @staticmethod
    def _upgrade(db: sqlite3.Connection) -> None:
        """Make the tables, or bring those of an earlier version up to this one."""
        db.execute("BEGIN IMMEDIATE")
        version = db.execute("PRAGMA user_version").fetchone()[0]  # somebody else may have been quicker
        if version == 0:
            for statement in SCHEMA.split(";")[:-1]:
                db.execute(statement)
        if version == 1:
            db.execute("ALTER TABLE attempt ADD COLUMN stored INTEGER NOT NULL DEFAULT 0")
        if version in (1, 2):
            db.execute("ALTER TABLE attempt ADD COLUMN folder TEXT")
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")


_ADVICE = "events are sent all the same; name another file in BIGPANDA_OUTBOX, or remove this one"


def _key(stack: str, name: str) -> str:
    """What a Deployment's note stands under; no attempt's id has a line break."""
    return f"{stack}\n{name}"


def _row(found: sqlite3.Row) -> Row:
    return Row(
        id=found["id"],
        place=Place(found["stack"], found["name"], found["address"]),
        owner=Owner.parse(found["owner"]),
        start=None if found["start"] is None else read(StartEvent, json.loads(found["start"])),
        start_state=State(found["start_state"]),
        status=None if found["status"] is None else Status(found["status"]),
        reason=None if found["reason"] is None else clean(found["reason"]),  # an older version may have written it
        end_state=None if found["end_state"] is None else State(found["end_state"]),
        stored=bool(found["stored"]),
        folder=found["folder"],
        recorded=found["recorded"],
    )
