"""What the program's process sends to BigPanda itself: the attempts of changes that only the engine finds.

It sends from threads of its own. While the engine waits for hooks, the SDK's registrations hold those of the event
loop's executor, so what waited for one of these would wait for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import pathlib
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi

from ..bigpanda.text import listed
from ..dataclass import dataclass
from ..hosts import described, name_of
from ..settings import NAMESPACE, Mode, Settings
from ..state import HOSTS, NAME, SECRETS, STACK
from .sdk.engine import stack_config

if TYPE_CHECKING:
    from ..bigpanda.workers import Workers
    from ..delivery.delivery import Delivery

T = TypeVar("T")
SHOWN = 20
"""How many changed resources a sentence names."""
THREADS = 8
CLOSING_LIMIT_S = 15.0
"""How long the end of a program waits for events that are on the wire; each has its own limit, 10 s by default."""


@dataclass(frozen=True)
class Reported:
    """What became of an event.

    Attributes:
        attempt: its attempt's id; None where it was added to the Deployment's own.
        line: what to tell the user of it; None where there is nothing to tell.
        undelivered: why the update fails: delivery is required, and the event did not get through; None else.
    """

    attempt: str | None
    line: str | None
    undelivered: str | None = None


class Reporter:
    """Sends starts and ends with the settings of this process; the outbox is the one that all processes share.

    What it loads takes a while, and is loaded only where the engine finds something to report.
    """

    def __init__(self) -> None:
        self._context = contextvars.copy_context()  # by which the SDK knows the engine
        self._said: set[str] = set()
        self._under_way: set[asyncio.Future[Any]] = set()
        self._workers: Workers | None = None
        self._delivery: Delivery | None = None
        self._lock = threading.Lock()  # of what the threads share

    @property
    def is_off(self) -> bool:
        """Whether nothing is to be sent."""
        return self._settings.delivery.value is Mode.OFF

    @property
    def is_required(self) -> bool:
        """Whether an event has to get through."""
        return self._settings.delivery.value is Mode.REQUIRED

    def start(
        self,
        event: Mapping[str, Any],
        changing: Sequence[str],
        hosts: Collection[str],
        beside: str | None,
        sent: Collection[str],
    ) -> asyncio.Future[Reported]:
        """Record an attempt and send its start.

        Args:
            event: the properties of its Deployment, with its place and the names of those that are secret.
            changing: the keys of the resources that change.
            hosts: the hosts that change.
            beside: the Deployment's own attempt of this run, which stays open meanwhile; None where it has none.
            sent: the attempts that state knows to have arrived.

        Returns:
            What became of it. Its exception is an UndeliveredError where delivery is required and the start did not get
            through.
        """

        def send() -> Reported:
            from ..bigpanda.events import StartEvent, read
            from ..delivery import outcome
            from ..delivery.attempt import Attempt
            from ..delivery.found import Occasion, context
            from ..delivery.record import Recorder
            from ..delivery.takeover import Left
            from ..errors import DeliveryError
            from ..state import DeliveryStatus

            declared = read(StartEvent, {**event, **HOSTS.to(sorted(hosts))})
            stack, names = str(STACK.of(event) or ""), listed([name_of(key) for key in changing], SHOWN)
            occasion = Occasion(
                stack, pathlib.Path.cwd(), resources=listed([described(key) for key in changing], SHOWN)
            )
            carried = context(self._settings, os.environ, occasion)
            start = replace(declared, timestamp=int(time.time()), context=carried)
            secrets, delivery = SECRETS.of(event) or (), self._opened()
            try:
                joined = None if beside is None or secrets else delivery.add_hosts(beside, start.hosts)
                if joined is not None:
                    return Reported(None, outcome.of_addition(joined, start.hosts))
                attempt, _ = delivery.start(
                    stack,
                    str(NAME.of(event) or ""),
                    Attempt(uuid.uuid4().hex, start),
                    Left(sent=dict.fromkeys(sent)),
                    secret=bool(secrets),
                    recorder=Recorder.PROGRAM,
                    beside=beside,
                )
            except DeliveryError as error:
                raise delivery.refused(f"the start of {start.named(secrets)} for {names}", error) from None
            if secrets and attempt.start_delivery is DeliveryStatus.QUEUED:
                self._warn(
                    f"the start of {start.named(secrets)} for {names} did not get through; it has secret properties, "
                    "so it is not stored, and no later update sends it"
                )
                return Reported(attempt.id, None)
            return Reported(attempt.id, outcome.of(attempt, secrets))

        return self._in_thread(send)

    def succeeded(self, attempt: str, secrets: Collection[str]) -> asyncio.Future[Reported]:
        """Send the end of an attempt: a success.

        Args:
            attempt: its id.
            secrets: which of its properties are secret.

        Returns:
            What became of it.
        """

        def send() -> Reported:
            from ..delivery import outcome
            from ..delivery.attempt import End

            delivery = self._opened()
            ended = delivery.end_now(attempt, End.success())
            undelivered = delivery.undelivered(ended, secrets)
            is_lost = bool(secrets) and ended.waits  # of its start there was a warning
            line = None if undelivered or is_lost else outcome.of(ended, secrets)
            return Reported(attempt, line, undelivered)

        return self._in_thread(send)

    def failed(self, attempt: str, reason: str) -> asyncio.Future[None]:
        """Note why an attempt fails, for whoever ends it: the first reason counts."""
        return self._in_thread(lambda: self._opened().outbox.note(attempt, reason))

    def broke_off(self, attempt: str, reason: str | None) -> asyncio.Future[bool]:
        """Leave the end of an attempt that did not go well to the guard; where it cannot know of it, send a failure.

        The guard knows of a cancellation too, but an event with secret properties is in no file, and there may be none.

        Args:
            attempt: its id.
            reason: why it failed, where that is known.

        Returns:
            Whether its end was sent.
        """

        def send() -> bool:
            from ..delivery.attempt import UNFINISHED, End

            delivery = self._opened()
            if delivery.outbox.can_be_ended_by_others(attempt):
                return False
            delivery.end_now(attempt, End.failure(reason or UNFINISHED))
            return True

        return self._in_thread(send)

    async def close(self) -> None:
        """Let go of what is open, for the guard to end it, once nothing is on the wire any more."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=CLOSING_LIMIT_S)
        if self._delivery is not None:
            await self._in_thread(self._delivery.outbox.close)
            self._delivery.sender.close()
        self.abandon()

    def abandon(self) -> None:
        """Let go of what is open at once: the program is broken off."""
        if self._delivery is not None:
            self._delivery.outbox.leave()
        if self._workers is not None:
            self._workers.stop()

    @cached_property
    def _settings(self) -> Settings:
        from ..bigpanda.certificate import project_folder

        config = {name: value for name, value in stack_config().items() if name.startswith(f"{NAMESPACE}:")}
        return Settings.resolve(config, os.environ, folder=project_folder(pathlib.Path.cwd()))

    def _opened(self) -> Delivery:
        """The delivery of this process, made with its first event."""
        from ..delivery.delivery import Delivery
        from ..delivery.outbox import Outbox

        with self._lock:
            if self._delivery is None:
                outbox = Outbox.of(os.environ, self._warn)
                self._delivery = Delivery(self._settings, outbox, self._warn)
            return self._delivery

    def _in_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Run it in a thread of this package's own; the future has what it returns or raises."""
        from ..bigpanda.workers import Workers

        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(result)  # type: ignore[arg-type]
            else:
                done.set_exception(error)

        def run() -> None:
            result, error = None, None
            try:
                result = self._context.copy().run(work)
            except Exception as raised:  # noqa: BLE001 - whoever waits for it has it
                error = raised
            with contextlib.suppress(RuntimeError):  # the program has ended, and nobody waits any more
                loop.call_soon_threadsafe(settle, result, error)

        if self._workers is None:
            self._workers = Workers("bigpanda-program", THREADS)
        self._workers.run(run)
        self._under_way.add(done)
        done.add_done_callback(self._under_way.discard)
        return done

    def _warn(self, sentence: str, *, about: str | None = None) -> None:
        with self._lock:
            if (about or sentence) in self._said:
                return
            self._said.add(about or sentence)
        with contextlib.suppress(Exception):  # an engine that is gone takes no warning
            self._context.copy().run(pulumi.log.warn, sentence)
