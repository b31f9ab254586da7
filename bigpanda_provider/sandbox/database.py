"""The SQLite file of the sandbox: its tables, and that only its owner can read it."""

from __future__ import annotations

import os
import pathlib
import sqlite3

IN_MEMORY = ":memory:"
OWNER_ONLY = 0o600

FORMAT = 1
"""The format of the file, which it has as its `user_version`. Files made before the Changes API have 0."""

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
    updated REAL
)""",
    "CREATE INDEX open_deployment ON deployment (component, version, hosts)"
    " WHERE state = 'in_progress' AND api = 'deployments'",
    "CREATE INDEX unmatched ON event (id) WHERE kind = 'end' AND deployment IS NULL",
    "CREATE INDEX event_of ON event (deployment)",
    "CREATE INDEX deployment_by_component ON deployment (component)",
    "CREATE INDEX deployment_by_start ON deployment (started)",
    "CREATE INDEX deployment_by_state_and_start ON deployment (state, started)",
    "CREATE UNIQUE INDEX change_by_identifier ON deployment (identifier) WHERE api = 'changes'",
    "CREATE INDEX change_by_start ON deployment (started) WHERE api = 'changes'",
)
FORMER = {
    "event": "id, kind, received, body, deployment",
    "deployment": "id, component, version, hosts, state, started, ended, description, owner, source, reason",
}
"""The columns that the tables had in format 0."""


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


def _prepare(db: sqlite3.Connection) -> None:
    """Make the tables, and take over what a former format has."""
    db.execute("BEGIN IMMEDIATE")  # all of it or nothing; another sandbox that opens the same file waits
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found > FORMAT:
        raise sqlite3.DatabaseError("a newer version of the sandbox wrote it")
    if found < FORMAT:
        former = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'deployment'").fetchone()
        if former:
            _set_aside(db)
        for statement in TABLES:
            db.execute(statement)
        if former:
            _take_over(db)
        db.execute(f"PRAGMA user_version = {FORMAT}")
    db.execute("COMMIT")


def _set_aside(db: sqlite3.Connection) -> None:
    # What a column may hold cannot be changed in SQLite, so the rows move to new tables.
    for (index,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall():
        db.execute(f'DROP INDEX "{index}"')
    for table in FORMER:
        db.execute(f"ALTER TABLE {table} RENAME TO former_{table}")


def _take_over(db: sqlite3.Connection) -> None:
    for table, columns in FORMER.items():
        db.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM former_{table}")  # noqa: S608 - ours
    for table in FORMER:
        db.execute(f"DROP TABLE former_{table}")


def _close_to_others(path: str) -> None:
    for name in (path, f"{path}-wal", f"{path}-shm"):
        if pathlib.Path(name).exists():
            pathlib.Path(name).chmod(OWNER_ONLY)
