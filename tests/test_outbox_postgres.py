"""The outbox in a database: its tables, who makes them, and clocks that differ."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from bigpanda_provider.delivery.attempt import End
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import LEASE_S
from bigpanda_provider.delivery.stored import schema
from bigpanda_provider.delivery.stored.breaker import QUIET_S
from bigpanda_provider.delivery.stored.location import Url

from .engine import LIMIT_S, ROOT
from .outboxes import ELSEWHERE, OPEN, PLACE, Clock, InDatabase, read_back
from .postgres import Database, PostgreSQL

BEGIN = """
import sys
from bigpanda_provider.delivery.attempt import Attempt
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.stored.location import parse
from tests.outboxes import OPEN, PLACE
import dataclasses
print("ready", flush=True)
input()
with Outbox(parse(sys.argv[1])) as outbox:
    outbox.begin(PLACE, dataclasses.replace(OPEN, id=sys.argv[2]))
    print(outbox.trouble, flush=True)
    sys.stdin.read()
"""
CLOCK = """
import sys, time
real = time.time
time.time = lambda: real() + float(sys.argv[2])
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.stored.location import parse
from tests.outboxes import ELSEWHERE, OPEN, PLACE
"""
HOLD = """
outbox = Outbox(parse(sys.argv[1]), holder=ELSEWHERE)
outbox.begin(PLACE, OPEN)
print("ready", flush=True)
sys.stdin.read()
"""
TAKE = """
print("ready", flush=True)
input()
with Outbox(parse(sys.argv[1])) as outbox:
    found = [record for record in outbox.unsettled_of_all() if record.is_free(outbox.now())]
    print(len(outbox.take(found)), outbox.trouble, flush=True)
    sys.stdin.read()
"""


def started(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a process that runs Python code."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def told(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Let processes go on, all at once, and wait for what each prints; then end them."""
    for process in processes:
        assert line(process) == "ready"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    lines = [line(process) for process in processes]
    for process in processes:
        process.communicate(timeout=LIMIT_S)
    return lines


def line(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_of_several_that_come_first_one_makes_the_tables(database: Database, postgres: PostgreSQL) -> None:
    """Eight processes begin an attempt at the same moment in an empty database: none fails."""
    assert told([started(BEGIN, database.url, str(number)) for number in range(8)]) == ["None"] * 8
    with postgres.connect(database) as by_hand:
        assert by_hand.execute("SELECT version FROM bigpanda_outbox").fetchall() == [(schema.VERSION,)]
        found = by_hand.execute("SELECT id FROM bigpanda_attempt ORDER BY id").fetchall()
    assert found == [(str(number),) for number in range(8)]


def test_a_newer_version_is_refused_before_it_is_touched(database: Database, postgres: PostgreSQL) -> None:
    """One sentence says what to upgrade; nothing in the database is written, nor is it locked."""
    with Outbox(Url(database.url)) as outbox:
        outbox.begin(PLACE, OPEN)
    with postgres.connect(database) as by_hand:
        by_hand.execute("UPDATE bigpanda_outbox SET version = version + 1")
        by_hand.execute("DROP TABLE bigpanda_note")
        rows = "SELECT xmin::text, ctid::text, a.* FROM bigpanda_attempt a"
        tables = "SELECT relname, xmin::text FROM pg_class WHERE relname LIKE 'bigpanda%' ORDER BY 1"
        before = [by_hand.execute(look.encode()).fetchall() for look in (rows, tables)]
        with Outbox(Url(database.url)) as outbox:
            outbox.begin(PLACE, OPEN)
            assert outbox.unsettled_of_all() == []
            trouble = outbox.trouble
        assert [by_hand.execute(look.encode()).fetchall() for look in (rows, tables)] == before
    newer = (
        f"(it was written by a newer version of this package, format {schema.VERSION + 1}; upgrade bigpanda-provider)"
    )
    assert trouble is not None
    assert newer in str(trouble)


def test_tables_that_are_dropped_are_made_anew(database: Database) -> None:
    """With what this process knows, and nobody is told."""
    warnings: list[str] = []

    def warn(sentence: str, *, about: str | None = None) -> None:
        warnings.append(sentence)

    with InDatabase.made(database.server) as kept, Outbox(kept.location, warn) as outbox:
        outbox.begin(PLACE, OPEN)
        kept.remove()
        assert outbox.end("one", End.success())
        found = read_back(outbox).attempt.end
        assert found is not None
        assert found.status is End.success().status
    assert warnings == []


@pytest.mark.parametrize("ahead_s", [-3600, 3600])
def test_a_clock_that_is_wrong_takes_over_what_is_left_alone(
    database: Database, postgres: PostgreSQL, ahead_s: int
) -> None:
    """Leases are told by the database's clock: of a process elsewhere that lives nothing is taken, afterwards once."""
    ahead, behind = (database.url, str(ahead_s)), (database.url, str(-ahead_s))
    with started(CLOCK + HOLD, *ahead) as holder:
        assert line(holder) == "ready"
        assert told([started(CLOCK + TAKE, *how) for how in (ahead, behind)]) == ["0 None", "0 None"]
        holder.kill()
    with postgres.connect(database) as by_hand:
        ((lease,),) = by_hand.execute("SELECT lease - extract(epoch FROM now())::float8 FROM bigpanda_attempt")
        assert 0 < lease <= LEASE_S
        by_hand.execute("UPDATE bigpanda_attempt SET lease = lease - 31")
    takers = [started(CLOCK + TAKE, *how) for how in (ahead, behind, ahead)]
    assert sorted(told(takers)) == ["0 None", "0 None", "1 None"]


def test_what_is_written_late_is_looked_after_at_once(database: Database, postgres: PostgreSQL) -> None:
    """What began while the database was away longer than a lease has a whole lease when it is written."""
    clock = Clock()
    with Outbox(Url(database.socket_url), holder=ELSEWHERE, clock=clock) as outbox:
        postgres.stop()
        outbox.begin(PLACE, OPEN)
        assert outbox.trouble is not None
        clock.time += LEASE_S + QUIET_S
        outbox.renew()
        postgres.start()
        clock.time += QUIET_S
        outbox.note("two", "any use")
        outbox.end("one", End.success())
        assert read_back(outbox).lease >= clock.time + LEASE_S - 2 * QUIET_S
