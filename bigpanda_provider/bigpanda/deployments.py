"""BigPanda's Deployments API: `POST /data/events/deployments/start` and `/end`. No I/O and no Pulumi.

It joins an end with its start by component, version and hosts. It has no tags: these go into the description.
"""

from __future__ import annotations

from typing import Any

from . import text
from .events import TEXT_LIMIT, EndEvent, StartEvent
from .wire import Post

START_PATH = "/data/events/deployments/start"
END_PATH = "/data/events/deployments/end"


class Deployments:
    """The Deployments API."""

    says_all = False
    per_minute = None

    def start(self, attempt: str, start: StartEvent) -> Post:
        """As `Wire.start`."""
        body = {**_joining(start), "timestamp": start.timestamp, "description": description(start)}
        return Post(START_PATH, _present({**body, "owner": start.owner, "source": start.source}))

    def end(self, attempt: str, start: StartEvent, end: EndEvent) -> Post:
        """As `Wire.end`. The API takes no time of an end."""
        told = {"status": end.status.value, "errorMessage": end.error_message}
        return Post(END_PATH, _present({**_joining(start), **told}))


def description(start: StartEvent) -> str | None:
    """The description with the tags after it, a line for each; as it is given where the user gives no tags.

    `Fixes the login page`, an empty line, `team: payments`, `git_commit: 4f1c2ab`.
    """
    if start.description is not None and start.tags is None:
        return start.description
    tags = start.all_tags
    if start.context is not None and start.context.ticket_url:
        tags["ticket_url"] = start.context.ticket_url
    lines = "\n".join(f"{name}: {text.one_line(value)}" for name, value in tags.items())
    told = "\n\n".join(part for part in (start.description, lines) if part)
    return text.clean(told, TEXT_LIMIT) if told else start.description


def _joining(event: StartEvent) -> dict[str, Any]:
    return {"component": event.component, "version": event.version, "hosts": list(event.hosts)}


def _present(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
