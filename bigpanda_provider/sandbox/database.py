"""The SQLite file of the sandbox: its tables, and that only its owner can read it."""

from __future__ import annotations

import os
import pathlib
import re
import sqlite3
from collections.abc import Mapping

from .listing import LARGEST

IN_MEMORY = ":memory:"
OWNER_ONLY = 0o600

FORMAT = 2
"""The format of the file, which it has as its `user_version`. Before the Changes API it was 0, before sorting 1."""
KEY_LIMIT = 100
"""A list is sorted by so many characters of a text."""
DIGITS = 12
"""In the key of a version, each number has at least so many digits: 2.10 comes after 2.9."""

TABLES = (
    """
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('start', 'end', 'change')),
    received REAL NOT NULL,
    body TEXT NOT NULL,
    deployment INTEGER REFERENCES deployment (id)  -- none: an end that matched nothing
)""",
    """
CREATE TABLE deployment (  -- what the events of either API make
    id INTEGER PRIMARY KEY,
    api TEXT NOT NULL DEFAULT 'deployments' CHECK (api IN ('deployments', 'changes')),
    component TEXT,
    version TEXT,
    hosts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('in_progress', 'success', 'failure', 'canceled', 'planned')),
    started INTEGER NOT NULL,
    ended INTEGER,
    description TEXT,
    owner TEXT,
    source TEXT,
    reason TEXT,
    identifier TEXT,
    summary TEXT,
    status TEXT,
    created REAL,
    updated REAL,
    by_name TEXT NOT NULL DEFAULT '' COLLATE NOCASE,  -- what lists are sorted by; see KEYS
    by_version TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
    by_owner TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
    by_duration INTEGER NOT NULL DEFAULT 0,
    until INTEGER NOT NULL DEFAULT 0  -- the last second of it; there is none while it is in progress
)""",
    "CREATE INDEX open_deployment ON deployment (component, version, hosts)"
    " WHERE state = 'in_progress' AND api = 'deployments'",
    "CREATE INDEX unmatched ON event (id) WHERE kind = 'end' AND deployment IS NULL",
    "CREATE INDEX event_of ON event (deployment)",
    # Each holds all that a list of its order looks at, so that it reads the rows of its page alone.
    "CREATE INDEX deployment_by_start ON deployment (started, until, state)",
    "CREATE INDEX deployment_by_state ON deployment (state, started, until)",
    "CREATE INDEX deployment_by_name ON deployment (by_name, started, until, state)",
    "CREATE INDEX deployment_by_version ON deployment (by_version, started, until, state)",
    "CREATE INDEX deployment_by_owner ON deployment (by_owner, started, until, state)",
    "CREATE INDEX deployment_by_duration ON deployment (by_duration, started, until, state)",
    "CREATE INDEX deployment_until ON deployment (until, started, state)",
    "CREATE INDEX deployment_of_component ON deployment (component, started, state)",
    "CREATE UNIQUE INDEX change_by_identifier ON deployment (identifier) WHERE api = 'changes'",
    "CREATE INDEX change_by_start ON deployment (started) WHERE api = 'changes'",
)
_TABLES_0 = {
    "event": "id, kind, received, body, deployment",
    "deployment": "id, component, version, hosts, state, started, ended, description, owner, source, reason",
}
FORMER = (
    _TABLES_0,
    {**_TABLES_0, "deployment": f"{_TABLES_0['deployment']}, api, identifier, summary, status, created, updated"},
)
"""The columns that the tables had, by the format."""
KEYS = f"""
UPDATE deployment SET
    by_name = substr(coalesce(component, summary, ''), 1, {KEY_LIMIT}),
    by_version = version_key(ifnull(version, '')),
    by_owner = substr(ifnull(owner, ''), 1, {KEY_LIMIT}),
    by_duration = CASE
        WHEN ended IS NOT NULL THEN max(ended - started, 0)
        WHEN state = 'in_progress' THEN {LARGEST // 2} - started  -- the longest, since nobody knows
        ELSE -1
    END,
    until = CASE state WHEN 'in_progress' THEN {LARGEST} ELSE max(started, ifnull(ended, started)) END
"""  # noqa: S608 - numbers of ours
"""Sets what lists are sorted by, from what was sent."""


def open_database(path: str) -> sqlite3.Connection:
    """The database at a path, made where there is none, with every table and index; one of a former format is upgraded.

    Args:
        path: the file, or ":memory:".

    Raises:
        OSError: the file cannot be made, or belongs to somebody else.
        sqlite3.Error: it is no database, or cannot be read or written.
    """
    if not path:
        raise FileNotFoundError("it has no name")
    if path != IN_MEMORY and not pathlib.Path(path).exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY))  # readable by nobody else from the beginning
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        db.row_factory = sqlite3.Row
        db.create_function("version_key", 1, version_key, deterministic=True)
        db.execute("PRAGMA schema_version")  # fails where the file is no database: that one keeps its mode
        if path != IN_MEMORY:
            _close_to_others(path)  # before -wal and -shm are made: SQLite gives them the mode of the file
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def version_key(version: str) -> str:
    """What versions are sorted by: numbers in them by their value."""
    return re.sub("[0-9]+", lambda number: number[0].zfill(DIGITS), version[:KEY_LIMIT])


def _prepare(db: sqlite3.Connection) -> None:
    """Make the tables, and take over what a former format has."""
    db.execute("BEGIN IMMEDIATE")  # all of it or nothing; another sandbox that opens the same file waits
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found > FORMAT:
        raise sqlite3.DatabaseError("a newer version of the sandbox wrote it")
    if found < FORMAT:
        former = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'deployment'").fetchone()
        if former:
            _set_aside(db, FORMER[found])
        for statement in TABLES:
            db.execute(statement)
        if former:
            _take_over(db, FORMER[found])
        db.execute(f"PRAGMA user_version = {FORMAT}")
    db.execute("COMMIT")


def _set_aside(db: sqlite3.Connection, tables: Mapping[str, str]) -> None:
    # What a column may hold cannot be changed in SQLite, so the rows move to new tables.
    for (index,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall():
        db.execute(f'DROP INDEX "{index}"')
    for table in tables:
        db.execute(f"ALTER TABLE {table} RENAME TO former_{table}")


def _take_over(db: sqlite3.Connection, tables: Mapping[str, str]) -> None:
    for table, columns in tables.items():
        db.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM former_{table}")  # noqa: S608 - ours
    for table in tables:
        db.execute(f"DROP TABLE former_{table}")
    db.execute(KEYS)


def _close_to_others(path: str) -> None:
    for name in (path, f"{path}-wal", f"{path}-shm"):
        if pathlib.Path(name).exists():
            pathlib.Path(name).chmod(OWNER_ONLY)
