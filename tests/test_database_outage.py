"""An update whose outbox is a database that cannot be used: one warning, and it goes on as without."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from bigpanda_provider.delivery.stored.database import LIMIT_S

from .database_proxy import DatabaseProxy
from .engine import Stack
from .outboxes import TABLES
from .postgres import Database
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")
MakeStack = Callable[[str], Stack]

SEVERAL = """
    for name in ("web", "api", "jobs"):
        with bigpanda.Deployment(name, component=name, version=config.get("version") or "1", hosts=["a"]):
            Thing(f"thing-{name}", config.get("version"), fail=config.get("fail"))
    """
PROCESSES = 2
BUSY_S = 15
"""What a busy machine adds to an update."""
STORY = sorted(["start 1", "success 1"] * 3)


@contextlib.contextmanager
def refused(proxy: DatabaseProxy, database: Database) -> Iterator[str]:
    """Nobody listens."""
    proxy.refuse()
    yield "Connection refused"


@contextlib.contextmanager
def silent(proxy: DatabaseProxy, database: Database) -> Iterator[str]:
    """It never answers."""
    proxy.stall()
    yield "the database did not answer within 2 s"
    proxy.go_on()


@contextlib.contextmanager
def slow(proxy: DatabaseProxy, database: Database) -> Iterator[str]:
    """A round trip takes a second."""
    proxy.to_server_s = proxy.to_client_s = 0.5
    yield "the database did not answer within 2 s"
    proxy.to_server_s = proxy.to_client_s = 0.0


@contextlib.contextmanager
def read_only(proxy: DatabaseProxy, database: Database) -> Iterator[str]:
    """As a standby is."""
    database.server.make_read_only(database)
    yield "in a read-only transaction"
    database.server.make_read_only(database, False)


@contextlib.contextmanager
def locked(proxy: DatabaseProxy, database: Database) -> Iterator[str]:
    """Another one has the tables for itself."""
    with database.server.connect(database) as by_hand, by_hand.transaction():
        by_hand.execute(f"LOCK TABLE {TABLES} IN ACCESS EXCLUSIVE MODE".encode())
        yield ""


Fault = Callable[[DatabaseProxy, Database], contextlib.AbstractContextManager[str]]


@pytest.mark.parametrize("fault", [refused, silent, slow, read_only, locked])
def test_a_database_that_cannot_be_used_is_one_warning(
    stack: MakeStack, bigpanda: Sandbox, proxy: DatabaseProxy, database: Database, fault: Fault
) -> None:
    """The events are sent all the same, and the update waits for it once in each of its processes."""
    made = stack(SEVERAL)
    made.environment["BIGPANDA_OUTBOX"] = proxy.url(database)
    begun = time.monotonic()
    run = made.up(skip_preview=True)
    usual_s = time.monotonic() - begun
    assert run.ok, run.output
    assert "warning" not in run.output
    assert sorted(bigpanda.story()) == STORY
    with fault(proxy, database) as why:
        begun = time.monotonic()
        run = made.config(version="2").up(skip_preview=True)
        took_s = time.monotonic() - begun
    assert run.ok, run.output
    assert run.output.count("warning: the outbox postgresql://") == 2, run.output  # as it goes, and in the summary
    assert why in run.output
    assert "psycopg" not in run.output.lower()
    assert database.password not in run.output
    assert sorted(bigpanda.story()[6:]) == [line.replace("1", "2") for line in STORY]
    assert took_s < usual_s + PROCESSES * LIMIT_S + BUSY_S


@pytest.mark.parametrize("fault", [silent, slow])
def test_a_program_that_fails_while_the_database_does_not_answer(
    stack: MakeStack, bigpanda: Sandbox, proxy: DatabaseProxy, database: Database, fault: Fault
) -> None:
    """Each of its deployments is ended as a failure, for the general reason."""
    made = stack(SEVERAL).config(fail="full")
    made.environment["BIGPANDA_OUTBOX"] = proxy.url(database)
    with fault(proxy, database):
        run = made.up("--continue-on-error", skip_preview=True)
    assert not run.ok
    assert sorted(bigpanda.story()) == sorted(["start 1", "failure 1"] * 3), run.output
    assert run.output.count("warning: the outbox postgresql://") == 2, run.output


def test_required_needs_no_more_than_before(
    stack: MakeStack, bigpanda: Sandbox, proxy: DatabaseProxy, database: Database
) -> None:
    """With `delivery: required` BigPanda has to take the events; the database may be away."""
    made = stack(SEVERAL)
    made.environment.update(BIGPANDA_OUTBOX=proxy.url(database), BIGPANDA_DELIVERY="required")
    proxy.stall()
    run = made.up(skip_preview=True)
    proxy.go_on()
    assert run.ok, run.output
    assert sorted(bigpanda.story()) == STORY


@pytest.mark.parametrize("how", ["terminated", "restarted", "killed", "cut"])
def test_the_connection_is_lost_in_the_middle_of_an_update(
    stack: MakeStack, bigpanda: Sandbox, proxy: DatabaseProxy, database: Database, how: str
) -> None:
    """Nobody notices: it is made anew."""
    made = stack("""
        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            Thing("thing", hold="thing")
        """)
    made.environment["BIGPANDA_OUTBOX"] = proxy.url(database)
    with made.running(skip_preview=True) as update:
        update.wait_for_line("Deployment web created")  # BigPanda has the start before it is written down
        if how == "terminated":
            assert database.server.terminate_connections(database) >= 1
        elif how == "restarted":
            database.server.restart()
        elif how == "killed":
            database.server.kill()
            database.server.start()
        else:
            proxy.cut()
        made.let_go("thing")
        run = update.end()
    assert run.ok, run.output
    assert "warning" not in run.output
    assert bigpanda.story() == ["start 1", "success 1"]
    with database.server.connect(database) as by_hand:
        assert by_hand.execute("SELECT end_delivery FROM bigpanda_attempt").fetchall() == [("delivered",)]
