"""Twenty processes at once on one database, killed at random, and a server that is killed: every deployment ends once.

`TEAM_SECONDS` says for how long; `TEAM_SEED` which processes are killed when.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable

import pytest

from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.stored.breaker import QUIET_S
from bigpanda_provider.delivery.stored.location import parse
from bigpanda_provider.state import DeliveryStatus

from . import team
from .engine import LIMIT_S, ROOT, wait_until
from .postgres import PostgreSQL
from .servers import Sandbox

PROCESSES = 20
KILLING_S = 5.0
WRITING_S = QUIET_S + 5
"""How long it takes, after the server was away, until everybody has written what could not be written."""
SECONDS = float(os.environ.get("TEAM_SECONDS", "60"))
SEED = int(os.environ.get("TEAM_SEED", "0"))


TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND query <> ''"
"""Ends all connections, but for those that are still being made: a process that cannot connect is told so."""


class Team:
    """The processes.

    Args:
        location: the outbox.
        address: BigPanda's.
        folder: an empty folder.
    """

    def __init__(self, location: str, address: str, folder: pathlib.Path) -> None:
        self._folder = folder
        self._errors = folder / "errors"
        self._running: dict[str, int] = {}
        command = [sys.executable, "-m", "tests.team", location, address, str(folder)]
        with self._errors.open("wb") as errors:
            self._first = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )

    def start(self, name: str) -> None:
        """Start one; every third is on another machine."""
        assert self._first.stdin is not None
        assert self._first.stdout is not None
        self._first.stdin.write(f"{name} {'elsewhere' if int(name) % 3 == 0 else team.HERE}\n")
        self._first.stdin.flush()
        self._running[name] = int(self._first.stdout.readline())

    def kill(self, name: str) -> None:
        """Kill one."""
        os.kill(self._running.pop(name), signal.SIGKILL)

    def close(self) -> None:
        """Kill all, and wait until the last one is gone."""
        for name in list(self._running):
            self.kill(name)
        self._first.communicate(timeout=LIMIT_S)

    def errors(self) -> str:
        """What they had to say."""
        return self._errors.read_text()

    def begun(self) -> dict[str, str]:
        """The place of each deployment that they were about to begin."""
        lines = [line for file in self._folder.glob("[0-9]*") for line in file.read_text().splitlines()]
        return {one: place for place, one in (line.split() for line in lines)}


def run(members: Team, seconds: float, mishap: Callable[[], object], chance: random.Random) -> None:
    """Let them work for a time, kill one each moment, and let something happen to the server now and then."""
    for number in range(PROCESSES):
        members.start(str(number))
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        until = time.monotonic() + KILLING_S
        while time.monotonic() < until:
            time.sleep(chance.random() * 0.5)
            name = str(chance.randrange(PROCESSES))
            members.kill(name)
            members.start(name)
        mishap()


def judge(events: list[tuple[str, str]], begun: dict[str, str], *, knows_all: bool) -> None:
    """Hold what BigPanda has got against what was begun.

    Args:
        events: such as ("start", id) and ("success", id), in order.
        begun: the place of each.
        knows_all: whether the database was there all the time, so that who came later knew of who came earlier.
    """
    ends: dict[str, set[str]] = defaultdict(set)
    open_of: dict[str, str] = {}
    for kind, one in events:
        place = begun[one]  # nothing is sent that was not begun
        if kind == "start":
            assert not knows_all or open_of.get(place) in (None, one), f"{one} began while {open_of[place]} was open"
            open_of[place] = one
        else:
            ends[one].add(kind)
            if open_of.get(place) == one:
                del open_of[place]
    # Who is killed before the database is back has told nobody how its deployment ended: it ends once more.
    assert not knows_all or {one: kinds for one, kinds in ends.items() if len(kinds) > 1} == {}
    started = {one for kind, one in events if kind == "start"}
    assert set(ends) <= started


def nothing_is_left(location: str, address: str) -> bool:
    """Flush, as the last process; whether that was all."""
    last = team.delivery(location, address)
    with last.outbox:
        return team.flush(last) == 0


@pytest.mark.parametrize("server", ["lives", "is restarted and killed"])
def test_whatever_is_killed_every_deployment_ends_once(
    server: str, postgres_alone: PostgreSQL, bigpanda: Sandbox, tmp_path: pathlib.Path
) -> None:
    """Nothing is lost, nothing is sent that was not begun, and the order of each place holds."""
    chance = random.Random(SEED)
    lives = server == "lives"
    database = postgres_alone.database()
    members = Team(database.url, bigpanda.address, tmp_path)

    def mishap() -> None:
        if lives:
            postgres_alone.execute(TERMINATE, database.name)
        elif chance.random() < 0.5:
            postgres_alone.restart()
        else:
            postgres_alone.kill()
            postgres_alone.start()
        if not lives:  # who is killed before has told nobody how its deployment ended
            time.sleep(WRITING_S)

    with contextlib.closing(members):
        run(members, SECONDS if lives else SECONDS / 2, mishap, chance)
    wait_until(lambda: nothing_is_left(database.url, bigpanda.address))
    with Outbox(parse(database.url)) as outbox:
        records = list(outbox.latest())
    events = [
        (e["kind"] if e["kind"] == "start" else e["body"]["status"], e["body"]["version"]) for e in bigpanda.events()
    ]
    judge(events, members.begun(), knows_all=lives)
    assert len(records) > SECONDS / 2
    assert all(record.attempt.is_settled for record in records)
    started = {one for kind, one in events if kind == "start"}
    in_progress = started - {one for kind, one in events if kind != "start"}
    recorded = {record.id for record in records}
    # What began while there was no database, and was killed before there was one, nobody knows of.
    assert in_progress.isdisjoint(recorded)
    assert not lives or in_progress == set()
    sent = {record.id for record in records if record.attempt.start_delivery is DeliveryStatus.DELIVERED}
    last = {one: kind for kind, one in events if kind != "start"}
    assert {one: last[one] for one in recorded} == {r.id: r.attempt.end.status.value for r in records if r.attempt.end}
    assert recorded == sent <= started, "what the outbox has as delivered was not sent"
    assert not lives or members.errors() == ""
