"""Processes that deliver events, in memory: a clock, a BigPanda and a process table that do as they are told.

The outbox, its SQL and the whole of `delivery/` are real; what stands in is time, the network and who lives.
"""

from __future__ import annotations

import contextlib
import enum
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from bigpanda_provider.bigpanda.events import Context, StartEvent
from bigpanda_provider.bigpanda.wire import Post
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.delivery import Delivery
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.sender import Sender
from bigpanda_provider.delivery.stored.location import Location
from bigpanda_provider.errors import RejectedError, UnavailableError
from bigpanda_provider.settings import Settings
from bigpanda_provider.state import Api

STACK = "acme/shop/prod"
NO_DEADLINE = 1e9
DATABASE_LIMIT_S = 60.0
HERE, ELSEWHERE = "here", "elsewhere"
"""A process table that tells who lives, and one that nobody else can see."""


@dataclass
class Clock:
    """A clock that goes when it is told to, and a microsecond each time that it is looked at."""

    time: float = 1_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        self.time += 1e-6
        return self.time


class Weather(str, enum.Enum):
    """What BigPanda does with an event."""

    FINE = "fine"
    DOWN = "down"
    LOSES_ANSWERS = "loses answers"
    REJECTS = "rejects"


@dataclass
class BigPanda:
    """A BigPanda.

    Attributes:
        weather: what it does with the next events.
        got: what it has accepted, such as ("start", "2") and ("success", "2"): by version.
    """

    weather: Weather = Weather.FINE
    got: list[tuple[str, str]] = field(default_factory=list)

    def send(self, post: Post, _limit_s: float, *, secret: bool = False) -> None:
        """Take an event: of the Changes API one that ends what has not begun begins it, too."""
        body = post.body
        tags = body.get("tags", body)
        how = tags.get("result", body.get("status")) if "identifier" in body else body.get("status")
        is_start = body["status"] == "In Progress" if "identifier" in body else post.path.endswith("/start")
        events = [("start", tags["version"])] if is_start else [(str(how), tags["version"])]
        if "identifier" in body and not is_start and ("start", tags["version"]) not in self.got:
            events.insert(0, ("start", tags["version"]))
        self._take(events)

    def _take(self, events: list[tuple[str, str]]) -> None:
        if self.weather is Weather.REJECTS:
            raise RejectedError("rejected", "400")
        if self.weather is not Weather.DOWN:
            self.got += events
        if self.weather is not Weather.FINE:
            error = UnavailableError("no answer")
            error.perhaps_arrived = self.weather is Weather.LOSES_ANSWERS
            raise error

    def story(self) -> list[str]:
        """What it has accepted, in a form that reads: "start 2"."""
        return [f"{kind} {version}" for kind, version in self.got]


class World:
    """One machine's process table, one clock, one BigPanda, one outbox.

    Args:
        location: where the outbox is.
    """

    def __init__(self, location: Location) -> None:
        self.clock, self.bigpanda = Clock(), BigPanda()
        self.location = location
        self.alive: set[int] = set()
        self._processes: list[Process] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[World]:
        """Let the process table tell who lives, and nobody wait for another process.

        The circuit breaker of a slow database is off: it goes by real time, and not by this world's clock.
        """
        visible = property(lambda holder: holder.machine == HERE)
        lives = property(lambda holder: holder.pid in self.alive)
        with (
            mock.patch.object(Holder, "is_visible", visible),
            mock.patch.object(Holder, "is_running", lives),
            mock.patch("bigpanda_provider.delivery.takeover.OTHERS_LIMIT_S", 0.0),
            mock.patch("bigpanda_provider.delivery.stored.sqlite.LIMIT_S", 0.0),
            mock.patch("bigpanda_provider.delivery.stored.postgres.LIMIT_S", DATABASE_LIMIT_S),
            mock.patch("bigpanda_provider.delivery.stored.postgres.SLOW_S", math.inf),
            mock.patch("bigpanda_provider.delivery.stored.postgres.limits", return_value=b"SET LOCAL lock_timeout = 1"),
        ):
            try:
                yield self
            finally:
                for process in self._processes:
                    process.kill()

    def process(self, where: str = HERE, *, running_s: float = 0.0, **settings: str) -> Process:
        """Start a process, or have one that has been running for some seconds send its first event."""
        pid = len(self._processes) + 1
        self.alive.add(pid)
        self._processes.append(Process(self, Holder(pid, "", where, ""), settings, running_s))
        return self._processes[-1]


class Process:
    """A process that delivers."""

    def __init__(self, world: World, holder: Holder, settings: dict[str, str], running_s: float = 0.0) -> None:
        self.world, self.holder = world, holder
        self.warnings: list[str] = []
        given = {"apiToken": "t", "appKey": "k", **settings}
        resolved = Settings.resolve({f"bigpanda:{key}": value for key, value in given.items()}, {})
        self.outbox = Outbox(world.location, self._warn, holder=holder, clock=world.clock)
        client: Any = world.bigpanda
        sender = Sender(resolved, self._warn, client=client, clock=world.clock)
        self.delivery = Delivery(resolved, self.outbox, self._warn, sender, running_s=running_s)

    def _warn(self, sentence: str, *, about: str | None = None) -> None:
        self.warnings.append(sentence)

    def kill(self) -> None:
        """It is gone, and has done nothing about it."""
        self.world.alive.discard(self.holder.pid)
        self.outbox._closing.set()
        self.outbox._tables.close()

    def guard(self) -> None:
        """It is told to go, and ends what is open."""
        for attempt in self.delivery.open_attempts():
            note = self.delivery.noted(attempt)
            self.delivery.end_open(attempt, End.failure("unfinished") if note is None else note.end)
            self.delivery.send_end(attempt, NO_DEADLINE)
        self.delivery.end_orphans(NO_DEADLINE)
        self.delivery.update_ended()

    def exit(self) -> None:
        """It is told to go, and goes."""
        self.guard()
        self.outbox.close()
        self.kill()


def attempt(version: str, name: str = "web", api: Api = Api.DEPLOYMENTS) -> Attempt:
    """A new attempt, whose id is its version."""
    start = StartEvent(component=name, version=version, hosts=("a",), timestamp=1, context=Context(api=api))
    return Attempt(version, start)


def told(one: Attempt) -> Attempt:
    """An attempt as its Completion tells of it."""
    assert one.start is not None
    return replace(one, start=replace(one.start, timestamp=None), end=None)
