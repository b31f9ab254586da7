"""The PostgreSQL server of the tests: it does to its clients what a real one does when it fails."""

from __future__ import annotations

import pathlib
import shutil
import socket
import subprocess
import sys
import time

import psycopg
import pytest
from psycopg import errors

from .engine import ROOT, wait_until
from .postgres import Database, PostgreSQL
from .small_disk import small_disk
from .tls import Authority

LIMIT_S = 20


def written(database: Database) -> list[int]:
    """The numbers in the test's table."""
    with psycopg.connect(database.url) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM written ORDER BY number").fetchall()]


@pytest.fixture
def database(postgres: PostgreSQL) -> Database:
    """A database with a table."""
    made = postgres.database()
    with psycopg.connect(made.url) as connection:
        connection.execute("CREATE TABLE written (number int)")
    return made


def test_a_database_is_its_roles_alone(postgres: PostgreSQL, database: Database) -> None:
    """By TCP it needs the password; another database of the same server has other tables."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database.url.replace(":", ":x", 2).replace(":x//", "://"))
    with psycopg.connect(database.socket_url) as connection:
        connection.execute("INSERT INTO written VALUES (1)")
    assert written(database) == [1]
    with pytest.raises(errors.UndefinedTable):
        written(postgres.database())


def test_what_is_committed_outlives_a_restart(postgres: PostgreSQL, database: Database) -> None:
    """Clients are told that the server goes, and refused while it is away."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("INSERT INTO written VALUES (1)")
        postgres.stop()
        with pytest.raises(errors.AdminShutdown):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="Connection refused"):
        psycopg.connect(database.url)
    postgres.start()
    postgres.restart()
    assert written(database) == [1]


def test_what_is_committed_outlives_a_kill(postgres: PostgreSQL, database: Database) -> None:
    """What is not, does not; clients are told nothing, and lose the connection."""
    with psycopg.connect(database.url) as connection:
        connection.execute("INSERT INTO written VALUES (1)")
        connection.commit()
        connection.execute("INSERT INTO written VALUES (2)")
        postgres.kill()
        with pytest.raises(psycopg.OperationalError) as error:
            connection.execute("SELECT 1")
        assert error.value.sqlstate is None
        with pytest.raises(psycopg.OperationalError, match="Connection refused"):
            psycopg.connect(database.url)
        postgres.start()
        assert written(database) == [1]


def test_a_suspended_server_takes_connections_and_says_nothing(postgres: PostgreSQL, database: Database) -> None:
    """Until it is resumed: then it goes on where it was."""
    with psycopg.connect(database.url, autocommit=True) as stay:
        postgres.suspend()
        socket.create_connection(("127.0.0.1", postgres.port), timeout=LIMIT_S).close()
        begun = time.monotonic()
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(database.url, connect_timeout=2)
        assert time.monotonic() - begun > 1
        postgres.resume()
        stay.execute("INSERT INTO written VALUES (1)")
    assert written(database) == [1]


def test_connections_can_be_ended_and_writes_be_refused(postgres: PostgreSQL, database: Database) -> None:
    """As by an administrator, and as by a standby."""
    with psycopg.connect(database.url) as connection:
        assert postgres.terminate_connections(database) == 1
        with pytest.raises(errors.AdminShutdown):
            connection.execute("SELECT 1")

    postgres.make_read_only(database)
    with psycopg.connect(database.url) as connection, pytest.raises(errors.ReadOnlySqlTransaction):
        connection.execute("INSERT INTO written VALUES (1)")
    postgres.make_read_only(database, False)
    with psycopg.connect(database.url) as connection:
        connection.execute("INSERT INTO written VALUES (2)")
    assert written(database) == [2]


def test_a_full_disk_fails_a_write_and_takes_it_when_there_is_room(postgres: PostgreSQL) -> None:
    """And what was there before can be read meanwhile."""
    with small_disk(postgres) as disk, psycopg.connect(disk.database.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE written (number int)")
        connection.execute("INSERT INTO written VALUES (1)")
        disk.fill()
        many = "INSERT INTO written SELECT generate_series(2, 10000)"
        with pytest.raises(errors.DiskFull):
            connection.execute(many)
        assert written(disk.database) == [1]
        disk.make_room()
        connection.execute(many)
        assert len(written(disk.database)) == 10000


def test_the_server_proves_who_it_is(postgres: PostgreSQL, database: Database, tmp_path: pathlib.Path) -> None:
    """By a certificate for its name, of its authority; a client that wants another of either does not connect."""
    with psycopg.connect(database.verified_url) as connection:
        assert connection.pgconn.ssl_in_use
    with psycopg.connect(database.url_at(f"127.0.0.1:{postgres.port}", "sslmode=disable")) as connection:
        assert not connection.pgconn.ssl_in_use
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        psycopg.connect(database.verified_url.replace("@localhost", "@elsewhere") + "&hostaddr=127.0.0.1")
    stranger = Authority(tmp_path / "stranger")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(database.verified_url.replace(str(postgres.authority), str(stranger.file)))


def test_the_next_test_finds_the_server_as_it_was(postgres: PostgreSQL) -> None:
    """Whatever a test has left: databases, one of them open, and a server that is suspended, stopped or killed."""
    before = postgres.execute("SELECT datname FROM pg_database ORDER BY 1")
    for leave in (postgres.suspend, postgres.stop, postgres.kill):
        with psycopg.connect(postgres.database().url):
            leave()
            postgres.tidy()
        assert postgres.execute("SELECT datname FROM pg_database ORDER BY 1") == before


def test_a_server_of_ones_own_is_another(postgres_alone: PostgreSQL, postgres: PostgreSQL) -> None:
    """What a test does to it, no other test sees."""
    assert postgres_alone.port != postgres.port
    postgres_alone.kill()
    assert postgres.execute("SELECT 1") == [(1,)]


@pytest.mark.usefixtures("postgres")  # skips where there is none
def test_no_server_is_left_when_the_tests_are_killed() -> None:
    """It goes with the process that has started it."""
    starts = (
        "import time; from tests.postgres import running\nwith running() as server:\n"
        " print(server.folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", starts], cwd=ROOT, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        folder = pathlib.Path(tests.stdout.readline().strip())
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        assert pathlib.Path(f"/proc/{pid}").exists()
        tests.kill()
    wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), LIMIT_S)
    shutil.rmtree(folder)
