"""BigPanda's Changes API: `POST /data/changes`, once for the start of a deployment and once for its end.

No I/O and no Pulumi. Each post has the whole change: whether an update may leave fields out is not documented.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..dataclass import dataclass
from ..settings import FailedStatus
from ..state import Status
from ..tags import DESTROY, OPERATION, Found
from . import text
from .events import EndEvent, StartEvent
from .wire import Post

PATH = "/data/changes"
IN_PROGRESS, DONE = "In Progress", "Done"
SUMMARY_LIMIT = 300
"""Most characters of a summary."""
REASON_ROOM = 150
"""How many of these a reason has at least, whatever stands before it."""
SUMMARY_HOSTS = 5
"""How many hosts it names."""
SUMMARY_NAME_LIMIT = 60
"""Most characters of each name in it, so that there is room for all of it, and for the reason."""


@dataclass(frozen=True)
class Changes:
    """The Changes API.

    Attributes:
        failed_status: what it is told of a deployment that failed, for which it has no status of its own.
    """

    failed_status: FailedStatus = FailedStatus.CANCELED
    says_all = True
    per_minute = 400

    def start(self, attempt: str, start: StartEvent) -> Post:
        """As `Wire.start`."""
        return self._post(attempt, start, None)

    def end(self, attempt: str, start: StartEvent, end: EndEvent) -> Post:
        """As `Wire.end`."""
        return self._post(attempt, start, end)

    def _post(self, attempt: str, start: StartEvent, end: EndEvent | None) -> Post:
        link = None if start.context is None else start.context.ticket_url
        body = {
            "identifier": identifier(attempt),
            "status": self._status(end),
            "summary": summary(start, end),
            "start": start.timestamp or 0,
            # A clock that was set back in between must not make a change that ends before it starts.
            "end": end and max(end.ended_at or 0, start.timestamp or 0),
            "ticket_url": link,
            "tags": dict(_tags(start, end)),
        }
        return Post(PATH, {name: value for name, value in body.items() if value is not None})

    def _status(self, end: EndEvent | None) -> str:
        if end is None:
            return IN_PROGRESS
        return DONE if end.status is Status.SUCCESS else self.failed_status.value


def identifier(attempt: str) -> str:
    """The change's id in BigPanda. Whose ids it must differ from is not documented, so it says where it comes from."""
    return f"pulumi-{attempt}"


def summary(start: StartEvent, end: EndEvent | None) -> str:
    """The change in one line: `Deploy shop 2.4.2 to web-1, web-2 (prod)`, and how it failed."""
    component, version = _short(start.component), _short(start.version)
    environment = start.all_tags.get(Found.ENVIRONMENT.value)
    where = f" ({_short(environment)})" if environment else ""
    hosts = text.listed([_short(host) for host in start.hosts], SUMMARY_HOSTS)
    removes = start.all_tags.get(OPERATION) == DESTROY
    what = f"Destroy {component} {version} on" if removes else f"Deploy {component} {version} to"
    told = f"{what} {hosts}{where}"
    failed = "" if end is None or end.status is Status.SUCCESS else _failed(end.error_message)
    return text.one_line(text.one_line(told, SUMMARY_LIMIT - min(len(failed), REASON_ROOM)) + failed, SUMMARY_LIMIT)


def _failed(reason: str | None) -> str:
    return f": failed ({text.one_line(reason)})" if reason else ": failed"


def _short(name: str) -> str:
    return text.one_line(name, SUMMARY_NAME_LIMIT)


def _tags(start: StartEvent, end: EndEvent | None) -> Iterator[tuple[str, str]]:
    """All tags: those that the event's properties become, what was found out, and the user's."""
    yield "component", start.component
    yield "version", start.version
    yield "hosts", ", ".join(names(start.hosts))
    for name in ("description", "owner", "source"):
        if value := getattr(start, name):
            yield name, value
    if end is not None:
        yield "result", end.status.value
        if end.error_message:
            yield "reason", end.error_message
    yield from start.all_tags.items()


def names(hosts: Sequence[str]) -> list[str]:
    """The hosts by every name that an alert may use: each as given, and without its domain where it has one."""
    found = dict.fromkeys(hosts)
    for host in hosts:
        short, dot, _ = host.partition(".")
        if dot and short and not short.isdigit():  # the parts of an address are no names
            found[short] = None
    return list(found)
