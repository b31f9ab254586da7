"""The guard: ends what is still open when the update is over.

A Completion does not run when a resource fails, the update is cancelled or the engine is killed. So when the provider
process is told to go, or its engine is gone, every attempt that this process opened and that has no end gets one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

from ..bigpanda.workers import Workers
from ..delivery import outcome
from ..delivery.attempt import CANCELLED, UNFINISHED, End
from ..delivery.delivery import Delivery
from . import sdk

LIMIT_S = 4.0
"""The time its events have in all: the engine kills the process some 5 s after it told it to go."""
SENDING_S = 2.0
"""How much of it is kept for sending what the program leaves: until then the program is waited for."""
WORKERS = 8


class Guard:
    """Watches over the attempts of one Delivery, and over those that the program's process makes.

    Args:
        delivery: what has the attempts.
        tell: shows a line at a Deployment, by its stack and name; the event that it returns is set once it is shown.

    Attributes:
        sees_the_end: whether the engine's end is noticed: it holds the other end of standard input, and sends a signal
            when an update is over.
    """

    def __init__(self, delivery: Delivery, tell: Callable[[str, str, str], threading.Event]) -> None:
        self._delivery = delivery
        self._show = tell
        self.sees_the_end = False
        self._lock = threading.Lock()
        self._workers = Workers("bigpanda-guard", WORKERS)

    def watch(self) -> None:
        """Be there when the process goes; once, before there is anything to end."""
        self._workers.start(WORKERS)
        sdk.on_exit(self._told_to_go)
        self.sees_the_end = sdk.on_engine_gone(self._engine_gone)

    def act(self) -> None:
        """End what is open. All ends are written down first, then sent at once, as far as the time allows."""
        with self._lock:
            deadline = time.monotonic() + LIMIT_S
            attempts = self._delivery.open_attempts()
            ended = [attempt for attempt in attempts if self._end(attempt)]
            done = [self._workers.run(partial(self._delivery.send_end, attempt, deadline)) for attempt in attempts]
            for attempt in self._delivery.left_by_program(deadline - SENDING_S):
                ended += [attempt] if self._end(attempt) else []
                done.append(self._workers.run(partial(self._delivery.send_end, attempt, deadline)))
            _wait(done, deadline)
            told = [told for attempt in ended if (told := self._tell(attempt))]
            self._delivery.end_orphans(deadline)
            _wait(told, deadline)

    def _end(self, attempt: str) -> bool:
        """Write down how an attempt ended; whether it was open."""
        return self._delivery.end_open(attempt, self._how_it_went(attempt))

    def _tell(self, attempt: str) -> threading.Event | None:
        """Tell the user what became of an end that this has sent."""
        record = self._delivery.outbox.get(attempt)
        if record is None:
            return None
        line = outcome.of(record.attempt, outcome.ALL_SECRET if record.is_secret else ())
        return None if line is None else self._show(line, record.place.stack, record.place.name)

    def _how_it_went(self, attempt: str) -> End:
        """What is known: the reason that the program noted before any cancellation, the cancellation, or nothing."""
        note, cancelled = self._delivery.noted(attempt), sdk.cancelled_at()
        if note is not None and (cancelled is None or note.written < cancelled):
            return note.end
        return End.failure(UNFINISHED if cancelled is None else CANCELLED)

    def _told_to_go(self) -> None:
        self.act()
        if sdk.cancelled_at() is None:
            self._delivery.update_ended()
        self._delivery.outbox.leave()

    def _engine_gone(self) -> None:
        """End what is open, and this process, which nobody would end any more."""
        self.act()
        os._exit(1)


def _wait(events: Iterable[threading.Event], deadline: float) -> None:
    for event in events:
        event.wait(max(deadline - time.monotonic(), 0))
