"""The events that were sent, and the deployments and changes they make, in SQLite."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .around import Around, Neighbours, around, beside, neighbours
from .bodies import ChangeBody, EndBody, StartBody
from .changes import ROWS, SHORT_ROWS, Query, as_json, find, item, keep
from .database import KEYS, open_database
from .listing import EVERY, LARGEST, NEWEST_FIRST, STATES, Cursor, Filter, Order

COMPONENTS_SHOWN = 500
"""As far as a list of their names is of use."""


class Store:
    """One SQLite database, used by one thread at a time.

    Args:
        path: the file, or ":memory:".
        clock: tells the time, in Unix seconds, at which an event comes in.

    Raises:
        OSError: the file cannot be made, or belongs to somebody else.
        sqlite3.Error: it is no database, or cannot be read or written.
    """

    def __init__(self, path: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._db = open_database(path)

    def start(self, body: StartBody, sent: dict[str, Any]) -> None:
        """A start makes a deployment in progress. Its time is the event's own, else now.

        One that is identical to that of a deployment in progress, its timestamp included, is taken for the same start
        sent again, which a client has to do that got no answer. How BigPanda takes it is not documented.
        """
        now = self._clock()
        started = int(now) if body.timestamp is None else body.timestamp
        with self._transaction() as db:
            repeated = (
                body.timestamp is not None
                and db.execute(
                    "SELECT id FROM deployment WHERE component = ? AND version = ? AND hosts = ?"
                    " AND api = 'deployments' AND state = 'in_progress'"
                    " AND started = ? AND description IS ? AND owner IS ? AND source IS ?",
                    (*_key(body), started, body.description, body.owner, body.source),
                ).fetchone()
            )
            if repeated:
                self._event(db, "start", now, sent, repeated["id"])
                return
            made = db.execute(
                "INSERT INTO deployment (component, version, hosts, state, started, description, owner, source)"
                " VALUES (?, ?, ?, 'in_progress', ?, ?, ?, ?)",
                (*_key(body), started, body.description, body.owner, body.source),
            )
            self._event(db, "start", now, sent, made.lastrowid)
            _set_keys(db, made.lastrowid)

    def end(self, body: EndBody, sent: dict[str, Any]) -> None:
        """An end ends the newest deployment in progress with the same component, version and hosts, in their order."""
        now = self._clock()
        with self._transaction() as db:
            found = db.execute(
                "SELECT max(id) AS id FROM deployment WHERE component = ? AND version = ? AND hosts = ?"
                " AND api = 'deployments' AND state = 'in_progress'",
                _key(body),
            ).fetchone()["id"]
            db.execute(
                "UPDATE deployment SET state = ?, ended = ?, reason = ? WHERE id = ?",
                (body.status, int(now), body.errorMessage, found),
            )
            self._event(db, "end", now, sent, found)
            _set_keys(db, found)

    def post(self, body: ChangeBody, sent: dict[str, Any]) -> None:
        """A change, new or with an identifier that is there: then it is all that the change is from now on.

        Also a change that is done is in progress again if a post says so. How BigPanda takes that is not documented;
        this is what shows best that a client sent its posts in a wrong order.
        """
        now = self._clock()
        with self._transaction() as db:
            number = keep(db, now, body)
            self._event(db, "change", now, sent, number)
            _set_keys(db, number)

    def records(self, asked: Query) -> tuple[list[dict[str, Any]], Cursor | None]:
        """The changes as the Changes API returns them, latest start first, and the cursor of the next page, if any."""
        with self._lock:
            return find(self._db, asked)

    def changes(
        self,
        limit: int,
        offset: int = 0,
        chosen: Filter = EVERY,
        after: Cursor | None = None,
        order: Order = NEWEST_FIRST,
    ) -> list[dict[str, Any]]:
        """The deployments and changes of a part of a list.

        Args:
            limit: how many, at most.
            offset: how many are passed over.
            chosen: which.
            after: the place in the list to begin at; its beginning, if None.
            order: which are first.
        """
        return self.items(self.numbers(chosen, order, limit, offset, after))

    def numbers(
        self, chosen: Filter, order: Order, limit: int = -1, offset: int = 0, after: Cursor | None = None
    ) -> list[int]:
        """The numbers of what `changes` has; without a limit, of all."""
        condition, values = chosen.condition(order)
        plus = "+" if chosen.looks_into_names else ""
        beyond, place = order.beyond(after, plus) if after else ("TRUE", [])
        found = (
            f"SELECT id FROM deployment WHERE {condition} AND {beyond}"  # noqa: S608 - ours
            f" ORDER BY {order.sql(plus)} LIMIT ? OFFSET ?"
        )
        with self._lock:
            return [row["id"] for row in self._db.execute(found, (*values, *place, limit, offset))]

    def items(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """The deployments and changes with these numbers, in this order."""
        with self._lock:
            rows = self._db.execute(f"{ROWS} WHERE id IN {_LISTED}", (json.dumps(numbers),))
            found = {row["id"]: item(row) for row in rows}
        return [found[number] for number in numbers]

    def outlines(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Deployments and changes without what was sent for them: as much as a timeline shows."""
        with self._lock:
            rows = self._db.execute(f"{SHORT_ROWS} WHERE id IN {_LISTED}", (json.dumps(numbers),))
            return [{**dict(row), "hosts": json.loads(row["hosts"])} for row in rows]

    def count(self, chosen: Filter) -> int:
        """How many deployments and changes there are."""
        condition, values = chosen.condition()
        return self._count(f"deployment WHERE {condition}", values)

    def states(self, chosen: Filter) -> dict[str, int]:
        """How many there are in each state; states that none is in are left out."""
        condition, values = chosen.condition()
        with self._lock:
            rows = self._db.execute(
                f"SELECT state, count(*) AS number FROM deployment WHERE {condition} GROUP BY +state",  # noqa: S608
                values,
            )
            found = {row["state"]: row["number"] for row in rows}
        return {state: found[state] for state in STATES if state in found}

    def change(self, number: int) -> dict[str, Any] | None:
        """The deployment or change with this number."""
        if abs(number) > LARGEST:
            return None
        with self._lock:
            row = self._db.execute(f"{ROWS} WHERE id = ?", (number,)).fetchone()
            return None if row is None else item(row)

    def around(self, seconds: int, window: int, hosts: Sequence[str] = ()) -> Around:
        """What was in progress at a time, and what had ended within a window before it; see `around`."""
        with self._lock:
            return around(self._db, seconds, window, hosts)

    def beside(self, change: Mapping[str, Any], now: int) -> list[int]:
        """Others that overlap in time on one of the same hosts; see `around.beside`."""
        with self._lock:
            return beside(self._db, change, now)

    def neighbours(self, change: Mapping[str, Any]) -> Neighbours:
        """The same component's deployments beside one."""
        with self._lock:
            return neighbours(self._db, change)

    def components(self) -> list[str]:
        """The names of the components, as far as a list is of use."""
        with self._lock:
            rows = self._db.execute(
                "SELECT DISTINCT component FROM deployment WHERE component NOT NULL ORDER BY component LIMIT ?",
                (COMPONENTS_SHOWN,),
            )
            return [row["component"] for row in rows]

    def events_of(self, number: int, limit: int) -> list[dict[str, Any]]:
        """What was sent for one deployment or change, in the order it came in; the first ones."""
        return self._events("deployment = ? ORDER BY id LIMIT ?", (number, limit))

    def count_events_of(self, number: int) -> int:
        """How many events were sent for one deployment or change."""
        return self._count("event WHERE deployment = ?", (number,))

    def events(self, limit: int, after: int = 0) -> list[dict[str, Any]]:
        """What was sent, in the order it came in.

        Args:
            limit: how many, at most.
            after: the number of the event before the first.
        """
        return self._events("id > ? ORDER BY id LIMIT ?", (after, limit))

    def count_events(self) -> int:
        """How many events were sent."""
        return self._count("event")

    def unmatched(self, limit: int) -> list[dict[str, Any]]:
        """The newest ends that matched nothing, in the order they came in."""
        return self._events(f"{_UNMATCHED} ORDER BY id DESC LIMIT ?", (limit,))[::-1]

    def count_unmatched(self) -> int:
        """How many ends matched nothing."""
        return self._count(f"event WHERE {_UNMATCHED}")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def _events(self, rest: str, values: Sequence[object]) -> list[dict[str, Any]]:
        with self._lock:
            rows = self._db.execute(f"SELECT id, kind, received, body, deployment FROM event WHERE {rest}", values)  # noqa: S608
            return [{**dict(row), "body": json.loads(row["body"])} for row in rows]

    def _count(self, rest: str, values: Sequence[object] = ()) -> int:
        with self._lock:
            (count,) = self._db.execute(f"SELECT count(*) FROM {rest}", values).fetchone()  # noqa: S608 - ours
            return int(count)

    @staticmethod
    def _event(db: sqlite3.Connection, kind: str, now: float, sent: dict[str, Any], deployment: int | None) -> None:
        db.execute(
            "INSERT INTO event (kind, received, body, deployment) VALUES (?, ?, ?, ?)",
            (kind, now, as_json(sent), deployment),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


_LISTED = "(SELECT value FROM json_each(?))"
_UNMATCHED = "kind = 'end' AND deployment IS NULL"


def _set_keys(db: sqlite3.Connection, number: int | None) -> None:
    db.execute(f"{KEYS} WHERE id = ?", (number,))


def _key(body: StartBody | EndBody) -> tuple[str, str, str]:
    return body.component, body.version, as_json(body.hosts)
