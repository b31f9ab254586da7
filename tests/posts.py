"""What was posted to the Changes API, told as the events of the Deployments API, so that tests hold for both.

Shares no code with client or sandbox. A post has the whole change: the first of a change is its start, whatever its
status is, and one that is Done or Canceled is its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Event = Mapping[str, Any]
IN_PROGRESS = "In Progress"
ENDED = {"Done", "Canceled"}


def told(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    """The events as the sandbox lists them, each post of a change as the start, the end, or both."""
    known: set[str] = set()
    for event in events:
        if event["kind"] != "change":
            yield dict(event)
            continue
        body = event["body"]
        if body["status"] == IN_PROGRESS or body["identifier"] not in known:
            yield {**event, "kind": "start", "body": _start(body)}
        if body["status"] in ENDED:
            yield {**event, "kind": "end", "body": _end(body)}
        known.add(body["identifier"])


def has(events: Iterable[Event]) -> list[str]:
    """What BigPanda has of the changes after these events, in the order in which they came first.

    In the words of `replay`: "web 1 on a: success".
    """
    found: dict[str, Event] = {}
    for event in events:
        if event["kind"] == "change":
            found[event["body"]["identifier"]] = event["body"]
    return [_line(body) for body in found.values()]


def is_end(body: Mapping[str, Any]) -> bool:
    """Whether a post ends its change."""
    return body["status"] in ENDED


def _line(body: Event) -> str:
    tags = body["tags"]
    reason = f" ({tags['reason']})" if "reason" in tags else ""
    how = tags["result"] if is_end(body) else "in progress"
    return f"{tags['component']} {tags['version']} on {tags['hosts']}: {how}{reason}"


def _start(body: Event) -> dict[str, Any]:
    tags = body["tags"]
    given = {name: tags.get(name) for name in ("description", "owner", "source")}
    return {**_joining(body), "timestamp": body["start"], **{name: value for name, value in given.items() if value}}


def _end(body: Event) -> dict[str, Any]:
    reason = body["tags"].get("reason")
    return {**_joining(body), "status": body["tags"]["result"], **({"errorMessage": reason} if reason else {})}


def _joining(body: Event) -> dict[str, Any]:
    tags = body["tags"]
    return {"component": tags["component"], "version": tags["version"], "hosts": tags["hosts"].split(", ")}
