"""Records of the outbox as `status`, `history`, `queue` and scripts see them."""

from __future__ import annotations

import datetime as dt
import enum
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from ...bigpanda.events import StartEvent
from ...bigpanda.text import listed, one_line
from ...dataclass import dataclass
from ...delivery.attempt import Attempt
from ...delivery.origin import Origin
from ...delivery.outbox import Outbox
from ...delivery.record import Record, Recorder
from ...state import DeliveryStatus

NOT_TRIED = "not sent yet"
"""Why an event waits of which no try is recorded."""
HOSTS_NAMED = 12
"""How many hosts of an event are named."""
SHORT_ID = 8
"""How many characters of an attempt's id are shown: enough for `end --attempt`."""
OWN_BACKEND = "organization"
"""What a backend without organizations, such as a file or a bucket, has in a stack's full name for one."""


class State(str, enum.Enum):
    """What happened to a deployment, whatever became of its events."""

    IN_PROGRESS = "in progress"
    LEFT_OPEN = "left open"
    SUCCESS = "success"
    FAILURE = "failure"

    @classmethod
    def of(cls, record: Record, now: float) -> State:
        """Of this one, at a time by the outbox's clock."""
        end = record.attempt.end
        if end is not None:
            return cls(end.status.value)
        return cls.LEFT_OPEN if record.is_orphaned(now) else cls.IN_PROGRESS


class Events(str, enum.Enum):
    """What became of a deployment's events, its start and the end that it has so far."""

    DELIVERED = "delivered"
    BOTH_QUEUED = "both queued"
    START_QUEUED = "start queued"
    END_QUEUED = "end queued"
    START_REJECTED = "start rejected"
    END_REJECTED = "end rejected"
    BOTH_DROPPED = "both dropped"
    END_DROPPED = "end dropped"

    @classmethod
    def of(cls, attempt: Attempt) -> Events:
        """Of these. After a start that was rejected or dropped nothing else of the deployment is sent."""
        end = None if attempt.end is None else attempt.end.delivery
        of_start = {DeliveryStatus.REJECTED: cls.START_REJECTED, DeliveryStatus.OFF: cls.BOTH_DROPPED}
        of_end = {
            DeliveryStatus.QUEUED: cls.END_QUEUED,
            DeliveryStatus.REJECTED: cls.END_REJECTED,
            DeliveryStatus.OFF: cls.END_DROPPED,
        }
        if attempt.start_delivery is DeliveryStatus.QUEUED:
            return cls.START_QUEUED if end is None else cls.BOTH_QUEUED
        found = of_start.get(attempt.start_delivery)
        return found or (cls.DELIVERED if end is None else of_end.get(end, cls.DELIVERED))


T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """A deployment as it is listed: from the outbox, or from what BigPanda has.

    Attributes:
        attempt: the attempt's id.
        component: the component; None where it is secret.
        version: its version; None where it is secret.
        hosts: the hosts; None where they are secret.
        state: what happened to it.
        events: what became of its events.
        recorded: when it was recorded, in Unix seconds.
        address: BigPanda's base URL.
        by: who recorded it.
        status: success or failure; None while it has no end.
        reason: why it failed.
        ended: when it ended, in Unix seconds.
        why: why an event of it waits, or BigPanda's answer where it rejected one.
        start_timestamp: the start's, in Unix seconds.
        start_delivery: what became of the start.
        end_delivery: what became of the end; None while it has none.
        stack: the stack's full name; None where a person recorded it.
        deployment: the Deployment's name in a program.
        api: the API of its events.
        tags: all tags of its start.
        link: its link.
        origin: the machine, the user and the CI job that recorded it.
        looked_after_by: who is going to end it; None where only BigPanda is not asked.
    """

    attempt: str
    component: str | None
    version: str | None
    hosts: tuple[str, ...] | None
    state: State
    events: Events
    recorded: float
    address: str
    by: str = ""
    status: str | None = None
    reason: str | None = None
    ended: int | None = None
    why: str | None = None
    start_timestamp: int | None = None
    start_delivery: DeliveryStatus = DeliveryStatus.DELIVERED
    end_delivery: DeliveryStatus | None = None
    stack: str | None = None
    deployment: str | None = None
    api: str | None = None
    tags: Mapping[str, str] | None = None
    link: str | None = None
    origin: Origin = Origin()
    looked_after_by: str | None = None

    @classmethod
    def of(cls, record: Record, now: float) -> Entry:
        """Of a record of the outbox, at a time by its clock."""
        attempt, start, end = record.attempt, record.attempt.start, record.attempt.end
        return cls(
            attempt=record.id,
            component=None if start is None else start.component,
            version=None if start is None else start.version,
            hosts=None if start is None else start.hosts,
            state=State.of(record, now),
            events=Events.of(attempt),
            recorded=record.recorded,
            address=record.place.address,
            by=recorded_by(record),
            status=None if end is None else end.status.value,
            reason=None if end is None else end.reason,
            ended=None if end is None else end.at,
            why=(record.why or NOT_TRIED) if attempt.waits else record.why if attempt.is_rejected else None,
            start_timestamp=None if start is None else start.timestamp,
            start_delivery=attempt.start_delivery,
            end_delivery=None if end is None else end.delivery,
            stack=record.place.stack or None,
            deployment=record.place.name if record.recorder.is_of_program else None,
            api=None if start is None else start.api.value,
            tags=(start and start.all_tags) or None,
            link=None if start is None or start.context is None else start.context.ticket_url,
            origin=record.origin,
        )

    @property
    def waits(self) -> bool:
        """Whether an event of it is still to be sent."""
        return DeliveryStatus.QUEUED in (self.start_delivery, self.end_delivery)

    def as_object(self) -> dict[str, Any]:
        """It as an object for scripts; what is absent is null, so that each has the same keys."""
        found = {
            "attempt": self.attempt,
            "component": self.component,
            "version": self.version,
            "hosts": None if self.hosts is None else list(self.hosts),
            "state": self.state.value,
            "status": self.status,
            "errorMessage": self.reason,
            "delivery": self.events.value,
            "waits": self.why if self.waits else None,
            "rejected": None if self.waits else self.why,
            "recorded": dt.datetime.fromtimestamp(int(self.recorded), dt.timezone.utc).isoformat(),
            "startTimestamp": self.start_timestamp,
            "startDelivery": self.start_delivery.value,
            "endDelivery": self.end_delivery and self.end_delivery.value,
            "stack": self.stack,
            "deployment": self.deployment,
            "address": self.address,
            "api": self.api,
            "tags": self.tags,
            "link": self.link,
            "machine": self.origin.machine,
            "user": self.origin.person,
            "job": self.origin.job,
            "jobUrl": self.origin.page,
        }
        return found if self.looked_after_by is None else {**found, "lookedAfterBy": self.looked_after_by}


def entries(outbox: Outbox, records: Iterable[Record]) -> Iterator[Entry]:
    """Records of the outbox as they are listed."""
    return (Entry.of(record, outbox.now()) for record in records)


def is_mine(origin: Origin) -> bool:
    """Whether this user of this machine has recorded something, as far as that is known."""
    return not origin.is_known or origin.is_same_user(_here())


@cache
def _here() -> Origin:
    return Origin.here(os.environ)


def recorded_by(record: Record) -> str:
    """Who recorded it: a Deployment of a stack, the release runner, or a person."""
    place = record.place
    if record.recorder is Recorder.PERSON:
        return "by hand"
    stack = short_stack(place.stack)
    return one_line(stack if record.recorder is Recorder.RUNNER else f"{stack} {place.name}")


def short_stack(name: str) -> str:
    """A stack's full name without the organization that every stack of a backend of one's own has."""
    return name.removeprefix(f"{OWN_BACKEND}/")


def title(record: Record) -> str:
    """What was deployed where, as its start tells it."""
    start = record.attempt.start
    return "a deployment" if start is None else f"{start.component} {start.version} on {', '.join(start.hosts)}"


def known(attempt: Attempt) -> str:
    """What was deployed where, with as much of the attempt's id as names it."""
    start = attempt.start
    what = "a deployment" if start is None else f"{start.named()} on {listed(start.hosts, HOSTS_NAMED)}"
    return one_line(f"{what} (attempt {attempt.id[:SHORT_ID]})")


def event_as_object(start: StartEvent) -> dict[str, Any]:
    """A start as an object for scripts: its properties, with the API that it is sent by, all tags and the link."""
    found = {name: value for name, value in start.stored().items() if name not in ("context", "tags")}
    link = start.context and start.context.ticket_url
    more = {"api": start.context and start.api.value, "tags": start.all_tags, "link": link}
    return {**found, **{name: value for name, value in more.items() if value}}


def readable(outbox: Outbox, records: list[T]) -> list[T]:
    """What was read from the outbox, if it could be.

    Raises:
        OutboxError: it could not.
    """
    if outbox.trouble is not None:
        raise outbox.trouble
    return records
