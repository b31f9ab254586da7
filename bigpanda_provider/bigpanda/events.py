"""The two events of a deployment, its start and its end: what they hold, and what is wrong with what cannot be one.

No I/O and no Pulumi here. Names, types and which are required are those of BigPanda's Deployments API; tags and times
are what the Changes API has beyond it. The limits on lengths are ours, since neither API names any. What is too long is
cut and ends in "…", what text must not hold is removed (`text.py`), in start and end alike; everything else is sent as
it is given or refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, Field, field, fields
from typing import Any, NamedTuple, TypeVar

from ..dataclass import dataclass
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
HOSTS_FORM = 'write a list of host names: ["web-1", "web-2"]'


class WrongValueError(ValueError):
    """What is wrong with a value, and what to write instead; it does not repeat the value."""


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
            raise WrongValueError(f"is {_kind(value)}; write it as text: {what}")
        found = text.name(value, NAME_LIMIT)
        if not found.strip():
            raise WrongValueError(f"is {'blank' if value else 'empty'}; write a value: {what}")
        return found

    return check


def _text(limit: int, cleaned: Callable[[str, int], str] = text.clean) -> Callable[[object], str | None]:
    """A validator for an optional text of at most `limit` characters."""

    def check(value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise WrongValueError(f"is {_kind(value)}; write it as text, or leave it out")
        return cleaned(value, limit)

    return check


def _hosts(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise WrongValueError(f"is {_kind(value)}; {HOSTS_FORM}")
    if not value:
        raise WrongValueError(f"is an empty list; {HOSTS_FORM}")
    seen: dict[str, int] = {}
    for position, host in enumerate(value, start=1):
        if not isinstance(host, str):
            raise WrongValueError(f"has {_kind(host)} as item {position}; {HOSTS_FORM}")
        found = text.name(host, NAME_LIMIT)
        if not found.strip():
            raise WrongValueError(f"has {'a blank' if host else 'an empty'} name as item {position}; {HOSTS_FORM}")
        first = seen.setdefault(found, position)
        if first != position and value[first - 1] == host:  # else an older version stored both, and took them for two
            raise WrongValueError(f"lists a host twice, as items {first} and {position}; list each host once")
    return tuple(seen)


def _timestamp(value: object) -> int | None:
    """Whole seconds. The engine turns every int into a float, so a float without a fraction is one."""
    form = "write whole Unix seconds, such as 1764244800"
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WrongValueError(f"is {_kind(value)}; {form}")
    if isinstance(value, float) and not value.is_integer():
        raise WrongValueError(f"has a fraction of a second; {form}")
    if value < 0:
        raise WrongValueError(f"is negative; {form}")
    if value >= MILLISECONDS_FROM:
        raise WrongValueError(
            "is too large for seconds and looks like milliseconds; divide by 1000 and drop the fraction"
        )
    return int(value)


def _tags(value: object) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise WrongValueError(f"is {_kind(value)}; {_TAGS_FORM}")
    if len(value) > MOST:
        raise WrongValueError(f"has {len(value)} tags; write at most {MOST}")
    found: dict[str, str] = {}
    for given, told in sorted(value.items(), key=lambda item: str(item[0])):  # the engine keeps no order of a map
        name = text.one_line(str(given))
        if not 0 < len(name) <= TAG_NAME_LIMIT:
            how = "too long" if name else "empty"
            raise WrongValueError(f"has a name that is {how}; write 1 to {TAG_NAME_LIMIT} characters")
        if name in OF_EVENT:
            raise WrongValueError(f"has the name {name}, which is reserved for the event itself; write another name")
        if not isinstance(told, str):
            raise WrongValueError(f"has {_kind(told)} as {name}; {_TAGS_FORM}")
        found[name] = text.clean(told, VALUE_LIMIT)
    return found or None


def _status(value: object) -> Status:
    try:
        return Status(value)
    except ValueError:
        raise WrongValueError("is no status; write success or failure") from None


def _context(value: object) -> Context | None:
    if value is None or isinstance(value, Context):
        return value
    try:
        return Context.of(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, AttributeError):
        raise WrongValueError("cannot be read; it was not written by this package") from None


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a start carries beside its own properties. It is made when an attempt begins, and stays with it.

    Attributes:
        api: the API that the attempt is sent by.
        tags: what was found out.
        ticket_url: a link to the CI job or the stack's page; `ticketUrl` where it is stored.
    """

    api: Api = Api.DEPLOYMENTS
    tags: Mapping[str, str] = field(default_factory=dict)
    ticket_url: str | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Context:
        """Read it from what `stored` made; what is absent has its default."""
        link = stored.get("ticketUrl")
        return cls(
            api=Api(stored.get("api", Api.DEPLOYMENTS)),
            tags={str(name): str(told) for name, told in stored.get("tags", {}).items()},
            ticket_url=None if link is None else str(link),
        )

    def stored(self) -> dict[str, Any]:
        """The context as state and outbox hold it."""
        link = {} if self.ticket_url is None else {"ticketUrl": self.ticket_url}
        return {"api": self.api.value, "tags": dict(self.tags), **link}


_CHECK, _STORED_AS = "check", "stored_as"
_ABSENT = object()
"""Stands for a required property that is not there at all."""


def _by(check: Callable[[object], object], stored_as: str | None = None) -> dict[str, Any]:
    """What a field is checked by, and its name where it is stored, if that is another one."""
    return {_CHECK: check, _STORED_AS: stored_as}


@dataclass(frozen=True, kw_only=True)
class _Event:
    """What both events hold, and by which BigPanda matches them: the three must be identical in start and end.

    Raises:
        InvalidEventError: with one problem for each property that is wrong.
    """

    component: str = field(metadata=_by(_name('"billing"')))
    version: str = field(metadata=_by(_name('"1.2.3"')))
    hosts: tuple[str, ...] = field(metadata=_by(_hosts))

    def __post_init__(self) -> None:
        wrong = []
        for name, stored_as, check, _ in _properties(type(self)):
            value = getattr(self, name)
            try:
                if value is _ABSENT:
                    raise WrongValueError(f"is missing; {HOSTS_FORM if name == 'hosts' else 'it is required'}")
                object.__setattr__(self, name, check(value))
            except WrongValueError as fault:
                wrong.append(Problem(stored_as, str(fault)))
        if wrong:
            raise InvalidEventError(tuple(wrong))

    def stored(self) -> dict[str, Any]:
        """The event as state and outbox hold it, without what is absent; `read` makes it an event again."""
        values = {stored_as: getattr(self, name) for name, stored_as, *_ in _properties(type(self))}
        return {name: _plain(value) for name, value in values.items() if value is not None}

    def named(self, secrets: Collection[str] = ()) -> str:
        """The event in a sentence, by component and version.

        Args:
            secrets: which of its properties are secret.
        """
        if {"component", "version"} <= {*secrets}:
            return "(secret)"
        return " ".join("(secret)" if name in secrets else getattr(self, name) for name in ("component", "version"))


@dataclass(frozen=True, kw_only=True)
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

    timestamp: int | None = field(default=None, metadata=_by(_timestamp))
    description: str | None = field(default=None, metadata=_by(_text(TEXT_LIMIT)))
    owner: str | None = field(default=None, metadata=_by(_text(NAME_LIMIT, text.name)))
    source: str | None = field(default=None, metadata=_by(_text(NAME_LIMIT, text.name)))
    tags: Mapping[str, str] | None = field(default=None, metadata=_by(_tags))
    context: Context | None = field(default=None, metadata=_by(_context))

    @property
    def api(self) -> Api:
        """The API that the attempt is sent by, from its start to its end."""
        return Api.DEPLOYMENTS if self.context is None else self.context.api

    @property
    def all_tags(self) -> dict[str, str]:
        """What was found out, and what the user gives, which counts where both have a name."""
        return {**({} if self.context is None else self.context.tags), **(self.tags or {})}


@dataclass(frozen=True, kw_only=True)
class EndEvent(_Event):
    """The end of a deployment.

    Attributes:
        status: how it went.
        error_message: why it failed; `errorMessage` in the API.
        ended_at: when it ended, in whole Unix seconds, UTC.
    """

    status: Status = field(default=Status.SUCCESS, metadata=_by(_status))
    error_message: str | None = field(default=None, metadata=_by(_text(REASON_LIMIT), "errorMessage"))
    ended_at: int | None = field(default=None, metadata=_by(_timestamp, "endedAt"))

    @classmethod
    def of(cls, start: StartEvent, status: Status, reason: str | None = None, ended_at: int | None = None) -> EndEvent:
        """The end that belongs to a start: the same component, version and hosts, in the same order."""
        return cls(
            component=start.component,
            version=start.version,
            hosts=start.hosts,
            status=status,
            error_message=reason,
            ended_at=ended_at,
        )


Event = TypeVar("Event", bound=_Event)


def read(model: type[Event], values: Mapping[str, Any]) -> Event:
    """The event that these values make; values that belong to no field are left out.

    Raises:
        InvalidEventError: with one problem for each property that is wrong.
    """
    return model(**{name: values.get(stored_as, default) for name, stored_as, _, default in _properties(model)})


def problems(model: type[_Event], values: Mapping[str, Any], unknown: Collection[str]) -> tuple[Problem, ...]:
    """What is wrong with the values that are known already; a field named in `unknown` may be missing."""
    try:
        read(model, values)
    except InvalidEventError as error:
        return tuple(
            problem for problem in error.problems if problem.property not in unknown or problem.property in values
        )
    return ()


def checked(name: str, value: object) -> Any:
    """The value of one property of a start as the event holds it.

    Args:
        name: the property, as it is stored.
        value: the value as it was given.

    Raises:
        WrongValueError: the event cannot hold it.
    """
    (check,) = [one.check for one in _properties(StartEvent) if one.stored_as == name]
    return check(value)


def same_hosts(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether both name the same hosts; order does not count."""
    return set(one) == set(other)


class _Property(NamedTuple):
    """A field of an event: its name, the one where it is stored, what checks it, and what stands for it if absent."""

    name: str
    stored_as: str
    check: Callable[[object], object]
    default: object


_known: dict[type[_Event], tuple[_Property, ...]] = {}


def _properties(model: type[_Event]) -> tuple[_Property, ...]:
    if model not in _known:
        _known[model] = tuple(map(_property, fields(model)))
    return _known[model]


def _property(one: Field[Any]) -> _Property:
    stored_as = one.metadata[_STORED_AS] or one.name
    return _Property(one.name, stored_as, one.metadata[_CHECK], _ABSENT if one.default is MISSING else one.default)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Context):
        return value.stored()
    if isinstance(value, Status):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
