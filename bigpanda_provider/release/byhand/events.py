"""One event by hand, for scripts: the start now, its end by a later call, here or on another machine."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from ...bigpanda import hidden
from ...bigpanda.events import Context, StartEvent
from ...dataclass import dataclass
from ...delivery.attempt import Attempt, End
from ...delivery.delivery import UNANSWERED, Delivery
from ...delivery.record import Record, Recorder
from ...errors import DeliveryError, WrongUseError
from ...settings import Mode
from ...state import DeliveryStatus
from ..recorded.records import readable
from .place import NO_STACK, name_of
from .sought import Sought
from .unmatched import alike, no_match, running, several

Elsewhere = Callable[[Sought], Attempt]


def attempt_of(event: StartEvent, context: Context | None = None, secrets: Collection[str] = ()) -> Attempt:
    """The attempt that a start makes now; nothing is recorded yet.

    Args:
        event: the start.
        context: what it carries beside.
        secrets: what it may not hold.
    """
    now = int(time.time()) if event.timestamp is None else event.timestamp
    timed = replace(event, timestamp=now, context=event.context if context is None else context)
    return Attempt(uuid.uuid4().hex, hidden.in_start(timed, secrets))


def start(delivery: Delivery, begun: Attempt) -> Attempt:
    """Send a start; it is in progress until its end is sent by hand.

    Raises:
        DeliveryError: delivery is required, and it did not get through.
    """
    assert begun.start is not None
    try:
        attempt, _ = delivery.start(NO_STACK, name_of(begun.start), begun, recorder=Recorder.PERSON)
    except DeliveryError:
        if begun.id in delivery.open_attempts():  # it may have arrived, and no guard is there to end it
            delivery.end_now(begun.id, End.failure(UNANSWERED))
        raise
    return attempt


@dataclass(frozen=True)
class Found:
    """The start that is to be ended.

    Attributes:
        sought: what was told of it.
        attempt: its attempt.
        record: what this machine's outbox has of it; None where it was sent from another one.
    """

    sought: Sought
    attempt: Attempt
    record: Record | None = None


def find(delivery: Delivery, sought: Sought, *, force: bool, elsewhere: Elsewhere | None = None) -> Found:
    """Find the one open start that is sought.

    Args:
        delivery: its outbox is what this machine knows of.
        sought: which start it is.
        force: whether it may be one that a running update would end, or one that this machine does not know: it was
            sent from another one.
        elsewhere: finds a start that this machine does not know; None where BigPanda cannot be asked, so that all of it
            has to be told.

    Raises:
        WrongUseError: no open start is meant for certain; the sentence names those that are open.
        OutboxError: the outbox cannot be read, and nothing is forced.
    """
    records = delivery.outbox.unended()
    if not force:
        readable(delivery.outbox, records)
    record = _found(records, delivery.address, sought, delivery.outbox.now(), force=force)
    if record is not None:
        return Found(sought, record.attempt, record)
    return Found(sought, sought.as_attempt() if elsewhere is None else elsewhere(sought))


def end(delivery: Delivery, found: Found, end: End) -> Attempt:
    """Send the end of a start that was found.

    Args:
        delivery: sends it.
        found: the start.
        end: how the deployment went.

    Raises:
        WrongUseError: somebody else has ended it in the meantime.
    """
    record, outbox = found.record, delivery.outbox
    if record is None:
        assert found.attempt.start is not None
        name = name_of(found.attempt.start)
        by = Recorder.PERSON
        return delivery.end(NO_STACK, name, found.attempt, end, secret=False, in_state=False, recorder=by)
    if delivery.mode is Mode.OFF:
        return replace(record.attempt, end=replace(end, delivery=DeliveryStatus.OFF))
    if record.is_left_to_person:  # `flush` may be sending its start
        record = delivery.after_others(record)
    elif record.attempt.end is not None:  # it was rejected or dropped
        record = outbox.reopen(record)
    if record is None or not outbox.take([record]) or not outbox.end(record.id, end):
        raise WrongUseError(f"{found.sought} has ended in the meantime; `bigpanda-release history` shows how")
    return delivery.end_now(record.id, end)


def _found(records: Sequence[Record], address: str, sought: Sought, now: float, *, force: bool) -> Record | None:
    """The open start that is sought; None where there is none, and its end is forced."""
    fitting = [
        r for r in records if r.attempt.start is not None and sought.is_of(r.id, r.attempt.start) and r.is_in_progress
    ]
    here = [record for record in fitting if record.place.address == address]
    if not here:
        if force:
            return None
        raise WrongUseError(no_match(records, address, sought))
    if len({name_of(start) for record in here if (start := record.attempt.start) is not None}) > 1:
        raise WrongUseError(several(here, sought))
    # They are alike: rather one with the hosts in this order, that nobody else ends.
    fitness = {one.id: (_hosts(one) == sought.hosts, not _is_running(one, now)) for one in here}
    found, *more = [one for one in here if fitness[one.id] == max(fitness.values())]
    if more:
        raise WrongUseError(alike([found, *more], sought))
    if _is_running(found, now) and not force:
        raise WrongUseError(running(found))
    return found


def _hosts(record: Record) -> tuple[str, ...] | None:
    return None if record.attempt.start is None else record.attempt.start.hosts


def _is_running(record: Record, now: float) -> bool:
    """Whether an update that still runs will end it."""
    return record.attempt.is_open and record.recorder is not Recorder.PERSON and record.is_held(now)
