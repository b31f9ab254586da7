"""The SQLite file of the sandbox: its tables, and that only its owner can read it."""

from __future__ import annotations

import os
import pathlib
import sqlite3

IN_MEMORY = ":memory:"
OWNER_ONLY = 0o600

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
CREATE INDEX IF NOT EXISTS deployment_by_start ON deployment (started);
CREATE INDEX IF NOT EXISTS deployment_by_state_and_start ON deployment (state, started);
DROP INDEX IF EXISTS deployment_by_state;
"""


def open_database(path: str) -> sqlite3.Connection:
    """The database at a path, made where there is none, with every table and index.

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
        db.executescript(SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _close_to_others(path: str) -> None:
    for name in (path, f"{path}-wal", f"{path}-shm"):
        if pathlib.Path(name).exists():
            pathlib.Path(name).chmod(OWNER_ONLY)
