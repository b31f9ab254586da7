"""The proxy in front of the tests' database: it counts what a client waits for, and fails as networks do."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from .database_proxy import DatabaseProxy, database_proxy
from .postgres import Database, PostgreSQL

LOGIN = 3
"""The round trips of a login by SCRAM: who one is, the nonce, the proof."""


def test_a_round_trip_is_counted_and_costs_its_latency(proxy: DatabaseProxy, database: Database) -> None:
    """One for each statement and not for each row or packet; a pipeline's statements share one."""
    with psycopg.connect(proxy.url(database), autocommit=True) as connection:
        assert proxy.round_trips == LOGIN
        proxy.to_server_s, proxy.to_client_s = 0.1, 0.2
        begun = time.monotonic()
        rows = connection.execute("SELECT repeat('x', 1000) FROM generate_series(1, 1000)").fetchall()
        assert len(rows) == 1000
        assert proxy.round_trips == LOGIN + 1
        assert 0.3 <= time.monotonic() - begun < 2  # and not for each of some 16 packets
        with connection.pipeline():
            for number in range(20):
                connection.execute("SELECT %s", [number])
        assert proxy.round_trips == LOGIN + 2
    assert proxy.accepted == 1


def test_a_stalled_connection_goes_on_where_it_was(proxy: DatabaseProxy, database: Database) -> None:
    """Nothing comes through meanwhile, on new connections neither, and nothing is lost."""
    with psycopg.connect(proxy.url(database), autocommit=True) as connection:
        proxy.stall()
        got: list[object] = []
        asking = threading.Thread(target=lambda: got.append(connection.execute("SELECT 7").fetchone()))
        asking.start()
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(proxy.url(database), connect_timeout=2)
        assert got == []
        proxy.go_on()
        asking.join(20)
        assert got == [(7,)]


def test_connections_are_cut_and_refused(proxy: DatabaseProxy, database: Database) -> None:
    """Those that are there and those that come, each on its own."""
    with psycopg.connect(proxy.url(database)) as connection:
        proxy.refuse()
        connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="Connection refused"):
            psycopg.connect(proxy.url(database))
        proxy.cut()
        with pytest.raises(psycopg.OperationalError) as error:
            connection.execute("SELECT 1")
        assert error.value.sqlstate is None
    proxy.accept()
    psycopg.connect(proxy.url(database)).close()
    psycopg.connect(proxy.url(database, "sslmode=require")).close()


def test_the_end_of_the_proxy_waits_for_nobody(postgres: PostgreSQL) -> None:
    """Not even for a server that does not read."""
    with database_proxy(postgres.port) as proxy:
        connection = psycopg.connect(proxy.url(postgres.database()))
        postgres.suspend()
        connection.pgconn.nonblocking = 1
        connection.pgconn.send_query(b"SELECT '" + b"x" * 30_000_000 + b"'")
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    connection.close()


def test_a_server_that_is_gone_ends_the_connection(proxy: DatabaseProxy, postgres: PostgreSQL) -> None:
    """Both the one that is there and the next one."""
    with psycopg.connect(proxy.url(postgres.database())) as connection:
        postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
