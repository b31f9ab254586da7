"""What an attempt is, and when a Deployment makes a new one. No I/O and no Pulumi.

The engine hands over property maps; `Recorded` is what a Deployment's outputs say of its last start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .events import StartEvent, read, same_hosts

EVENT_PROPERTIES = ("component", "version", "hosts", "timestamp", "description", "owner", "source")
"""The Deployment's properties that are the start event's fields."""


@dataclass(frozen=True)
class Recorded:
    """The last start of a Deployment, as its outputs hold it.

    Attributes:
        start: the event as it was recorded.
        attempt: the id that joins start and end.
        triggers: the triggers at that time.
        given_timestamp: the explicit timestamp that has been used last, in Unix seconds; each counts once.
    """

    start: StartEvent
    attempt: str
    triggers: list[Any]
    given_timestamp: int | None

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, Any]) -> Recorded:
        """Read it; what an older version of this package did not write is absent."""
        given = outputs.get("givenTimestamp")
        return cls(
            start=read(StartEvent, outputs),
            attempt=str(outputs.get("attempt", "")),
            triggers=list(outputs.get("triggers") or ()),
            given_timestamp=None if given is None else int(given),
        )

    def outputs(self) -> dict[str, Any]:
        """The properties to store."""
        return {
            **self.start.payload(),
            "attempt": self.attempt,
            "triggers": self.triggers,
            "givenTimestamp": self.given_timestamp,
        }


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
        start=declared.model_copy(update={"timestamp": timestamp}),
        attempt=attempt,
        triggers=list(inputs.get("triggers") or ()),
        given_timestamp=declared.timestamp if declared.timestamp is not None else used,
    )


def starts_again(last: Recorded, inputs: Mapping[str, Any], *, unknown: Any = None) -> bool:
    """Whether these inputs make a new start: component, version, hosts as a set, or triggers changed.

    Args:
        last: the last start.
        inputs: the Deployment's checked inputs.
        unknown: what stands for a value that is not known yet; it counts as changed.
    """
    if any(holds(inputs.get(name), unknown) for name in ("component", "version", "hosts", "triggers")):
        return True
    declared = read(StartEvent, inputs)
    return (
        declared.component != last.start.component
        or declared.version != last.start.version
        or not same_hosts(declared.hosts, last.start.hosts)
        or list(inputs.get("triggers") or ()) != last.triggers
    )


def holds(value: Any, unknown: Any) -> bool:
    """Whether the value is, or holds anywhere in it, what stands for an unknown one."""
    if isinstance(value, Mapping):
        return any(holds(inner, unknown) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds(inner, unknown) for inner in value)
    return unknown is not None and bool(value == unknown)
