"""The events that were sent, and the deployments they make, in SQLite."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .bodies import EndBody, StartBody

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('start', 'end')),
    received REAL NOT NULL,
    body TEXT NOT NULL,
    deployment INTEGER REFERENCES deployment (id)  -- none: an end that matched nothing
);
CREATE TABLE IF NOT EXISTS deployment (
    id INTEGER PRIMARY KEY,
    component TEXT NOT NULL,
    version TEXT NOT NULL,
    hosts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('in_progress', 'success', 'failure')),
    started INTEGER NOT NULL,
    ended INTEGER,
    description TEXT,
    owner TEXT,
    source TEXT,
    reason TEXT
);
CREATE INDEX IF NOT EXISTS open_deployment ON deployment (component, version, hosts) WHERE state = 'in_progress';
CREATE INDEX IF NOT EXISTS unmatched ON event (id) WHERE kind = 'end' AND deployment IS NULL;
CREATE INDEX IF NOT EXISTS event_of ON event (deployment);
CREATE INDEX IF NOT EXISTS deployment_by_component ON deployment (component);
CREATE INDEX IF NOT EXISTS deployment_by_state ON deployment (state);
"""

STATES = {"in_progress": "in progress", "success": "success", "failure": "failure"}
"""The states of a deployment, with the words that are shown for them."""
COMPONENTS_SHOWN = 500


@dataclass(frozen=True)
class Filter:
    """Which deployments are looked for; what is empty counts for any.

    Attributes:
        component: a part of the component's name, in any case.
        host: a part of one of the hosts' names, in any case.
        state: a state.
    """

    component: str = ""
    host: str = ""
    state: str = ""

    def chosen(self) -> dict[str, str]:
        """What is not empty, by name."""
        return {name: value for name, value in vars(self).items() if value}

    def condition(self) -> tuple[str, list[str]]:
        """As SQL, and its parameters."""
        found = {
            "component LIKE ? ESCAPE '!'": self.component and _like(self.component),
            "hosts LIKE ? ESCAPE '!'": self.host and _like(_json(self.host)[1:-1]),  # quick: few are left
            "EXISTS (SELECT 1 FROM json_each(hosts) WHERE value LIKE ? ESCAPE '!')": self.host and _like(self.host),
            "state = ?": self.state,
        }
        used = {sql: value for sql, value in found.items() if value}
        return " AND ".join(used) or "TRUE", list(used.values())


def _like(part: str) -> str:
    return "%" + re.sub("([!%_])", r"!\1", part) + "%"


class Store:
    """One SQLite database, used by one thread at a time.

    Args:
        path: the file, or ":memory:".
    """

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)

    def start(self, body: StartBody, sent: dict[str, Any]) -> None:
        """A start makes a deployment in progress. Its time is the event's own, else now.

        One that is identical to that of a deployment in progress, its timestamp included, is taken for the same start
        sent again, which a client has to do that got no answer. How BigPanda takes it is not documented.
        """
        now = time.time()
        started = int(now) if body.timestamp is None else body.timestamp
        with self._transaction() as db:
            repeated = (
                body.timestamp is not None
                and db.execute(
                    "SELECT id FROM deployment WHERE component = ? AND version = ? AND hosts = ?"
                    " AND state = 'in_progress' AND started = ? AND description IS ? AND owner IS ? AND source IS ?",
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

    def end(self, body: EndBody, sent: dict[str, Any]) -> None:
        """An end ends the newest deployment in progress with the same component, version and hosts, in their order."""
        now = time.time()
        with self._transaction() as db:
            found = db.execute(
                "SELECT max(id) AS id FROM deployment"
                " WHERE component = ? AND version = ? AND hosts = ? AND state = 'in_progress'",
                _key(body),
            ).fetchone()["id"]
            db.execute(
                "UPDATE deployment SET state = ?, ended = ?, reason = ? WHERE id = ?",
                (body.status, int(now), body.errorMessage, found),
            )
            self._event(db, "end", now, sent, found)

    def changes(self, limit: int, offset: int, chosen: Filter = Filter()) -> list[dict[str, Any]]:
        """The deployments, newest first."""
        condition, values = chosen.condition()
        with self._lock:
            rows = self._db.execute(
                f"SELECT * FROM deployment WHERE {condition} ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608 - ours
                (*values, limit, offset),
            )
            return [_change(row) for row in rows]

    def count(self, chosen: Filter) -> int:
        """How many deployments there are."""
        condition, values = chosen.condition()
        with self._lock:
            (count,) = self._db.execute(f"SELECT count(*) FROM deployment WHERE {condition}", values).fetchone()  # noqa: S608
            return int(count)

    def change(self, number: int) -> dict[str, Any] | None:
        """The deployment with this number."""
        with self._lock:
            row = self._db.execute("SELECT * FROM deployment WHERE id = ?", (number,)).fetchone()
            return None if row is None else _change(row)

    def components(self) -> list[str]:
        """The names of the components, as far as a list is of use."""
        with self._lock:
            rows = self._db.execute(
                "SELECT DISTINCT component FROM deployment ORDER BY component LIMIT ?", (COMPONENTS_SHOWN,)
            )
            return [row["component"] for row in rows]

    def count_unmatched(self) -> int:
        """How many ends matched nothing."""
        with self._lock:
            (count,) = self._db.execute(
                "SELECT count(*) FROM event WHERE kind = 'end' AND deployment IS NULL"
            ).fetchone()
            return int(count)

    def events_of(self, number: int) -> list[dict[str, Any]]:
        """What was sent for one deployment, in the order it came in."""
        with self._lock:
            rows = self._db.execute(
                "SELECT kind, received, body FROM event WHERE deployment = ? ORDER BY id", (number,)
            )
            return [{**dict(row), "body": json.loads(row["body"])} for row in rows]

    def events(self, *, unmatched_only: bool = False) -> list[dict[str, Any]]:
        """What was sent, in the order it came in."""
        condition = "WHERE kind = 'end' AND deployment IS NULL" if unmatched_only else ""
        with self._lock:
            rows = self._db.execute(f"SELECT kind, received, body, deployment FROM event {condition} ORDER BY id")  # noqa: S608
            return [{**dict(row), "body": json.loads(row["body"])} for row in rows]

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @staticmethod
    def _event(db: sqlite3.Connection, kind: str, now: float, sent: dict[str, Any], deployment: int | None) -> None:
        db.execute(
            "INSERT INTO event (kind, received, body, deployment) VALUES (?, ?, ?, ?)",
            (kind, now, _json(sent), deployment),
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


def _change(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "hosts": json.loads(row["hosts"])}


def _key(body: StartBody | EndBody) -> tuple[str, str, str]:
    return body.component, body.version, _json(body.hosts)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
