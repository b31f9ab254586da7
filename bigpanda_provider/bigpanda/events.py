"""The two events of a deployment, its start and its end: what they hold, and what is wrong with what cannot be one.

No I/O and no Pulumi here. Names, types and which are required are those of BigPanda's Deployments API; tags and times
are what the Changes API has beyond it. The limits on lengths are ours, since neither API names any. What is too long is
cut and ends in "…", what text must not hold is removed (`text.py`), in start and end alike; everything else is sent as
it is given or refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import pydantic
from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from ..errors import InvalidEventError, Problem
from ..state import Api, Status
from ..tags import MOST, OF_EVENT, VALUE_LIMIT
from ..tags import NAME_LIMIT as TAG_NAME_LIMIT
from . import text

NAME_LIMIT = 512
"""Most characters of a component, version, host, owner or source."""
TEXT_LIMIT = 4096
"""Most characters of a description."""
REASON_LIMIT = 500
"""Most characters of an error message."""
MILLISECONDS_FROM = 100_000_000_000
"""A timestamp from here on (the year 5138) is taken for one in milliseconds or finer."""

_TAGS_FORM = 'write a map of text: {"team": "payments"}'
_HOSTS_FORM = 'write a list of host names: ["web-1", "web-2"]'


def _fault(reason: str) -> PydanticCustomError:
    return PydanticCustomError("bigpanda", "{reason}", {"reason": reason})


def _kind(value: object) -> str:
    """What a value is, in words that do not repeat it."""
    if value is None:
        return "missing"
    names = {str: "text", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a map"}
    return names.get(type(value), f"a {type(value).__name__}")


def _name(what: str) -> Callable[[object], str]:
    """A validator for a required name; `what` is the example shown."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise _fault(f"is {_kind(value)}; write it as text: {what}")
        found = text.name(value, NAME_LIMIT)
        if not found.strip():
            raise _fault(f"is {'blank' if value else 'empty'}; write a value: {what}")
        return found

    return check


def _text(limit: int, cleaned: Callable[[str, int], str] = text.clean) -> Callable[[object], str | None]:
    """A validator for an optional text of at most `limit` characters."""

    def check(value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise _fault(f"is {_kind(value)}; write it as text, or leave it out")
        return cleaned(value, limit)

    return check


def _hosts(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise _fault(f"is {_kind(value)}; {_HOSTS_FORM}")
    if not value:
        raise _fault(f"is an empty list; {_HOSTS_FORM}")
    seen: dict[str, int] = {}
    for position, host in enumerate(value, start=1):
        if not isinstance(host, str):
            raise _fault(f"has {_kind(host)} as item {position}; {_HOSTS_FORM}")
        found = text.name(host, NAME_LIMIT)
        if not found.strip():
            raise _fault(f"has {'a blank' if host else 'an empty'} name as item {position}; {_HOSTS_FORM}")
        first = seen.setdefault(found, position)
        if first != position and value[first - 1] == host:  # else an older version stored both, and took them for two
            raise _fault(f"lists a host twice, as items {first} and {position}; list each host once")
    return tuple(seen)


def _timestamp(value: object) -> int | None:
    """Whole seconds. The engine turns every int into a float, so a float without a fraction is one."""
    form = "write whole Unix seconds, as int(time.time()) gives them, or a datetime with a time zone"
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _fault(f"is {_kind(value)}; {form}")
    if isinstance(value, float) and not value.is_integer():
        raise _fault(f"has a fraction of a second; {form}")
    if value < 0:
        raise _fault(f"is negative; {form}")
    if value >= MILLISECONDS_FROM:
        raise _fault("is too large for seconds and looks like milliseconds; divide by 1000 and drop the fraction")
    return int(value)


def _tags(value: object) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise _fault(f"is {_kind(value)}; {_TAGS_FORM}")
    if len(value) > MOST:
        raise _fault(f"has {len(value)} tags; write at most {MOST}")
    found: dict[str, str] = {}
    for given, told in sorted(value.items(), key=lambda item: str(item[0])):  # the engine keeps no order of a map
        name = text.one_line(str(given))
        if not 0 < len(name) <= TAG_NAME_LIMIT:
            how = "too long" if name else "empty"
            raise _fault(f"has a name that is {how}; write 1 to {TAG_NAME_LIMIT} characters")
        if name in OF_EVENT:
            raise _fault(f"has the name {name}, which is reserved for the event itself; write another name")
        if not isinstance(told, str):
            raise _fault(f"has {_kind(told)} as {name}; {_TAGS_FORM}")
        found[name] = text.clean(told, VALUE_LIMIT)
    return found or None


Component = Annotated[str, BeforeValidator(_name('"billing"'))]
Version = Annotated[str, BeforeValidator(_name('"1.2.3"'))]
Hosts = Annotated[tuple[str, ...], BeforeValidator(_hosts)]
Tags = Annotated[dict[str, str] | None, BeforeValidator(_tags)]


class Context(pydantic.BaseModel):
    """What a start carries beside its own properties. It is made when an attempt begins, and stays with it.

    Attributes:
        api: the API that the attempt is sent by.
        tags: what was found out.
        ticket_url: a link to the CI job or the stack's page; `ticketUrl` where it is stored.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    api: Api = Api.DEPLOYMENTS
    tags: dict[str, str] = Field(default_factory=dict)
    ticket_url: str | None = Field(None, alias="ticketUrl")


class _Event(pydantic.BaseModel):
    """What both events hold, and by which BigPanda matches them: the three must be identical in start and end."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    component: Component
    version: Version
    hosts: Hosts

    def stored(self) -> dict[str, Any]:
        """The event as state and outbox hold it, without what is absent; `read` makes it an event again."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def named(self, secrets: Collection[str] = ()) -> str:
        """The event in a sentence, by component and version.

        Args:
            secrets: which of its properties are secret.
        """
        if {"component", "version"} <= {*secrets}:
            return "(secret)"
        return " ".join("(secret)" if name in secrets else getattr(self, name) for name in ("component", "version"))


class StartEvent(_Event):
    """The start of a deployment.

    Attributes:
        timestamp: whole Unix seconds, UTC.
        description: free text.
        owner: who is responsible.
        source: the system that sent it.
        tags: what the user adds.
        context: what it carries beside; None in what earlier versions stored, which is sent by the Deployments API.
    """

    timestamp: Annotated[int | None, BeforeValidator(_timestamp)] = None
    description: Annotated[str | None, BeforeValidator(_text(TEXT_LIMIT))] = None
    owner: Annotated[str | None, BeforeValidator(_text(NAME_LIMIT, text.name))] = None
    source: Annotated[str | None, BeforeValidator(_text(NAME_LIMIT, text.name))] = None
    tags: Tags = None
    context: Context | None = None

    @property
    def api(self) -> Api:
        """The API that the attempt is sent by, from its start to its end."""
        return Api.DEPLOYMENTS if self.context is None else self.context.api

    @property
    def all_tags(self) -> dict[str, str]:
        """What was found out, and what the user gives, which counts where both have a name."""
        return {**({} if self.context is None else self.context.tags), **(self.tags or {})}


class EndEvent(_Event):
    """The end of a deployment.

    Attributes:
        status: how it went.
        error_message: why it failed; `errorMessage` in the API.
        ended_at: when it ended, in whole Unix seconds, UTC.
    """

    status: Status = Status.SUCCESS
    error_message: Annotated[str | None, BeforeValidator(_text(REASON_LIMIT))] = Field(None, alias="errorMessage")
    ended_at: Annotated[int | None, BeforeValidator(_timestamp)] = Field(None, alias="endedAt")

    @classmethod
    def of(cls, start: StartEvent, status: Status, reason: str | None = None, ended_at: int | None = None) -> EndEvent:
        """The end that belongs to a start: the same component, version and hosts, in the same order."""
        same = {"component": start.component, "version": start.version, "hosts": start.hosts}
        return cls(**same, status=status, error_message=reason, ended_at=ended_at)


Event = TypeVar("Event", bound=_Event)


def read(model: type[Event], values: Mapping[str, Any]) -> Event:
    """The event that these values make; values that belong to no field are left out.

    Raises:
        InvalidEventError: with one problem for each property that is wrong.
    """
    try:
        return model.model_validate({name: value for name, value in values.items() if name in _names(model)})
    except pydantic.ValidationError as error:
        raise InvalidEventError(tuple(_problem(detail) for detail in error.errors(include_url=False))) from None


def problems(model: type[_Event], values: Mapping[str, Any], unknown: Collection[str]) -> tuple[Problem, ...]:
    """What is wrong with the values that are known already; a field named in `unknown` may be missing."""
    try:
        read(model, values)
    except InvalidEventError as error:
        return tuple(
            problem for problem in error.problems if problem.property not in unknown or problem.property in values
        )
    return ()


def same_hosts(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether both name the same hosts; order does not count."""
    return set(one) == set(other)


def _names(model: type[_Event]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _problem(detail: Any) -> Problem:
    name = str(detail["loc"][0])
    if detail["type"] == "missing":
        form = _HOSTS_FORM if name == "hosts" else "it is required"
        return Problem(name, f"is missing; {form}")
    return Problem(name, detail["msg"])
