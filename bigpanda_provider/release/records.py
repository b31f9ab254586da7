"""Records of the outbox as `status` and `history` show them."""

from __future__ import annotations

import datetime as dt
import enum
import re
import time
from collections.abc import Iterable
from typing import Any

from ..bigpanda.events import StartEvent
from ..bigpanda.text import one_line
from ..delivery.outbox import Outbox
from ..delivery.record import Record, Recorder
from ..errors import OutboxError, WrongUseError
from ..state import DeliveryStatus

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Standing(str, enum.Enum):
    """What BigPanda has of an attempt: nothing where its start was rejected or is queued."""

    IN_PROGRESS = "in progress"
    ORPHANED = "left open"
    QUEUED = "queued"
    SUCCESS = "success"
    FAILURE = "failure"
    REJECTED = "rejected"
    END_REJECTED = "in progress, end rejected"

    @classmethod
    def of(cls, record: Record) -> Standing:
        """How this one does."""
        attempt, end = record.attempt, record.attempt.end
        if attempt.start_delivery is DeliveryStatus.REJECTED:
            return cls.REJECTED
        if record.is_orphaned(time.time()):
            return cls.ORPHANED
        if attempt.waits:
            return cls.QUEUED
        if end is None:
            return cls.IN_PROGRESS
        return cls.END_REJECTED if end.delivery is DeliveryStatus.REJECTED else cls(end.status.value)


def since(record: Record) -> dt.datetime:
    """When it was recorded."""
    return dt.datetime.fromtimestamp(int(record.recorded), dt.timezone.utc)


def recorded_by(record: Record) -> str:
    """Who recorded it: a Deployment of a stack, the release runner, or a person."""
    place = record.place
    if record.recorder is Recorder.PERSON:
        return "by hand"
    return one_line(place.stack if record.recorder is Recorder.RUNNER else f"{place.stack} {place.name}")


def title(record: Record) -> str:
    """What was deployed where, as its start tells it."""
    start = record.attempt.start
    return "a deployment" if start is None else f"{start.component} {start.version} on {', '.join(start.hosts)}"


def as_object(record: Record) -> dict[str, Any]:
    """A record as an object for scripts; what is absent is null, so that each has the same keys."""
    attempt, start, end = record.attempt, record.attempt.start, record.attempt.end
    return {
        "attempt": record.id,
        "component": start and start.component,
        "version": start and start.version,
        "hosts": start and list(start.hosts),
        "state": Standing.of(record).value,
        "status": end and end.status.value,
        "errorMessage": end and end.reason,
        "recorded": since(record).isoformat(),
        "startTimestamp": start and start.timestamp,
        "startDelivery": attempt.start_delivery.value,
        "endDelivery": end and end.delivery.value,
        "stack": record.place.stack or None,
        "deployment": record.place.name if record.recorder.is_of_program else None,
        "address": record.place.address,
        "api": start and start.api.value,
        "tags": (start and start.all_tags) or None,
        "link": start and start.context and start.context.ticket_url,
    }


def event_as_object(start: StartEvent) -> dict[str, Any]:
    """A start as an object for scripts: its properties, with the API that it is sent by, all tags and the link."""
    found = {name: value for name, value in start.stored().items() if name not in ("context", "tags")}
    link = start.context and start.context.ticket_url
    more = {"api": start.context and start.api.value, "tags": start.all_tags, "link": link}
    return {**found, **{name: value for name, value in more.items() if value}}


def readable(outbox: Outbox, records: list[Record]) -> list[Record]:
    """What was read from the outbox, if it could be.

    Raises:
        OutboxError: it could not.
    """
    if outbox.trouble is not None:
        raise OutboxError(outbox.trouble)
    return records


def chosen(
    records: Iterable[Record],
    *,
    component: str | None = None,
    host: str | None = None,
    after: dt.datetime | None = None,
) -> list[Record]:
    """The records that fit."""
    return [
        record
        for record in records
        if (component is None or (record.attempt.start is not None and record.attempt.start.component == component))
        and (host is None or (record.attempt.start is not None and host in record.attempt.start.hosts))
        and (after is None or record.recorded >= after.timestamp())
    ]


def moment(text: str, now: dt.datetime) -> dt.datetime:
    """A point in time: so long ago (`90m`, `12h`, `7d`), or a date with or without a time.

    Raises:
        WrongUseError: it is neither.
    """
    ago = re.fullmatch(r"(\d+)([smhdw])", text.strip())
    try:
        if ago:
            return now - dt.timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = dt.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except (ValueError, OverflowError):
        raise WrongUseError(f'--since "{text}" is not a time; write it as 90m, 12h, 7d, or 2026-11-25T10:00') from None
    return found if found.tzinfo else found.astimezone()
