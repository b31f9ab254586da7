"""Outboxes for tests: attempts and processes, what is written, and what processes that are gone have left."""

from __future__ import annotations

import contextlib
import math
import pathlib
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bigpanda_provider.bigpanda.events import StartEvent, read
from bigpanda_provider.delivery.attempt import Attempt
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Place, Record
from bigpanda_provider.delivery.stored.history import Kept
from bigpanda_provider.delivery.stored.location import Location, Url
from bigpanda_provider.delivery.stored.tables import Tables
from bigpanda_provider.state import DeliveryStatus

from .postgres import Database, PostgreSQL

if TYPE_CHECKING:
    import psycopg

TABLES = "bigpanda_attempt, bigpanda_note, bigpanda_addition"

US = Holder.current()
OTHER = replace(US, started="another process of this machine")
GONE = Holder(0, "a process that is gone")
ELSEWHERE = Holder(1, "1", "another machine")

PLACE = Place("acme/shop/prod", "web", "http://127.0.0.1:1")
START = read(StartEvent, {"component": "web", "version": "1", "hosts": ["a"], "timestamp": 1700000000})
WAITING = Attempt("one", START)
OPEN = WAITING.start_became(DeliveryStatus.DELIVERED)


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    time: float = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


def read_back(outbox: Outbox, attempt: str = "one") -> Record:
    """The record as it is written, for everybody else."""
    with Outbox(outbox.location, holder=OTHER) as reader:
        found = reader.find(attempt)
    assert found is not None
    return found


def fill(location: Location, *records: Record) -> None:
    """Write records as they are: an outbox that is closed lets go of what it holds."""
    tables = Tables(location, Kept(days=math.inf))
    for first in range(0, len(records), 100):
        moved, _ = tables.move([(None, one) for one in records[first : first + 100]], time.time())
        assert all(moved)
    tables.close()


@dataclass(frozen=True)
class InFile:
    """An outbox in a file, and what may become of it.

    Attributes:
        location: where it is.
    """

    location: pathlib.Path

    @classmethod
    @contextlib.contextmanager
    def made(cls) -> Iterator[InFile]:
        """One in a new folder, in memory where that is possible: the tests close it many times."""
        in_memory = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
        with tempfile.TemporaryDirectory(prefix="outbox", dir=in_memory) as folder:
            yield cls(pathlib.Path(folder) / "outbox.db")

    def is_there(self) -> bool:
        """Whether it has been made."""
        return self.location.exists()

    def remove(self) -> None:
        """Remove it."""
        for file in self.location.parent.iterdir():
            file.unlink()

    def empty(self) -> None:
        """Let nothing be in it."""
        self.remove()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """While it lasts nobody can write it."""
        with contextlib.closing(sqlite3.connect(self.location)) as db:
            db.execute("BEGIN EXCLUSIVE")
            yield

    def end_connections(self) -> None:
        """A file has none."""


@dataclass(frozen=True)
class InDatabase:
    """As `InFile`, in a database.

    Attributes:
        database: the database.
    """

    database: Database
    _by_hand: psycopg.Connection

    @classmethod
    @contextlib.contextmanager
    def made(cls, server: PostgreSQL) -> Iterator[InDatabase]:
        """One in a new database."""
        database = server.database()
        with server.connect(database) as by_hand:
            yield cls(database, by_hand)

    @property
    def location(self) -> Url:
        """Where it is: on the Unix socket, which takes a fourth of the time."""
        return Url(self.database.socket_url)

    def is_there(self) -> bool:
        """Whether its tables have been made."""
        return self._by_hand.execute("SELECT to_regclass('bigpanda_outbox')").fetchone() != (None,)

    def remove(self) -> None:
        """Drop its tables."""
        self._by_hand.execute(f"DROP TABLE IF EXISTS {TABLES}, bigpanda_outbox".encode())

    def empty(self) -> None:
        """Let nothing be in it."""
        if self.is_there():
            self._by_hand.execute(f"TRUNCATE {TABLES}".encode())

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """While it lasts nobody can write it."""
        with self._by_hand.transaction():
            self._by_hand.execute(f"LOCK TABLE {TABLES} IN EXCLUSIVE MODE".encode())
            yield

    def end_connections(self) -> None:
        """End all other connections to its database."""
        others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND usename = %s"
        self._by_hand.execute(others, [self.database.name, self.database.name])
