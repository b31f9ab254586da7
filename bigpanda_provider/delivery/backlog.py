"""Sends what waits besides an update's own events: of its stack's other Deployments, and of all of them on a flush."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from functools import partial

from ..errors import DeliveryError, RejectedError, UnavailableError
from ..state import Api
from .attempt import Attempt
from .outbox import Outbox
from .queue import Queue
from .record import Place, Record
from .sender import Sender
from .takeover import Takeover

TIMES_FULL = 5
"""How often a flush waits for another minute before one event: others may send by the same account."""


class Backlog:
    """What waits beside the events that an update sends now.

    Args:
        outbox: the record of all attempts.
        sender: gets one event through.
        queue: sends what waits of a Deployment.
        takeover: looks after what earlier processes have left.
        address: BigPanda's base URL.
    """

    def __init__(self, outbox: Outbox, sender: Sender, queue: Queue, takeover: Takeover, address: str) -> None:
        self._outbox, self._sender, self._queue, self._takeover = outbox, sender, queue, takeover
        self._address = address
        self._sending = threading.Lock()
        self._lock = threading.Lock()  # of what follows
        self._stacks: set[str] = set()

    def send_rest(self, stack: str) -> None:
        """Send what else waits of a stack, oldest first, now that BigPanda answers.

        What other processes left is taken over once. What state holds is left to the run that finds it there, and what
        was left open to its Deployment, which knows from state how it ended.

        Args:
            stack: the stack's full name.
        """
        if self._sender.waits(self._sender.api) or not self._sending.acquire(blocking=False):
            return
        try:
            with self._lock:
                is_first = stack not in self._stacks
                self._stacks.add(stack)
            if is_first:
                now = self._outbox.now()
                found = self._takeover.in_outbox_alone(stack, self._address)
                self._outbox.take(r for r in found if r.is_free(now) and not r.attempt.is_open)
            busy = self._queue.busy()
            failed: set[Api] = set()
            for record in self._outbox.unsettled():
                if not record.attempt.waits or record.place in busy or record.attempt.api in failed:
                    continue
                if _is_outage(self._queue.send(record.place, upto=record.id)):
                    failed.add(record.attempt.api)
        finally:
            self._sending.release()

    def end_orphans(self, seen: Collection[Place], deadline: float) -> None:
        """End what killed updates left open of Deployments that are not in the program any more.

        Those that are in it have seen to theirs by now, and know from state how these ended.

        Args:
            seen: the Deployments that are in the program.
            deadline: until when, as `time.monotonic()` tells it.
        """
        with self._lock:
            stacks = set(self._stacks)
        now = self._outbox.now()
        for stack in stacks:
            found = self._takeover.in_outbox_alone(stack, self._address)
            gone = [record for record in found if record.place not in seen and record.is_orphaned(now)]
            last_seen = {record.id: record.last_seen for record in gone}
            for record in self._outbox.take(record for record in gone if record.may_be_ended):
                self._takeover.end_orphan(record.id, last_seen[record.id])
                self._queue.send(record.place, deadline)

    def flush(self, records: Iterable[Record], told: Callable[[int, float], None] | None = None) -> list[Attempt]:
        """Send what waits of these, up to the first that does not get through; each with what became of it.

        Args:
            records: what the outbox has of processes that are gone, and what this one has taken of it, oldest first.
                One that is open has failed, unless a person started it: then only its start is sent.
            told: called with how many of them are left, and how long it takes, in seconds, until BigPanda accepts the
                next, each time that it accepts no more within the minute.
        """
        found = list(records)
        self._outbox.take(record for record in found if not self._outbox.looks_after(record.id))
        taken = [record for record in found if self._outbox.looks_after(record.id)]
        for record in taken:
            self._takeover.end_orphan(record.id, record.last_seen)
        failed: set[Api] = set()
        self._sender.is_patient = True
        for done, record in enumerate(taken):
            if record.attempt.api in failed:
                continue
            if _is_outage(self._send_in_time(record, partial(told or _nobody, len(taken) - done))):
                failed.add(record.attempt.api)
        return [self._outbox.updated(record.attempt) for record in taken]

    def _send_in_time(self, record: Record, told: Callable[[float], None]) -> DeliveryError | None:
        """Send what waits of a record once BigPanda accepts more; what it is told to wait for is `told`."""
        error: DeliveryError | None = None
        for _ in range(TIMES_FULL):
            if room_in_s := self._sender.room_in_s(record.attempt.api):
                told(room_in_s)
                time.sleep(room_in_s)
            error = self._queue.send(record.place, upto=record.id)
            if not isinstance(error, UnavailableError) or not error.too_many:
                break
        return error


def _is_outage(error: DeliveryError | None) -> bool:
    """Whether later events of the API would fail too; a rejection concerns its own event alone."""
    return error is not None and not isinstance(error, RejectedError)


def _nobody(left: int, room_in_s: float) -> None:
    """Nobody wants to know."""
