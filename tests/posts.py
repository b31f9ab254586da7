"""What was posted to the Changes API, told as the events of the Deployments API, so that tests hold for both.

Shares no code with client or sandbox. A post has the whole change: the first of a change is its start, whatever its
status is, and one that is Done or Canceled is its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .replay import Deployment, State

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
            yield {**event, "api": "changes", "kind": "start", "body": _start(body)}
        if body["status"] in ENDED:
            yield {**event, "api": "changes", "kind": "end", "body": _end(body)}
        known.add(body["identifier"])


def deployments(events: Iterable[Event]) -> list[Deployment]:
    """What BigPanda has of the changes after these events, in the order in which they came first."""
    found: dict[str, Event] = {}
    for event in events:
        if event["kind"] == "change":
            found[event["body"]["identifier"]] = event["body"]
    return [_deployment(body) for body in found.values()]


def reopened(events: Iterable[Event]) -> Iterator[str]:
    """The changes of which an older state was posted after a newer one, each by its identifier."""
    ended: set[str] = set()
    for event in events:
        if event["kind"] == "change":
            identifier = event["body"]["identifier"]
            if is_end(event["body"]):
                ended.add(identifier)
            elif identifier in ended:
                yield identifier


def is_end(body: Mapping[str, Any]) -> bool:
    """Whether a post ends its change."""
    return body["status"] in ENDED


def _deployment(body: Event) -> Deployment:
    tags = body["tags"]
    state = State(tags["result"]) if is_end(body) else State.IN_PROGRESS
    return Deployment(tags["component"], tags["version"], tuple(tags["hosts"].split(", ")), state, tags.get("reason"))


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
