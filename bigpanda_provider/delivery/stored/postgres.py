"""The outbox in a PostgreSQL database, which the machines of a team share.

Each transaction goes to the server as one pipeline, so it takes one round trip. It is carried out by a thread of its
own: neither libpq nor psycopg limits how long a name is looked up or an answer is waited for.
"""

from __future__ import annotations

import contextlib
import logging
import math
import socket
import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ...bigpanda.text import one_line
from ...bigpanda.workers import Workers
from . import schema
from .database import LIMIT_S, Answer, Statement, unusable
from .location import Url

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[dict[str, Any]]

QUIET_FACTOR = 15
"""What was waited for too long is left alone for so many times as long: it costs a long update a 16th of its time."""
QUICK_S, SLOW_S = 0.1, 1.0
"""How long an answer may take; a database is slow whose answers have taken so much longer, in all."""
PATIENT_LIMIT_S = 15.0
"""How long a transaction may take of a command that does nothing without the outbox."""
UPGRADE_LOCK = 0x6270_6F75_7462_6F78
"""The advisory lock of who makes or upgrades the tables: "bpoutbox"."""
NOT_INSTALLED = "psycopg is not installed; run `pip install 'bigpanda-provider[postgres]'`"

_quiet: dict[Url, tuple[float, str]] = {}
"""Until when databases are left alone, as `time.monotonic()` tells it, and why, for all that use them."""
_waited_s: dict[Url, float] = {}
"""How much longer than `QUICK_S` their answers have taken, in all."""


class Postgres:
    """The database at a URL."""

    locking = " FOR UPDATE"

    def __init__(self, url: Url, *, is_patient: bool = False) -> None:
        self._url, self._is_patient = url, is_patient
        self._limit_s = PATIENT_LIMIT_S if is_patient else LIMIT_S
        self._workers: Workers | None = None
        self._session: _Session | None = None
        self.ahead_s: float | None = None

    def run(self, statements: Sequence[Statement], *, writes: bool) -> list[Answer]:
        """As `Database.run`. Where the connection was lost, it is done again with another one."""
        if self._url.problem is not None:
            raise unusable(self._url, self._url.problem)
        if not _is_installed():
            raise unusable(self._url, NOT_INSTALLED)
        until, why = _quiet.get(self._url, (0.0, ""))
        if time.monotonic() < until:
            raise unusable(self._url, why)
        deadline = time.monotonic() + self._limit_s
        work = self._carry_out(statements, writes, deadline)
        if work.may_be_repeated:
            work = self._carry_out(statements, writes, deadline)
        if work.error is not None:
            raise unusable(self._url, work.error)
        if self.ahead_s is None or abs(work.ahead_s - self.ahead_s) > work.took_s:  # nearer it cannot be told
            self.ahead_s = work.ahead_s
        self._was_waited_for(work.took_s)
        return work.answers

    def _was_waited_for(self, took_s: float) -> None:
        """Leave a slow database alone for a while."""
        waited_s = _waited_s.get(self._url, 0.0) + max(took_s - QUICK_S, 0.0)
        if waited_s > SLOW_S and not self._is_patient:
            self._leave_alone(waited_s, f"the database is slow: an answer took {took_s:.1f} s")
            waited_s = 0.0
        _waited_s[self._url] = waited_s

    def _leave_alone(self, waited_s: float, why: str) -> None:
        _quiet[self._url] = time.monotonic() + QUIET_FACTOR * waited_s, why

    def _carry_out(self, statements: Sequence[Statement], writes: bool, deadline: float) -> _Work:
        if self._workers is None:
            self._workers = Workers("bigpanda-outbox")
        session = self._session = self._session or _Session(self._url, self._limit_s)
        work = _Work(session, statements, self._limit_s, writes=writes)
        if not self._workers.run(work).wait(max(deadline - time.monotonic(), 0.0)):
            self._session = None
            session.abandon()
            why = _unanswered(self._limit_s)
            self._leave_alone(self._limit_s, why)
            raise unusable(self._url, why)
        if work.error is not None:
            self._session = None
        return work

    def try_again(self) -> None:
        """As `Database.try_again`."""
        _quiet.pop(self._url, None)

    def close(self) -> None:
        """As `Database.close`."""
        workers, session = self._workers, self._session
        self._workers = self._session = None
        if workers is not None:
            if session is not None:
                workers.run(session.close).wait(LIMIT_S)
            workers.stop()


class _Session:
    """One connection, which is made when it is used first. One thread at a time uses it; another one may abandon it.

    Attributes:
        is_abandoned: whether nobody waits for it any more.
    """

    def __init__(self, url: Url, limit_s: float) -> None:
        self._url, self._limit_s = url, limit_s
        self._connection: Connection | None = None
        self.is_abandoned = False

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, or was one until it was lost."""
        return self._connection is not None

    def connection(self) -> Connection:
        """The connection, to a database that has the tables.

        Raises:
            psycopg.Error: there is none.
            ValueError: the tables are of a later version.
        """
        if self._connection is None:
            import psycopg
            from psycopg.rows import dict_row

            self._connection = psycopg.connect(
                self._url.text,
                autocommit=True,
                prepare_threshold=None,  # a statement that is prepared is lost where a pool gives another connection
                row_factory=dict_row,
                connect_timeout=math.ceil(self._limit_s),
                fallback_application_name="bigpanda-provider",
            )
            _make_tables(self._connection, self._limit_s)
        return self._connection

    def abandon(self) -> None:
        """Have the thread that uses it come back: nobody waits for it any more."""
        self.is_abandoned = True
        connection = self._connection
        with contextlib.suppress(Exception):  # it may be closed by now, or not be there yet
            if connection is not None:
                with socket.socket(fileno=socket.dup(connection.fileno())) as wire:
                    wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Work:
    """Carries out one transaction, in another thread.

    Attributes:
        answers: what it did.
        error: why it was not carried out.
        may_be_repeated: whether it failed since connection or tables were lost, or stood in another one's way.
        took_s: how long it took, in seconds.
        ahead_s: by how much the database's clock is ahead of this machine's, give or take half of that.
    """

    def __init__(self, session: _Session, statements: Sequence[Statement], limit_s: float, *, writes: bool) -> None:
        self._session, self._statements, self._limit_s, self._writes = session, statements, limit_s, writes
        self.answers: list[Answer] = []
        self.error: str | None = None
        self.may_be_repeated = False
        self.took_s = self.ahead_s = 0.0

    def __call__(self) -> None:
        """Do it; whatever goes wrong is in `error`."""
        try:
            self._do(self._session.connection())
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it is
            self.error = _unanswered(self._limit_s) if _is_timeout(error) else _told(error)
            self.may_be_repeated = self._session.is_connected and _is_passing(error)
        finally:
            if self.error is not None or self._session.is_abandoned:
                self._session.close()

    def _do(self, connection: Connection) -> None:
        before = time.time()
        with _at_once(connection):
            connection.execute("BEGIN" if self._writes else "BEGIN READ ONLY")
            connection.execute(limits(self._limit_s))
            done = [connection.execute(_with_placeholders(one.sql), one.values or None) for one in self._statements]
            clock = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
            connection.execute("COMMIT")
        self.answers = [Answer([] if one.description is None else one.fetchall(), one.rowcount) for one in done]
        after = time.time()
        now = clock.fetchone()
        self.took_s = after - before
        self.ahead_s = 0.0 if now is None else now["now"] - (before + after) / 2


def _is_installed() -> bool:
    """Whether psycopg is there. It is loaded here, since that may take longer than a transaction."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return False
    logger = logging.getLogger("psycopg")
    if not logger.handlers:  # it logs that a connection was lost, which is told as why the outbox cannot be used
        logger.addHandler(logging.NullHandler())
    return True


def _at_once(connection: Connection) -> contextlib.AbstractContextManager[object]:
    """While it lasts, statements are sent together; one after the other where libpq is older than 14."""
    import psycopg

    return connection.pipeline() if psycopg.Pipeline.is_supported() else contextlib.nullcontext()


@cache
def _with_placeholders(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


def limits(limit_s: float) -> bytes:
    """What ends on the server what nobody waits for any more."""
    told = str(int(limit_s * 1000))
    settings = ("statement_timeout", "idle_in_transaction_session_timeout")
    return ("SELECT " + ", ".join(f"set_config('{name}', '{told}', TRUE)" for name in settings)).encode()


def _make_tables(connection: Connection, limit_s: float) -> None:
    """See to it that the tables are there, and of this version; of several that come at once, one makes them."""
    version = _version(connection)
    if version < schema.VERSION:
        with connection.transaction():
            connection.execute(limits(limit_s))
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (UPGRADE_LOCK,))
            version = _version(connection)
            for statement in schema.statements(version, counted=schema.COUNTED):
                connection.execute(statement.encode())
            if version == 0:
                connection.execute("CREATE TABLE bigpanda_outbox (version INTEGER NOT NULL)")
                connection.execute("INSERT INTO bigpanda_outbox VALUES (0)")
            if version < schema.VERSION:
                connection.execute("UPDATE bigpanda_outbox SET version = %s", (schema.VERSION,))
    if version > schema.VERSION:
        raise ValueError(schema.too_new(version))


def _version(connection: Connection) -> int:
    """The version of the tables; 0 where there are none.

    Only a query of the table itself sees, within a transaction, that somebody else has made it meanwhile: `to_regclass`
    answers from a cache.
    """
    import psycopg

    try:
        with connection.transaction() if _is_in_transaction(connection) else contextlib.nullcontext():
            found = connection.execute("SELECT version FROM bigpanda_outbox").fetchone()
    except psycopg.errors.UndefinedTable:
        return 0
    return 0 if found is None else int(found["version"])


def _is_in_transaction(connection: Connection) -> bool:
    import psycopg

    return connection.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE


def _unanswered(limit_s: float) -> str:
    return f"the database did not answer within {limit_s:g} s"


def _is_timeout(error: Exception) -> bool:
    import psycopg

    return isinstance(error, psycopg.errors.ConnectionTimeout | psycopg.errors.QueryCanceled)


def _told(error: Exception) -> str:
    """What psycopg says went wrong, in one line: the first of several attempts to connect."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return one_line(lines[0] if lines else type(error).__name__).removeprefix("connection failed: ")


def _is_passing(error: Exception) -> bool:
    import psycopg

    # A deadlock is an OperationalError, too; tables that are gone are made by another connection.
    passing = psycopg.OperationalError | psycopg.InterfaceError | psycopg.errors.UndefinedTable
    return isinstance(error, passing)
