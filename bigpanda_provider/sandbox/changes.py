"""What the posts of the Changes API make: the row of a change, and how it reads in lists and in BigPanda's answer."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from .bodies import ChangeBody
from .listing import Cursor, like

STATES = {"Planned": "planned", "In Progress": "in_progress", "Done": "success", "Canceled": "canceled"}
"""The states by BigPanda's words for them."""
SOURCE_SYSTEM = "sandbox"
FIELDS = ("identifier", "status", "summary", "start", "end", "ticket_url", "tags", "metadata")
"""The documented fields, which the answer to a query has."""
COPIED_TAGS = ("component", "version", "owner", "source", "reason")
"""Tags that stand in a list where deployments have a field of that name."""

SEARCHED = ("identifier", "summary", "status")
COLUMNS = (
    *("id", "api", "component", "version", "hosts", "state", "started", "ended", "description", "owner", "source"),
    *("reason", "identifier", "summary", "status", "created", "updated"),
)
ROWS = (
    f"SELECT {', '.join(COLUMNS)}, CASE api WHEN 'changes' THEN (SELECT body FROM event"  # noqa: S608 - ours
    " WHERE event.deployment = deployment.id ORDER BY event.id DESC LIMIT 1) END AS body FROM deployment"
)
"""Deployments and changes, these with their last post. It is not a column, since a search would read past it."""
SHORT_ROWS = "SELECT id, component, version, hosts, state, started, ended, reason, summary FROM deployment"
"""The same without the posts."""


@dataclass(frozen=True)
class Query:
    """Which changes are asked for.

    Attributes:
        first: the earliest start, in Unix seconds.
        last: the latest start.
        search: what identifier, summary or status contains, in any case.
        limit: how many, at most.
        after: the place in the list to begin at; its beginning, if None.
    """

    first: int
    last: int
    search: str
    limit: int
    after: Cursor | None = None


def keep(db: sqlite3.Connection, now: float, body: ChangeBody) -> int:
    """Make the change, or let a change with the same identifier be what was sent now; returns its number."""
    values = {**_columns(body), "updated": now}
    found = db.execute(
        "SELECT id FROM deployment WHERE identifier = ? AND api = 'changes'", (body.identifier,)
    ).fetchone()
    if found:
        every = ", ".join(f"{name} = ?" for name in values)
        db.execute(f"UPDATE deployment SET {every} WHERE id = ?", (*values.values(), found["id"]))  # noqa: S608 - ours
        return int(found["id"])
    values |= {"api": "changes", "created": now}
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    made = db.execute(f"INSERT INTO deployment ({names}) VALUES ({marks})", (*values.values(),))  # noqa: S608 - ours
    return int(made.lastrowid or 0)


def find(db: sqlite3.Connection, asked: Query) -> tuple[list[dict[str, Any]], Cursor | None]:
    """The changes that fit, the latest start first, and the cursor of the next page; None where this is the last."""
    condition, values = "api = 'changes' AND started BETWEEN ? AND ?", [asked.first, asked.last]
    patterns: tuple[str, ...] = ()
    place: tuple[int, ...] = ()
    if asked.search:
        condition += " AND (" + " OR ".join(f"{name} LIKE ? ESCAPE '!'" for name in SEARCHED) + ")"
        patterns = (like(asked.search),) * len(SEARCHED)
    if asked.after:
        condition += " AND (started, id) < (?, ?)"
        place = (asked.after.started, asked.after.id)
    chosen = f"SELECT id FROM deployment WHERE {condition} ORDER BY started DESC, id DESC LIMIT ?"  # noqa: S608 - ours
    rows = db.execute(
        f"{ROWS} WHERE id IN ({chosen}) ORDER BY +started DESC, id DESC",
        (*values, *patterns, *place, asked.limit + 1),
    ).fetchall()
    shown = rows[: asked.limit]
    return [_record(row) for row in shown], Cursor.of(dict(shown[-1])) if len(rows) > asked.limit else None


def _columns(body: ChangeBody) -> dict[str, Any]:
    """The columns of a change that are its last post's. What that one leaves out is gone."""
    tags = body.tags or {}
    hosts = [host.strip() for host in tags.get("hosts", "").split(",")]
    return {
        **{name: tags.get(name) or None for name in COPIED_TAGS},
        "hosts": as_json([host for host in hosts if host]),
        "state": STATES[body.status],
        "started": body.start,
        "ended": body.end,
        "identifier": body.identifier,
        "summary": body.summary,
        "status": body.status,
    }


def item(row: sqlite3.Row) -> dict[str, Any]:
    """A deployment or change as the lists have it; fields that the other API alone has are None."""
    found = dict(row)
    sent = json.loads(found.pop("body") or "{}")
    del found["created"], found["updated"]
    more = {name: sent.get(name) for name in ("ticket_url", "tags", "metadata")}
    return {**found, "hosts": json.loads(found["hosts"]), **more}


def _record(row: sqlite3.Row) -> dict[str, Any]:
    """A change as `GET /resources/v2.0/changes` returns it."""
    sent = json.loads(row["body"])
    return {
        "id": str(row["id"]),
        **{name: sent[name] for name in FIELDS if name in sent},
        "source_system": SOURCE_SYSTEM,
        "created_at": int(row["created"]),
        "updated_at": int(row["updated"]),
    }


def as_json(value: Any) -> str:
    """A value as the tables keep it."""
    return json.dumps(value, ensure_ascii=False)
