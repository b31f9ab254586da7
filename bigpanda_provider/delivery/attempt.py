"""What an attempt is, when a Deployment makes a new one, and what its last one left behind. No I/O and no Pulumi.

The engine hands over property maps. `Recorded` is what a Deployment's outputs say of its last start, `Previous` what
the last checkpoint says of how that ended.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..bigpanda.events import REASON_LIMIT, EndEvent, StartEvent, Status, read, same_hosts
from ..bigpanda.text import clean

EVENT_PROPERTIES = frozenset({"component", "version", "hosts", "timestamp", "description", "owner", "source"})
"""The Deployment's properties that are the start event's fields."""

INCOMPLETE = "the deployment did not complete"
"""The reason of an attempt that an earlier run left open, where nothing else is known."""


class State(str, enum.Enum):
    """What became of an event: it arrived, it waits, BigPanda will never take it, or nothing was to be sent."""

    DELIVERED = "delivered"
    QUEUED = "queued"
    REJECTED = "rejected"
    OFF = "off"


@dataclass(frozen=True)
class Attempt:
    """One start that was recorded, and the end that belongs to it.

    Attributes:
        id: joins start and end.
        start: the start event.
        start_state: what became of it.
        status: how the deployment ended; None while it is open.
        reason: why it failed.
        end_state: what became of the end; None while it is open.
    """

    id: str
    start: StartEvent
    start_state: State = State.QUEUED
    status: Status | None = None
    reason: str | None = None
    end_state: State | None = None

    @property
    def end(self) -> EndEvent | None:
        """The end event, once it is ended: built from the start, so that BigPanda finds it."""
        return None if self.status is None else EndEvent.of(self.start, self.status, self.reason)

    @property
    def settled(self) -> bool:
        """Whether nothing of it is left to be done."""
        return self.end_state not in (None, State.QUEUED)

    def ended(self, status: Status, reason: str | None = None) -> Attempt:
        """The attempt with its end, which waits to be sent. An attempt has one end: a second one changes nothing."""
        if self.status is not None:
            return self
        told = None if reason is None else clean(reason, REASON_LIMIT)
        return replace(self, status=status, reason=told, end_state=State.QUEUED)

    def stored(self) -> dict[str, Any]:
        """As a property map, for the Deployment's `backlog`."""
        return {
            "id": self.id,
            "start": self.start.payload(),
            "startState": self.start_state.value,
            "status": self.status and self.status.value,
            "errorMessage": self.reason,
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Attempt:
        """Read what `stored` wrote; one without an end was left open."""
        attempt = cls(stored["id"], read(StartEvent, stored["start"]), State(stored["startState"]))
        status = stored.get("status")
        return attempt.ended(Status(status), stored.get("errorMessage")) if status else attempt


@dataclass(frozen=True)
class Previous:
    """What the last checkpoint says of the last attempt, where that is more than "it succeeded and arrived".

    Attributes:
        attempt: its id.
        status: how it ended; None where its Completion does not carry it.
        delivery: what became of its end; None where there is none.
        reason: why it failed.
    """

    attempt: str
    status: Status | None = None
    delivery: State | None = None
    reason: str | None = None

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> Previous | None:
        """Read the input `previous`."""
        given = inputs.get("previous")
        if not isinstance(given, Mapping):
            return None
        status, delivery = given.get("status"), given.get("delivery")
        return cls(
            attempt=str(given.get("attempt")),
            status=Status(status) if status in set(Status) else None,
            delivery=State(delivery) if delivery in set(State) else None,
            reason=given.get("errorMessage"),
        )

    @property
    def failed(self) -> bool:
        """Whether it did not succeed: its Completion carries it as failed, or not at all."""
        return self.status is not Status.SUCCESS

    @property
    def pending(self) -> bool:
        """Whether its end is not known to have arrived."""
        return self.status is None or self.delivery is State.QUEUED


@dataclass(frozen=True)
class Recorded:
    """The last start of a Deployment, as its outputs hold it.

    Attributes:
        attempt: the attempt, open as far as the outputs know.
        triggers: the triggers at that time.
        given_timestamp: the explicit timestamp that has been used last, in Unix seconds; each counts once.
        backlog: earlier attempts that had not arrived when this one began, oldest first.
    """

    attempt: Attempt
    triggers: list[Any]
    given_timestamp: int | None
    backlog: tuple[Attempt, ...] = ()

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, Any]) -> Recorded:
        """Read it; what an older version of this package did not write is absent."""
        given = outputs.get("givenTimestamp")
        delivery = outputs.get("delivery")
        return cls(
            attempt=Attempt(
                id=str(outputs.get("attempt", "")),
                start=read(StartEvent, outputs),
                start_state=State(delivery) if delivery in set(State) else State.DELIVERED,
            ),
            triggers=list(outputs.get("triggers") or ()),
            given_timestamp=None if given is None else int(given),
            backlog=tuple(Attempt.from_stored(stored) for stored in outputs.get("backlog") or ()),
        )

    def outputs(self) -> dict[str, Any]:
        """The properties to store."""
        backlog = {"backlog": [attempt.stored() for attempt in self.backlog]} if self.backlog else {}
        given = {} if self.given_timestamp is None else {"givenTimestamp": self.given_timestamp}
        return {
            **self.attempt.start.payload(),
            **backlog,
            **given,
            "attempt": self.attempt.id,
            "delivery": self.attempt.start_state.value,
            "triggers": self.triggers,
        }

    def left_behind(self, previous: Previous | None) -> tuple[Attempt, ...]:
        """The attempts that may not have arrived, oldest first; the last one may have been left open.

        An end that arrived says that everything before it did.
        """
        if self.attempt.start_state is State.OFF:
            return self.backlog
        if previous is None or previous.attempt != self.attempt.id or not previous.pending:
            return ()
        if self.attempt.start_state is State.REJECTED:
            return ()
        last = self.attempt if previous.status is None else self.attempt.ended(previous.status, previous.reason)
        return (*self.backlog, last)


def begin(inputs: Mapping[str, Any], last: Recorded | None, *, attempt: str, now: int) -> Recorded:
    """The start to record for these inputs.

    Args:
        inputs: the Deployment's checked inputs.
        last: its last start, if there was one.
        attempt: the id of the new attempt.
        now: the present, in whole Unix seconds: the timestamp, unless a new explicit one is given.

    Raises:
        InvalidEventError: the inputs make no event.
    """
    declared = read(StartEvent, inputs)
    used = last.given_timestamp if last is not None else None
    timestamp = declared.timestamp if declared.timestamp not in (None, used) else now
    return Recorded(
        attempt=Attempt(attempt, declared.model_copy(update={"timestamp": timestamp})),
        triggers=list(inputs.get("triggers") or ()),
        given_timestamp=declared.timestamp if declared.timestamp is not None else used,
    )


def starts_again(last: Recorded, inputs: Mapping[str, Any], *, unknown: Any = None) -> bool:
    """Whether these inputs make a new start: component, version (unless found), hosts as a set, or triggers changed.

    Args:
        last: the last start.
        inputs: the Deployment's checked inputs.
        unknown: what stands for a value that is not known yet; it counts as changed.
    """
    if any(holds(inputs.get(name), unknown) for name in ("component", "version", "hosts", "triggers")):
        return True
    known = {name: value for name, value in inputs.items() if not holds(value, unknown)}
    declared, start = read(StartEvent, known), last.attempt.start
    return (
        declared.component != start.component
        or (declared.version != start.version and not inputs.get("versionFound"))
        or not same_hosts(declared.hosts, start.hosts)
        or list(inputs.get("triggers") or ()) != last.triggers
    )


def holds(value: Any, unknown: Any) -> bool:
    """Whether the value is, or holds anywhere in it, what stands for an unknown one."""
    if isinstance(value, Mapping):
        return any(holds(inner, unknown) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds(inner, unknown) for inner in value)
    return unknown is not None and bool(value == unknown)
