"""An attempt: one start that was recorded, and the end that belongs to it. No I/O and no Pulumi."""

from __future__ import annotations

from dataclasses import replace

from ..bigpanda.events import REASON_LIMIT, EndEvent, StartEvent
from ..bigpanda.text import clean
from ..dataclass import dataclass
from ..state import Api, DeliveryStatus, Status

CANCELLED = "cancelled"
"""The reason of an attempt whose update was cancelled."""
UNFINISHED = "the update ended before this deployment was complete"
"""The reason of an attempt whose update ended in another way, where nothing else is known."""
DROPPED = "its start was removed from the queue"
"""The reason of an attempt that was open when its start was dropped."""
INCOMPLETE = "the deployment did not complete"
"""The reason of an attempt that an earlier run left open, where nothing else is known."""


@dataclass(frozen=True)
class End:
    """How an attempt ended.

    Attributes:
        status: a success or a failure.
        reason: why it failed; at most 500 characters, without control characters.
        delivery: what became of the end event.
        at: when, in whole Unix seconds; None until it is recorded.
    """

    status: Status
    reason: str | None = None
    delivery: DeliveryStatus = DeliveryStatus.QUEUED
    at: int | None = None

    def __post_init__(self) -> None:
        if self.reason is not None:
            object.__setattr__(self, "reason", clean(self.reason, REASON_LIMIT))

    def timed(self, now: float) -> End:
        """The end with its time: the one that it has, else the present, in Unix seconds."""
        return self if self.at is not None else replace(self, at=int(now))

    @classmethod
    def success(cls) -> End:
        """Everything in the scope went well."""
        return cls(Status.SUCCESS)

    @classmethod
    def failure(cls, reason: str | None) -> End:
        """It failed, and why."""
        return cls(Status.FAILURE, reason)

    @classmethod
    def incomplete(cls) -> End:
        """It was left open, and nothing else is known."""
        return cls.failure(INCOMPLETE)


@dataclass(frozen=True)
class Attempt:
    """One start that was recorded, and the end that belongs to it.

    Attributes:
        id: joins start and end.
        start: the start event; None where it is not known here: it has secret properties, which state alone holds.
        start_delivery: what became of the start.
        end: how it ended; None while it is open.
    """

    id: str
    start: StartEvent | None
    start_delivery: DeliveryStatus = DeliveryStatus.QUEUED
    end: End | None = None

    @property
    def api(self) -> Api:
        """The API that its events are sent by."""
        return Api.DEPLOYMENTS if self.start is None else self.start.api

    @property
    def is_open(self) -> bool:
        """Whether it has no end yet."""
        return self.end is None

    @property
    def is_settled(self) -> bool:
        """Whether nothing of it is left to be done."""
        return self.end is not None and self.end.delivery is not DeliveryStatus.QUEUED

    @property
    def is_rejected(self) -> bool:
        """Whether BigPanda will never take its start or its end."""
        end = None if self.end is None else self.end.delivery
        return DeliveryStatus.REJECTED in (self.start_delivery, end)

    @property
    def waits(self) -> bool:
        """Whether its start or its end is still to be sent."""
        end = None if self.end is None else self.end.delivery
        return DeliveryStatus.QUEUED in (self.start_delivery, end)

    @property
    def end_event(self) -> EndEvent | None:
        """The end event, built from the start, so that BigPanda finds it; None while it is open."""
        if self.end is None or self.start is None:
            return None
        return EndEvent.of(self.start, self.end.status, self.end.reason, self.end.at)

    def ended(self, end: End) -> Attempt:
        """The attempt with this end. An attempt has one end: a second one changes nothing."""
        return self if self.end is not None else replace(self, end=end)

    def start_became(self, delivery: DeliveryStatus) -> Attempt:
        """The attempt after its start was sent, or was not."""
        return replace(self, start_delivery=delivery)

    def dropped(self, now: float) -> Attempt:
        """The attempt with nothing of it to be sent any more; one that is open fails now, in Unix seconds."""
        off, queued = DeliveryStatus.OFF, DeliveryStatus.QUEUED
        start = off if self.start_delivery is queued else self.start_delivery
        ended = self.ended(End.failure(DROPPED).timed(now)).start_became(start)
        return ended.end_became(off) if ended.end is not None and ended.end.delivery is queued else ended

    def end_became(self, delivery: DeliveryStatus) -> Attempt:
        """The attempt after its end was sent, or was not."""
        return self if self.end is None else replace(self, end=replace(self.end, delivery=delivery))
