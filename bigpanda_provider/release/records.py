"""The outbox as `status` and `history` show it."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..bigpanda.text import one_line
from ..delivery.attempt import State
from ..delivery.outbox import BY_HAND, Row
from ..errors import WrongUseError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Standing(str, enum.Enum):
    """What BigPanda has of an attempt: nothing where its start was rejected or is queued."""

    IN_PROGRESS = "in progress"
    LEFT_OPEN = "left open"
    QUEUED = "queued"
    SUCCESS = "success"
    FAILURE = "failure"
    REJECTED = "rejected"
    END_REJECTED = "in progress, end rejected"

    @classmethod
    def of(cls, row: Row) -> Standing:
        """How this one does."""
        if row.start_state is State.REJECTED:
            return cls.REJECTED
        if row.left_open:
            return cls.LEFT_OPEN
        if State.QUEUED in (row.start_state, row.end_state):
            return cls.QUEUED
        if row.status is None:
            return cls.IN_PROGRESS
        return cls.END_REJECTED if row.end_state is State.REJECTED else cls(row.status.value)


@dataclass(frozen=True)
class Record:
    """An attempt as it is shown."""

    row: Row

    @property
    def standing(self) -> Standing:
        """How it stands."""
        return Standing.of(self.row)

    @property
    def since(self) -> dt.datetime:
        """When it was recorded."""
        return dt.datetime.fromtimestamp(int(self.row.recorded), dt.timezone.utc)

    @property
    def where(self) -> str:
        """Who recorded it: a Deployment of a stack, the release runner, or a hand."""
        place = self.row.place
        if place.stack == BY_HAND:
            return "by hand"
        return one_line(place.stack if self.row.folder else f"{place.stack} {place.name}")

    def __str__(self) -> str:
        start = self.row.start
        return "a deployment" if start is None else f"{start.component} {start.version} on {', '.join(start.hosts)}"

    def json(self) -> dict[str, Any]:
        """As an object for scripts; what is absent is null, so that each has the same keys."""
        row, start = self.row, self.row.start
        return {
            "attempt": row.id,
            "component": start and start.component,
            "version": start and start.version,
            "hosts": start and list(start.hosts),
            "state": self.standing.value,
            "status": row.status and row.status.value,
            "errorMessage": row.reason,
            "recorded": self.since.isoformat(),
            "startTimestamp": start and start.timestamp,
            "startDelivery": row.start_state.value,
            "endDelivery": row.end_state and row.end_state.value,
            "stack": row.place.stack or None,
            "deployment": None if row.folder or row.place.stack == BY_HAND else row.place.name,
            "address": row.place.address,
        }


def chosen(
    rows: Iterable[Row], *, component: str | None = None, host: str | None = None, since: dt.datetime | None = None
) -> list[Record]:
    """The records of the rows that fit."""
    return [
        Record(row)
        for row in rows
        if (component is None or (row.start is not None and row.start.component == component))
        and (host is None or (row.start is not None and host in row.start.hosts))
        and (since is None or row.recorded >= since.timestamp())
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
        raise WrongUseError(f'--since "{text}" is no time; write it as 90m, 12h, 7d, or 2026-11-25T10:00') from None
    return found if found.tzinfo else found.astimezone()
