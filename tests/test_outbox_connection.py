"""A database that is down, silent, slow or refuses, and connections that are lost: nothing is lost or done twice."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bigpanda_provider.delivery.attempt import End
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.stored import postgres as client
from bigpanda_provider.delivery.stored.breaker import QUIET_S
from bigpanda_provider.delivery.stored.database import LIMIT_S
from bigpanda_provider.delivery.stored.location import Url
from bigpanda_provider.state import DeliveryStatus

from .database_proxy import DatabaseProxy, database_proxy
from .engine import wait_until
from .outboxes import GONE, OPEN, OTHER, PLACE, TABLES, Clock, read_back
from .postgres import Database, PostgreSQL
from .small_disk import small_disk

PATIENCE_S = 30.0
HELD_UP_S = LIMIT_S + 3
"""The limit, and what a busy machine adds."""


@dataclass
class Line:
    """A database and the line to it.

    Attributes:
        server: the server.
        database: the database.
        proxy: the line.
        by_hand: a connection that needs no line.
        warnings: what the outboxes on this line have warned of, by what it is about.
    """

    server: PostgreSQL
    database: Database
    proxy: DatabaseProxy
    by_hand: Any
    warnings: dict[str, str]

    @property
    def url(self) -> Url:
        """The database's URL by the line."""
        return Url(self.proxy.url(self.database))

    def outbox(self, **given: Any) -> Outbox:
        """The outbox as a process uses it."""
        return Outbox(self.url, self._warn, **given)

    def _warn(self, sentence: str, *, about: str | None = None) -> None:
        self.warnings.setdefault(about or sentence, sentence)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement as the superuser."""
        cursor = self.by_hand.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def line_to(server: PostgreSQL, database: Database) -> Iterator[Line]:
    """One that works."""
    with database_proxy(server.port) as proxy, contextlib.closing(server.connect(database)) as by_hand:
        yield Line(server, database, proxy, by_hand, {})


@pytest.fixture
def line(postgres: PostgreSQL) -> Iterator[Line]:
    """A line to an empty database."""
    with line_to(postgres, postgres.database()) as line:
        yield line


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what is done, not of how long it takes."""
    monkeypatch.setattr(client, "LIMIT_S", PATIENCE_S)
    monkeypatch.setattr(client, "SLOW_S", PATIENCE_S)


# -- a database that cannot be used ------------------------------------------------------------------------------------


@contextlib.contextmanager
def refused(line: Line) -> Iterator[str]:
    """Nobody listens."""
    line.proxy.refuse()
    line.proxy.cut()
    yield "Connection refused"
    line.proxy.accept()


@contextlib.contextmanager
def cut_off(line: Line) -> Iterator[str]:
    """The line takes connections and loses what comes on them."""
    line.proxy.stall()
    yield "the database did not answer within 2 s"
    line.proxy.go_on()


@contextlib.contextmanager
def suspended(line: Line) -> Iterator[str]:
    """The server's processes stand still."""
    line.server.suspend()
    yield "the database did not answer within 2 s"
    line.server.resume()


@contextlib.contextmanager
def slow(line: Line) -> Iterator[str]:
    """Each round trip takes longer than anybody waits."""
    line.proxy.to_server_s = line.proxy.to_client_s = 1.5
    yield "the database did not answer within 2 s"
    line.proxy.to_server_s = line.proxy.to_client_s = 0.0


@contextlib.contextmanager
def locked(line: Line) -> Iterator[str]:
    """Another one has the tables for itself."""
    with line.by_hand.transaction():
        line.sql(f"LOCK TABLE {TABLES} IN ACCESS EXCLUSIVE MODE")
        yield ""  # the server notices at the same time that it takes too long


@contextlib.contextmanager
def read_only(line: Line) -> Iterator[str]:
    """As a standby is."""
    line.server.make_read_only(line.database)
    yield "cannot execute UPDATE in a read-only transaction"
    line.server.make_read_only(line.database, False)


@contextlib.contextmanager
def forbidden(line: Line) -> Iterator[str]:
    """The tables are somebody else's."""
    line.sql("ALTER TABLE bigpanda_attempt OWNER TO postgres")
    yield "permission denied for table bigpanda_attempt"
    line.sql(f"ALTER TABLE bigpanda_attempt OWNER TO {line.database.name}")


@contextlib.contextmanager
def damaged(line: Line) -> Iterator[str]:
    """One of the tables is no more, so that they are not made anew."""
    line.sql("ALTER TABLE bigpanda_attempt RENAME TO elsewhere")
    yield 'relation "bigpanda_attempt" does not exist'
    line.sql("ALTER TABLE elsewhere RENAME TO bigpanda_attempt")


@contextlib.contextmanager
def stopped(line: Line) -> Iterator[str]:
    """An administrator has stopped the server."""
    line.server.stop()
    yield "server closed the connection unexpectedly"  # which the line has taken
    line.server.start()


@contextlib.contextmanager
def killed(line: Line) -> Iterator[str]:
    """All its processes are gone at one moment."""
    line.server.kill()
    yield "server closed the connection unexpectedly"
    line.server.start()


Fault = Callable[[Line], contextlib.AbstractContextManager[str]]
FAULTS: list[Fault] = [
    refused, cut_off, suspended, slow, locked, read_only, forbidden, damaged, stopped, killed
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_happens_while_the_database_cannot_be_used_is_written_when_it_can(line: Line, fault: Fault) -> None:
    """One warning, at most 2 s for all of it, and what this process knows counts until then."""
    clock = Clock()
    with line.outbox(clock=clock) as outbox:
        outbox.begin(PLACE, OPEN)
        outbox.begin(PLACE, replace(OPEN, id="two"))
        with fault(line) as why:
            begun = time.monotonic()
            assert outbox.end("one", End.success())
            assert not outbox.end("one", End.failure("late"))
            outbox.begin(PLACE, replace(OPEN, id="three"))
            outbox.note("two", "full")
            outbox.unsettled_of_all()
            outbox.renew()
            assert time.monotonic() - begun < HELD_UP_S
            trouble = outbox.trouble
            assert trouble is not None
            assert why in str(trouble)
        clock.time += QUIET_S
        client._quiet.clear()
        outbox.end_became("one", DeliveryStatus.DELIVERED)
        assert len(outbox.unsettled_of_all()) == 2
        assert outbox.trouble is None
        assert read_back(outbox, "one").attempt.end == replace(
            End.success(), at=1000, delivery=DeliveryStatus.DELIVERED
        )
        assert [read_back(outbox, number).attempt.is_open for number in ("two", "three")] == [True, True]
    assert len(line.warnings) == 1


@pytest.mark.parametrize("fault", [refused, cut_off])
def test_what_could_not_be_written_is_written_at_the_end(line: Line, fault: Fault) -> None:
    """However soon that is."""
    with line.outbox() as outbox:
        outbox.begin(PLACE, OPEN)
        with fault(line):
            outbox.end("one", End.success())
    found = read_back(outbox).attempt.end
    assert found is not None
    assert found.status is End.success().status


def test_a_slow_database_costs_little_of_an_updates_time(line: Line) -> None:
    """Its answers may add up to a second; then it is left alone for a while, with one warning."""
    clock = Clock()
    with line.outbox(clock=clock) as outbox:
        outbox.begin(PLACE, OPEN)
        line.proxy.to_client_s = 0.4
        begun = time.monotonic()
        for number in range(20):
            clock.time += QUIET_S
            outbox.begin(PLACE, replace(OPEN, id=str(number)))
        assert time.monotonic() - begun < HELD_UP_S
        assert outbox.trouble is not None
        assert "the database is slow: an answer took 0." in str(outbox.trouble)
        line.proxy.to_client_s = 0.0
    assert len(line.warnings) == 1
    with line.outbox() as reader:
        assert len(reader.unsettled_of_all()) == 21


def test_a_command_that_needs_the_outbox_is_patient(line: Line) -> None:
    """It has nothing else to wait for."""
    line.outbox().close()
    with line.outbox(is_patient=True) as outbox:
        outbox.unsettled_of_all()
        line.proxy.to_client_s = 2.5
        outbox.begin(PLACE, OPEN)
        assert [record.id for record in outbox.unsettled_of_all()] == ["one"]
        line.proxy.to_client_s = 0.0
    assert line.warnings == {}


def test_a_full_disk(postgres: PostgreSQL) -> None:
    """What does not fit is written when there is room."""
    clock = Clock()
    with small_disk(postgres) as disk, line_to(postgres, disk.database) as line, line.outbox(clock=clock) as outbox:
        outbox.begin(PLACE, OPEN)
        disk.fill()
        many = [str(number) for number in range(3)]
        for number in many:
            outbox.begin(PLACE, replace(OPEN, id=number), folder=secrets.token_hex(500_000))
        assert outbox.trouble is not None
        assert "No space left on device" in str(outbox.trouble)
        disk.make_room()
        clock.time += QUIET_S
        outbox.end("one", End.success())
        assert outbox.trouble is None
        assert {record.id for record in outbox.latest()} == {"one", *many}
        assert len(line.warnings) == 1


# -- a connection that is lost -----------------------------------------------------------------------------------------


def backends(line: Line) -> list[tuple[Any, ...]]:
    """The connections of outboxes."""
    return line.sql(f"SELECT pid FROM pg_stat_activity WHERE usename = '{line.database.name}'")


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("how", ["terminated", "restarted", "killed", "cut"])
def test_a_connection_that_is_lost_between_two_transactions_is_made_anew(line: Line, how: str) -> None:
    """Nobody is told."""
    with line.outbox() as outbox:
        outbox.begin(PLACE, OPEN)
        if how == "terminated":
            assert line.server.terminate_connections(line.database) == 2
        elif how == "restarted":
            line.server.restart()
        elif how == "killed":
            line.server.kill()
            line.server.start()
        else:
            line.proxy.cut()
        assert outbox.end("one", End.success())
        assert not read_back(outbox).attempt.is_open
    assert line.warnings == {}


@pytest.mark.usefixtures("patient")
def test_a_connection_that_is_lost_during_a_transaction(line: Line) -> None:
    """It is done again, once."""
    with line.outbox() as outbox:
        outbox.begin(PLACE, OPEN)
        with line.by_hand.transaction():
            line.sql("LOCK TABLE bigpanda_attempt IN ACCESS EXCLUSIVE MODE")
            ending = threading.Thread(target=outbox.end, args=("one", End.success()))
            ending.start()
            waiting = "SELECT pid FROM pg_locks WHERE NOT granted"
            wait_until(lambda: line.sql(waiting))
            line.sql(f"SELECT pg_terminate_backend(pid) FROM ({waiting}) AS waiting")
        ending.join(PATIENCE_S)
        assert not read_back(outbox).attempt.is_open
    assert line.warnings == {}


def lose_the_answer(line: Line, of: Callable[[], Any], committed: str, *, for_good: bool = False) -> Any:
    """Cut the line once a transaction is committed and before its answer arrives.

    Args:
        line: the line.
        of: what does it.
        committed: a query that finds something once it is committed.
        for_good: whether there is no line afterwards.
    """
    answered: list[Any] = []
    line.proxy.to_client_s = PATIENCE_S
    doing = threading.Thread(target=lambda: answered.append(of()))
    doing.start()
    wait_until(lambda: line.sql(committed))
    line.proxy.to_client_s = 0.0
    if for_good:
        line.proxy.refuse()
    line.proxy.cut()
    doing.join(PATIENCE_S)
    assert len(answered) == 1
    return answered[0]


@pytest.mark.usefixtures("patient")
def test_a_commit_whose_answer_is_lost_is_done_once(line: Line) -> None:
    """A begin, an end and a delivery: this process finds that it has done so itself."""
    with line.outbox() as outbox:
        outbox.begin(PLACE, replace(OPEN, id="zero"))
        lose_the_answer(line, lambda: outbox.begin(PLACE, OPEN), "SELECT 1 FROM bigpanda_attempt WHERE id = 'one'")
        assert outbox.can_be_ended_by_others("one")
        ended = "SELECT 1 FROM bigpanda_attempt WHERE status IS NOT NULL"
        assert lose_the_answer(line, lambda: outbox.end("one", End.failure("full")), ended)
        assert not outbox.end("one", End.success())
        assert outbox.looks_after("one")
        sent = "SELECT 1 FROM bigpanda_attempt WHERE end_delivery = 'delivered'"
        lose_the_answer(line, lambda: outbox.end_became("one", DeliveryStatus.DELIVERED), sent)
        assert read_back(outbox).attempt.is_settled
        end = read_back(outbox).attempt.end
        assert end is not None
        assert end.reason == "full"
    assert line.warnings == {}


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.usefixtures("patient")
def test_a_take_whose_answer_is_lost_is_a_take(line: Line, for_good: bool) -> None:
    """Whoever has taken it takes it again, and nobody else does."""
    clock = Clock()
    with line.outbox(holder=GONE, clock=clock) as outbox:
        outbox.begin(PLACE, OPEN)
    with line.outbox(clock=clock) as outbox, line.outbox(holder=OTHER, clock=clock) as other:
        (found,) = outbox.unsettled_of_all()
        (seen_by_other,) = other.unsettled_of_all()
        taken = f"SELECT 1 FROM bigpanda_attempt WHERE holder = '{outbox._me}'"
        took = lose_the_answer(line, lambda: outbox.take([found]), taken, for_good=for_good)
        if for_good:
            assert took == []
            line.proxy.accept()
            clock.time += QUIET_S
            (found,) = outbox.unsettled_of_all()
            assert found.is_free(clock.time)
            took = outbox.take([found])
        assert [record.id for record in took] == ["one"]
        assert other.take([seen_by_other]) == []
        (seen_by_other,) = other.unsettled_of_all()
        assert seen_by_other.holder == outbox._me
        assert outbox.end("one", End.failure("gone"))
