"""Sends what waits, each Deployment's events in their order, whoever asks for it.

One thread at a time sends of a Deployment: its attempts oldest first, each one's start before its end, and only while
no other process is at an earlier one.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable

from ..bigpanda.text import one_line
from ..errors import DeliveryError, RejectedError, UnavailableError
from ..settings import MISSING
from ..state import Api, DeliveryStatus
from .attempt import End
from .outbox import Outbox
from .record import Place, Record
from .sender import Sender
from .takeover import Takeover

WHY_LIMIT = 300
"""The most characters of the reason why an event waits."""
REJECTED = "BigPanda rejected the start"
"""The reason of an attempt that a person started and that never began."""
BUSY = "an earlier event of this deployment is still being sent by another process"


class Queue:
    """What waits of all Deployments.

    Args:
        outbox: what there is to send.
        sender: gets one event through.
        takeover: looks after what other processes leave meanwhile.
    """

    def __init__(self, outbox: Outbox, sender: Sender, takeover: Takeover) -> None:
        self._outbox, self._sender, self._takeover = outbox, sender, takeover
        self._lock = threading.Lock()
        self._lines: dict[Place, threading.Lock] = {}

    def line(self, place: Place) -> threading.Lock:
        """What is held while something of a Deployment is sent."""
        with self._lock:
            return self._lines.setdefault(place, threading.Lock())

    def busy(self) -> set[Place]:
        """The Deployments of which something is being sent now."""
        with self._lock:
            return {place for place, line in self._lines.items() if line.locked()}

    def send(self, place: Place, deadline: float | None = None, upto: str | None = None) -> DeliveryError | None:
        """Send what waits of a Deployment, oldest first, and stop at the first that does not get through.

        Args:
            place: the Deployment.
            deadline: until when, as `time.monotonic()` tells it.
            upto: the last attempt to send; all, if None.

        Returns:
            What went wrong with the last event that was tried.
        """
        line = self.line(place)
        if not line.acquire(timeout=-1.0 if deadline is None else max(deadline - time.monotonic(), 0.0)):
            return None  # it is on the wire, and the time is up
        try:
            error: DeliveryError | None = None
            failed: dict[Api, DeliveryError] = {}
            waiting, busy = self._waiting(place)
            for attempt, api in waiting:
                if not self._outbox.still_holds(attempt):
                    if self._is_settled(attempt):
                        continue
                    return UnavailableError(BUSY)
                # What began with another API cannot be mistaken for a newer one, so that does not wait for it.
                error = failed.get(api)
                if error is None:
                    error = self._send_one(attempt, deadline)
                else:
                    self._outbox.was_not_tried(attempt, why_not_sent(error))
                if error is not None and not isinstance(error, RejectedError):
                    failed[api] = error
                if attempt == upto:
                    return error
            return error or busy
        finally:
            line.release()

    def _waiting(self, place: Place) -> tuple[list[tuple[str, Api]], UnavailableError | None]:
        """What may be sent of a Deployment, oldest first, with what other processes have left of it meanwhile.

        Returns:
            Each with the API that it is sent by. And why the rest has to wait, if there is any: another process is
            still at something that comes before.
        """
        waiting = [record for record in self._outbox.unsettled(place) if record.attempt.waits]
        if not waiting:
            return [], None
        others = self._outbox.others_when_written(waiting[-1].id)
        if others is None:
            others = self._outbox.others(place.stack, place.address, place.name)
        going = self._before(others, waiting)
        earlier = [record for record in others if going and record.recorded < going[-1].recorded]
        taken = self._takeover.take_free(earlier)
        if len(taken) < len(earlier):  # of what was free, another process may have been quicker to take something
            others = self._outbox.others(place.stack, place.address, place.name)
        going = self._before(others, sorted([*taken, *going], key=lambda record: record.recorded))
        busy = None if waiting[-1] in going else UnavailableError(BUSY)
        return [(record.id, record.attempt.api) for record in going], busy

    def _before(self, others: Iterable[Record], waiting: Iterable[Record]) -> list[Record]:
        """What of this process's records comes before all that other processes are still at."""
        first = min((record.recorded for record in others if self._takeover.comes_first(record)), default=math.inf)
        return [record for record in waiting if record.recorded < first]

    def _is_settled(self, attempt: str) -> bool:
        record = self._outbox.get(attempt)
        return record is None or record.attempt.is_settled

    def _send_one(self, attempt: str, deadline: float | None) -> DeliveryError | None:
        """Send what waits of an attempt: its start, then its end if it has one. Returns what went wrong."""
        record = self._outbox.get(attempt)
        if record is None or record.attempt.start is None:
            return None
        end_is_enough = self._sender.says_all(record.attempt.api)
        if end_is_enough:
            record = self._outbox.take_in_additions(attempt, deadline)
        if end_is_enough and not record.attempt.is_open:
            return self._send_end(attempt, deadline)
        error = self._send_start(record, deadline)
        return self._send_end(attempt, deadline) or error

    def _send_start(self, record: Record, deadline: float | None) -> DeliveryError | None:
        start = record.attempt.start
        if start is None or record.attempt.start_delivery is not DeliveryStatus.QUEUED:
            return None
        if self._sender.tries(start.api) and not record.in_doubt:
            self._outbox.mark_in_doubt(record.id)
        error = self._sender.start(record.id, start, deadline, secret=record.is_secret)
        in_doubt = record.in_doubt or (error is not None and error.perhaps_arrived)
        became = status_after(error, in_doubt=in_doubt)
        why = _why(error, became)
        self._outbox.start_became(record.id, became, why, in_doubt=in_doubt and became is DeliveryStatus.QUEUED)
        if became is DeliveryStatus.REJECTED and record.is_left_to_person:  # so nothing is left to be ended
            self._outbox.end(record.id, End.failure(REJECTED))
        return error

    def _send_end(self, attempt: str, deadline: float | None) -> DeliveryError | None:
        record = self._outbox.get(attempt)
        end = None if record is None else record.attempt.end
        if record is None or end is None or end.delivery is not DeliveryStatus.QUEUED:
            return None
        if record.attempt.start_delivery is DeliveryStatus.REJECTED:
            self._outbox.end_became(attempt, DeliveryStatus.REJECTED, record.why)
            return None
        start, event = record.attempt.start, record.attempt.end_event
        has_started = record.attempt.start_delivery is DeliveryStatus.DELIVERED
        may_go = has_started or self._sender.says_all(record.attempt.api)
        if start is None or event is None or not may_go or not self._outbox.still_holds(attempt):
            return None
        error = self._sender.end(attempt, start, event, deadline, secret=record.is_secret)
        if not has_started:  # the end says all that the start does
            became = status_after(error, in_doubt=record.in_doubt)
            in_doubt = record.in_doubt and error is not None
            self._outbox.start_became(attempt, became, _why(error, became), in_doubt=in_doubt)
        became = status_after(error, in_doubt=error is not None and error.perhaps_arrived)
        self._outbox.end_became(attempt, became, _why(error, became))
        return error


def why_not_sent(error: DeliveryError) -> str:
    """Why an event was not delivered, in one line: whole sentences, as far as they are short enough."""
    return short(error.answer or str(error) if isinstance(error, RejectedError) else str(error))


def short(told: str) -> str:
    """What went wrong, in one line: without what to do about it where that is told elsewhere."""
    text = one_line(told)
    if text in MISSING:  # what to do about that is told where somebody can do it
        text = text[: text.index(". ")]
    if len(text) > WHY_LIMIT and ". " in text[:WHY_LIMIT]:
        text = text[: text.rindex(". ", 0, WHY_LIMIT)]
    return one_line(text, WHY_LIMIT).rstrip(".")


def _why(error: DeliveryError | None, became: DeliveryStatus) -> str | None:
    return None if error is None or became is DeliveryStatus.DELIVERED else why_not_sent(error)


def status_after(error: DeliveryError | None, *, in_doubt: bool) -> DeliveryStatus:
    """What became of an event.

    One that is rejected when it is sent again, after an answer was lost, counts as delivered: the first one may have
    arrived, and then that is why. So its deployment gets its end.
    """
    if error is None:
        return DeliveryStatus.DELIVERED
    if isinstance(error, RejectedError):
        return DeliveryStatus.DELIVERED if in_doubt else DeliveryStatus.REJECTED
    return DeliveryStatus.QUEUED
