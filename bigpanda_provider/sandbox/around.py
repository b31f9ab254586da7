"""What was in progress at a time, before it, and beside a deployment: the question that an alert asks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .listing import ENDED

SHOWN = 200
"""Most deployments and changes of one kind that are told of."""

_ON_HOSTS = (
    "EXISTS (SELECT 1 FROM json_each(hosts) AS host WHERE lower(host.value) IN (SELECT lower(value) FROM json_each(?)))"
)


@dataclass(frozen=True)
class Around:
    """The numbers of what is told of a time, the latest start first, or the latest end.

    Attributes:
        in_progress: what was in progress.
        planned: what was planned for that time, and is not known to have begun.
        ended: what had ended before, within a while.
    """

    in_progress: Sequence[int]
    planned: Sequence[int]
    ended: Sequence[int]


@dataclass(frozen=True)
class Neighbours:
    """The numbers of the same component's deployments beside one; None where there is none.

    Attributes:
        previous: the one that started before it.
        next: the one that started after it.
        good: the last one before it that succeeded.
    """

    previous: int | None
    next: int | None
    good: int | None


def around(db: sqlite3.Connection, seconds: int, window: int, hosts: Sequence[str]) -> Around:
    """What was in progress at a time, and what had just ended.

    Args:
        db: the database.
        seconds: the time, in Unix seconds.
        window: how long before it something may have ended, in seconds.
        hosts: only what was on one of these; the whole name counts, in any case. On any, if empty.
    """
    on, names = (f" AND {_ON_HOSTS}", [json.dumps(list(hosts))]) if hosts else ("", [])

    def find(condition: str, values: Sequence[object], first: str) -> list[int]:
        rows = db.execute(
            f"SELECT id FROM deployment WHERE {condition}{on} ORDER BY {first} DESC, id DESC LIMIT ?",  # noqa: S608
            (*values, *names, SHOWN),
        )
        return [row["id"] for row in rows]

    over = ", ".join(f"'{state}'" for state in ENDED)
    return Around(
        # What ends in that second has ended: it is told once.
        find("started <= ? AND until > ? AND state <> 'planned'", (seconds, seconds), "started"),
        find("started <= ? AND until > ? AND state = 'planned'", (seconds, seconds), "started"),
        find(
            f"until BETWEEN ? AND ? AND started <= ? AND state IN ({over})",
            (seconds - window, seconds, seconds),
            "until",
        ),
    )


def beside(db: sqlite3.Connection, change: Mapping[str, Any], now: int) -> list[int]:
    """The numbers of other deployments and changes on one of the same hosts that overlap in time, newest first.

    Args:
        db: the database.
        change: the deployment or change.
        now: if it is in progress, it lasts until now; in Unix seconds.
    """
    ended = now if change["state"] == "in_progress" else change["ended"]
    until = max(change["started"], change["started"] if ended is None else ended)
    rows = db.execute(
        f"SELECT id FROM deployment WHERE started <= ? AND until >= ? AND id <> ? AND state <> 'planned'"  # noqa: S608
        f" AND {_ON_HOSTS} ORDER BY started DESC, id DESC LIMIT ?",
        (until, change["started"], change["id"], json.dumps(change["hosts"]), SHOWN),
    )
    return [row["id"] for row in rows]


def neighbours(db: sqlite3.Connection, change: Mapping[str, Any]) -> Neighbours:
    """The deployments of the same component before and after one, by their start."""

    def find(sign: str, rest: str) -> int | None:
        row = db.execute(
            f"SELECT id FROM deployment WHERE component = ? AND (started, id) {sign} (?, ?) {rest} LIMIT 1",  # noqa: S608
            (change["component"], change["started"], change["id"]),
        ).fetchone()
        return None if row is None else int(row["id"])

    newest, oldest = "ORDER BY started DESC, id DESC", "ORDER BY started, id"
    return Neighbours(find("<", newest), find(">", oldest), find("<", f"AND state = 'success' {newest}"))
