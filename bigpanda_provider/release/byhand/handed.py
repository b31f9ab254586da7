"""What `start` and `end` say of an event: what became of it, or what would be sent."""

from __future__ import annotations

import enum
import json
import time
from dataclasses import field
from typing import Any

from ...bigpanda.text import one_line
from ...bigpanda.wire import Post
from ...dataclass import dataclass
from ...delivery.attempt import Attempt, End
from ...delivery.delivery import Delivery
from ...delivery.holder import Holder
from ...delivery.queue import short
from ...delivery.record import LEASE_S, Place, Record, Recorder
from ...settings import Mode, Settings
from ...state import DeliveryStatus
from ..recorded.records import Entry, known
from .place import NO_STACK, name_of

QUEUED = "send it with `bigpanda-release flush`"
UNRECORDED = ("attempt", "state", "delivery", "waits", "recorded", "startDelivery")
"""What a start has only once it is recorded."""


class EventKind(str, enum.Enum):
    """Which event it is."""

    START = "start"
    END = "end"


@dataclass(frozen=True)
class Handed:
    """An event that was given by hand.

    Attributes:
        kind: which event of its attempt.
        attempt: the attempt, with what became of the event.
        address: BigPanda's base URL.
        record: what the outbox has of the attempt; None where it has nothing.
        why: why the event is queued; None where that is not known.
        post: what would be sent; None where it was sent, or is queued.
    """

    kind: EventKind
    attempt: Attempt
    address: str
    record: Record | None = None
    why: str | None = None
    post: Post | None = field(default=None, repr=False)

    @property
    def became(self) -> DeliveryStatus:
        """What became of the event."""
        end = self.attempt.end
        if self.kind is EventKind.START:
            return self.attempt.start_delivery
        return DeliveryStatus.QUEUED if end is None else end.delivery

    @property
    def url(self) -> str | None:
        """Where the event would be sent to."""
        return None if self.post is None else self.address + self.post.path

    def request(self) -> str | None:
        """What would be sent, as a person reads it; None where it was sent, or is queued."""
        if self.post is None:
            return None
        body = json.dumps(self.post.body, indent=2, ensure_ascii=False)
        return f"POST {self.url}\n{body}"

    @property
    def _title(self) -> str:
        assert self.attempt.start is not None
        return one_line(f"{self.attempt.start.named()} on {', '.join(self.attempt.start.hosts)}")

    def sentence(self) -> str:
        """What became of the event, and what to do next."""
        if self.post is not None:
            return f"dry run: the {self.kind.value} of {self._title} is neither sent nor recorded"
        told = known(self.attempt)
        if self.became is DeliveryStatus.OFF:
            return f"{self.kind.value} not sent: {self._title}; delivery is off, pass --delivery bestEffort to send it"
        if self.became is DeliveryStatus.REJECTED:
            return f"{self.kind.value} rejected: {told}; fix what BigPanda rejects, and send it again"
        if self.became is DeliveryStatus.QUEUED:
            why = f", since {self.why}" if self.why else ""
            return f"{self.kind.value} queued: {told}{why}; {QUEUED}"
        return f"{self.kind.value} sent: {told}"

    def as_object(self) -> dict[str, Any]:
        """What a script is told: the record, whether it is a dry run, and what would be sent."""
        record = self.record or _record(self.attempt, self.address)
        found = Entry.of(record, record.recorded).as_object()
        is_off = self.became is DeliveryStatus.OFF
        if self.kind is EventKind.START and (is_off or self.post is not None):
            found |= dict.fromkeys(UNRECORDED)
        if is_off:
            found |= {f"{self.kind.value}Delivery": DeliveryStatus.OFF.value}
        post = None if self.post is None else {"url": self.url, "body": self.post.body}
        return {**found, "dryRun": self.post is not None, "post": post}


def handed(kind: EventKind, attempt: Attempt, delivery: Delivery) -> Handed:
    """What became of an event that was given to delivery."""
    record = delivery.outbox.find(attempt.id)
    trouble = delivery.sender.trouble
    why = record.why if record is not None else trouble and short(trouble)
    return Handed(kind, attempt, delivery.address, record, why)


def start_drafted(attempt: Attempt, delivery: Delivery) -> Handed:
    """The start as it would be sent."""
    assert attempt.start is not None
    post = delivery.sender.wire(attempt.api).start(attempt.id, attempt.start)
    return Handed(EventKind.START, attempt, delivery.address, post=post)


def end_drafted(attempt: Attempt, record: Record | None, end: End, delivery: Delivery) -> Handed:
    """The end of an attempt as it would be sent."""
    given = Attempt(attempt.id, attempt.start, attempt.start_delivery, end.timed(time.time()))
    assert given.start is not None
    assert given.end_event is not None
    post = delivery.sender.wire(attempt.api).end(attempt.id, given.start, given.end_event)
    return Handed(EventKind.END, attempt, delivery.address, record, post=post)


def caveat(delivery: Delivery, settings: Settings, attempt: Attempt) -> str | None:
    """Why an event would not get through as things are; None where nothing is in its way."""
    if delivery.mode is Mode.OFF:
        return "delivery is off, so without --dry-run nothing would be sent either"
    return settings.missing(attempt.api)


def _record(attempt: Attempt, address: str) -> Record:
    """The record of an attempt that the outbox does not have."""
    assert attempt.start is not None
    place, now = Place(NO_STACK, name_of(attempt.start), address), time.time()
    return Record(attempt, place, Recorder.PERSON, Holder.current(), now + LEASE_S, now)
