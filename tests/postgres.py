"""A real PostgreSQL server in a temporary folder, for the tests of an outbox that machines share.

It takes passwords (SCRAM) on 127.0.0.1, with and without TLS, and none on the Unix socket in its folder, which only
its owner and root can reach.
"""

from __future__ import annotations

import contextlib
import pathlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .engine import wait_until
from .postmaster import LIMIT_S, OWNER, Postmaster
from .servers import held_port

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class Database:
    """A database, and the role that owns it.

    Attributes:
        server: where it is.
        name: its name, and the role's.
        password: the role's; it has characters that a URL must quote.
    """

    server: PostgreSQL = field(repr=False)
    name: str
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """Its URL by TCP."""
        return self.url_at(f"127.0.0.1:{self.server.port}")

    @property
    def socket_url(self) -> str:
        """Its URL by the Unix socket, where no password is asked for."""
        return f"postgresql:///{self.name}?host={self.server.folder}&port={self.server.port}&user={self.name}"

    @property
    def verified_url(self) -> str:
        """Its URL by TLS, with the server's certificate and name verified."""
        return self.url_at(f"localhost:{self.server.port}", f"sslmode=verify-full&sslrootcert={self.server.authority}")

    def url_at(self, host: str, parameters: str = "") -> str:
        """Its URL with another host and port, and parameters such as `sslmode=disable`."""
        query = f"?{parameters}" if parameters else ""
        return f"postgresql://{self.name}:{quote(self.password, safe='')}@{host}/{self.name}{query}"


class PostgreSQL(Postmaster):
    """A server, and the databases that the tests make on it; the arguments are those of `Postmaster`."""

    def __init__(self, folder: pathlib.Path, port: int) -> None:
        super().__init__(folder, port)
        self._databases: list[Database] = []

    def database(self, tablespace: str = "pg_default") -> Database:
        """A new, empty database with a role of its own."""
        made = Database(self, f"outbox_{secrets.token_hex(4)}", f"{secrets.token_hex(8)}@/:?#%")
        self.execute(f"CREATE ROLE {made.name} LOGIN PASSWORD '{made.password}'")
        self._databases.append(made)
        how = f"OWNER {made.name} TEMPLATE template0 TABLESPACE {tablespace}"
        self.execute(f"CREATE DATABASE {made.name} {how}")
        return made

    def connect(self, database: Database | None = None) -> psycopg.Connection:
        """Connect as the superuser, with autocommit, also to a database that takes no others."""
        import psycopg  # here, since most tests need no database and this takes a while

        name = database.name if database else "postgres"
        return psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user=OWNER,
            dbname=name,
            autocommit=True,
            connect_timeout=LIMIT_S,
        )

    def execute(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement as the superuser; returns the rows."""
        with self.connect() as connection:
            cursor = connection.execute(sql.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def terminate_connections(self, database: Database) -> int:
        """End all connections to a database; returns how many there were."""
        ended = self.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            database.name,
        )
        pids = [pid for pid, _ in ended]
        there = "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)"
        wait_until(lambda: not self.execute(there, pids), LIMIT_S)
        return len(pids)

    def make_read_only(self, database: Database, read_only: bool = True) -> None:
        """Refuse all writes to a database, as a standby does, or take them again; connections to it are ended."""
        change = "SET default_transaction_read_only = on" if read_only else "RESET default_transaction_read_only"
        self.execute(f"ALTER DATABASE {database.name} {change}")
        self.terminate_connections(database)

    def tidy(self) -> None:
        """Bring it back to where it was at first: running, and without databases."""
        self.recover()
        for database in self._databases:
            self.execute(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")
            self.execute(f"DROP ROLE {database.name}")
        self._databases.clear()


@contextlib.contextmanager
def running() -> Iterator[PostgreSQL]:
    """A running server, in a folder below the system's temporary one: those of pytest are closed to its owner."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="outbox-postgres-"))
    with contextlib.ExitStack() as ending:
        ending.callback(shutil.rmtree, folder)
        server = PostgreSQL(folder, ending.enter_context(held_port()))
        ending.callback(server.close)
        server.start()
        yield server
