"""What Pulumi's state holds of this package: type tokens, property names and their values, each named here alone.

State of every release is read by every later one, so a name that was released stays. A property knows how its value is
read: the engine hands over plain maps, with whole numbers as floats, and an older version may have written less.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from .dataclass import dataclass

T = TypeVar("T")

OWN_TYPES = "pulumi-python:dynamic/bigpanda:"
"""How the types of both resources begin."""
DEPLOYMENT_TYPE = f"{OWN_TYPES}Deployment"
COMPLETION_TYPE = f"{OWN_TYPES}Completion"
PLUGIN_TYPES = "bigpanda:index:"
"""How the types of both resources begin in programs of other languages."""
PLUGIN_DEPLOYMENT_TYPE = f"{PLUGIN_TYPES}Deployment"
PLUGIN_COMPLETION_TYPE = f"{PLUGIN_TYPES}Completion"


class Status(str, enum.Enum):
    """How a deployment ended; the API's values."""

    SUCCESS = "success"
    FAILURE = "failure"


class DeliveryStatus(str, enum.Enum):
    """What became of an event: it arrived, it waits, BigPanda will never take it, or nothing was to be sent."""

    DELIVERED = "delivered"
    QUEUED = "queued"
    REJECTED = "rejected"
    OFF = "off"


class Api(str, enum.Enum):
    """Which of BigPanda's APIs records a deployment. An attempt ends with the one that it began with."""

    DEPLOYMENTS = "deployments"
    CHANGES = "changes"


@dataclass(frozen=True)
class Property(Generic[T]):
    """A property of a Deployment or a Completion.

    Attributes:
        name: its name in state.
        parse: reads a value; None for what is no value of it.
    """

    name: str
    parse: Callable[[Any], T | None]

    def of(self, properties: Mapping[str, Any]) -> T | None:
        """Its value among the properties; None where it is absent or unreadable."""
        value = properties.get(self.name)
        return None if value is None else self.parse(value)

    def to(self, value: Any) -> dict[str, Any]:
        """The value as a property map; an empty one for None, which leaves the property out."""
        return {} if value is None else {self.name: value}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _flag(value: Any) -> bool | None:
    return value is True


def _list(value: Any) -> list[Any] | None:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else None


def _map(value: Any) -> dict[str, Any] | None:
    return dict(value) if isinstance(value, Mapping) else None


def _status(value: Any) -> Status | None:
    return Status(value) if isinstance(value, str) and value in set(Status) else None


def _delivery(value: Any) -> DeliveryStatus | None:
    return DeliveryStatus(value) if isinstance(value, str) and value in set(DeliveryStatus) else None


# The start event. Its names are the API's (`bigpanda/events.py` has what they may hold).
COMPONENT = Property("component", _text)
VERSION = Property("version", _text)
HOSTS = Property("hosts", _list)
TIMESTAMP = Property("timestamp", _whole)
DESCRIPTION = Property("description", _text)
OWNER = Property("owner", _text)
SOURCE = Property("source", _text)
TAGS = Property("tags", _map)
START_EVENT = (COMPONENT, VERSION, HOSTS, TIMESTAMP, DESCRIPTION, OWNER, SOURCE, TAGS)
CONTEXT = Property("context", _map)
"""What the start event carries beside its properties: which API it is sent by, and what was found out when it began."""

# The end event, of a Completion.
STATUS = Property("status", _status)
ERROR_MESSAGE = Property("errorMessage", _text)
ENDED_AT = Property("endedAt", _whole)
"""When the deployment ended, in Unix seconds, whenever that is sent."""

# Of both resources.
STACK = Property("stack", _text)
"""The stack's full name: organization/project/stack."""
NAME = Property("name", _text)
"""The Deployment's name in the stack, with its parents' types and names where it has any."""
SECRETS = Property("secrets", _list)
"""The names of the properties that are secret."""
ATTEMPT = Property("attempt", _text)
"""The id that joins a start with its end."""
DELIVERY = Property("delivery", _delivery)
"""What became of the start (of a Deployment) or of the end (of a Completion)."""

# Of a Completion.
START = Property("start", _map)
"""The start event as it is stored: of a Completion, what its end repeats of it; of an entry of BACKLOG, all of it."""
START_DELIVERY = Property("startDelivery", _delivery)
UNDELIVERED = Property("undelivered", _text)
"""Why the update fails: delivery is required, and the end did not get through."""

# Of a Deployment: inputs.
BECAUSE = Property("because", _list)
"""Why it reports: one plain line for each cause. Absent for a new one, and where it does not report."""
WAITING = Property("waiting", _whole)
"""In PREVIOUS: how many events of earlier attempts wait, as state says."""

# Of a Deployment, too. What they say of its scope is explained in `provider/affected.py`.
TRIGGERS = Property("triggers", _list)
VERSION_FOUND = Property("versionFound", _flag)
"""The version was found by git: that it alone changed starts nothing."""
PREVIOUS = Property("previous", _map)
"""What the last checkpoint knows of the last attempt, by ATTEMPT, STATUS, DELIVERY, ERROR_MESSAGE, ENDED_AT, and
HOSTS where some were added while it was in progress.

Absent where it succeeded and its end has arrived: so an update shows no more than the event.
"""
RESOURCES = Property("resources", _map)
HOST_NAMES = Property("hostNames", _map)
TAKES = Property("takes", _map)
ALIASES = Property("aliases", _map)
SCOPE = (RESOURCES, HOST_NAMES, TAKES, ALIASES)
CHANGED = Property("changed", _flag)
TOUCHED = Property("touched", _text)
"""What of the scope changes, by type and name: the first few, and how many more; for a new Deployment, all of it."""

# Of a Deployment: outputs.
GIVEN_TIMESTAMP = Property("givenTimestamp", _whole)
"""The explicit timestamp that was used last: each counts once."""
BACKLOG = Property("backlog", _list)
"""Earlier attempts that wait, oldest first; each a map of the BACKLOG_ properties, START, STATUS,
ERROR_MESSAGE and ENDED_AT."""
BACKLOG_ID = Property("id", _text)
BACKLOG_START_DELIVERY = Property("startState", _delivery)
BACKLOG_WAITING = Property("backlogWaiting", _map)
"""How many events of BACKLOG wait, by API: the checkpoint shows nothing of BACKLOG itself, which is encrypted."""
SETTLED = Property("settled", _list)
"""The ids of attempts that waited once and do not any more: an outbox that still holds one need not send it."""

LEFT_OPEN, NOT_READ = "open", "unknown"
"""In PREVIOUS, the status of an attempt that has no end, and of one of which the checkpoint could not be asked."""

MACHINE = Property("__bigpanda", _map)
"""Holds the properties that are for machines, so that a preview shows the event: the engine shows no `__` property.

State that 0.1.0 wrote has them beside the others, under the same names.
"""
_OF_ATTEMPT = (START, CONTEXT, START_DELIVERY, ENDED_AT)
_FOR_MACHINES = frozenset(
    one.name
    for one in (STACK, NAME, SECRETS, *_OF_ATTEMPT, VERSION_FOUND, PREVIOUS, CHANGED, TOUCHED, BACKLOG_WAITING, *SCOPE)
)


def api_of(start: Mapping[str, Any]) -> Api:
    """The API that a start event, as it is stored, was sent by."""
    found = (CONTEXT.of(start) or {}).get("api")
    return Api(found) if found in set(Api) else Api.DEPLOYMENTS


def packed(properties: Mapping[str, Any], *also: Property[Any]) -> dict[str, Any]:
    """The properties as state holds them.

    Args:
        properties: all of them, beside each other.
        also: which others are for machines, too.
    """
    names = _FOR_MACHINES | {one.name for one in also}
    inner = {name: value for name, value in properties.items() if name in names}
    return {**{name: value for name, value in properties.items() if name not in names}, MACHINE.name: inner}


def unpacked(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties beside each other, from what state or the program has."""
    inner = {name: value for name, value in (MACHINE.of(properties) or {}).items() if value is not None}
    return {**{name: value for name, value in properties.items() if name != MACHINE.name}, **inner}
