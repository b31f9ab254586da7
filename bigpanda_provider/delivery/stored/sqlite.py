"""The outbox in a file: an SQLite database that the processes of a machine share."""

from __future__ import annotations

import pathlib
import sqlite3
from collections.abc import Sequence

from . import schema
from .database import LIMIT_S, Answer, Statement, unusable


class Sqlite:
    """The file at a path; it and its folder are made when they are used first."""

    ahead_s: float | None = 0.0
    locking = ""  # a transaction that changes something has the file for itself

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def run(self, statements: Sequence[Statement], *, writes: bool) -> list[Answer]:
        """As `Database.run`. A transaction that changes nothing waits for nobody."""
        try:
            db = self._connection()
            try:
                db.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                try:
                    answers = [_answer(db, statement) for statement in statements]
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
            except BaseException:
                self.close()
                raise
        except (sqlite3.Error, OSError, ValueError) as error:
            raise unusable(self._path, error) from None
        return answers

    def try_again(self) -> None:
        """As `Database.try_again`: whether a file can be used is found out anew each time."""

    def close(self) -> None:
        """As `Database.close`."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _connection(self) -> sqlite3.Connection:
        """The connection, to the file that is there now."""
        if self._db is None or self._opened != self._identity():
            self.close()
            self._db = self._connect()
            self._opened = self._identity()
        return self._db

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _connect(self) -> sqlite3.Connection:
        if self._path.parts[:1] == ("~",):
            raise OSError("there is no home folder")
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.touch(mode=0o600)
        db = sqlite3.connect(self._path, timeout=LIMIT_S, isolation_level=None, check_same_thread=False)
        try:
            db.row_factory = sqlite3.Row
            version = _version(db)
            if version > schema.VERSION:
                raise ValueError(schema.too_new(version))
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            if version < schema.VERSION:
                _upgrade(db)
        except BaseException:
            db.close()
            raise
        return db


def _answer(db: sqlite3.Connection, statement: Statement) -> Answer:
    done = db.execute(statement.sql, statement.values)
    return Answer(done.fetchall(), done.rowcount)


def _version(db: sqlite3.Connection) -> int:
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    return found


def _upgrade(db: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an earlier version up to this one."""
    db.execute("BEGIN IMMEDIATE")
    for statement in schema.statements(_version(db)):  # somebody else may have been quicker
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {schema.VERSION}")
    db.execute("COMMIT")
