"""What BigPanda has after some events, as its Deployments API documents it; shares no code with the sandbox.

    replay(events)  # ["web 1 on a: success", "api 2 on a, b: failure (cancelled)", "db 3 on c: in progress"]

The API has no ids: an end belongs to the deployment in progress with the same component, version and hosts. Three
things are not documented, and are taken here as follows. The very same start, sent again while its deployment is in
progress, is the same deployment: a client that got no answer has to send it again. Of several deployments that an end
may mean, it ends the one that started last. The order of hosts counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

Event = Mapping[str, Any]
"""An event as the sandbox lists it: `kind` is "start" or "end", `body` what was sent."""


class State(Enum):
    """How a deployment stands. `UNMATCHED` is no deployment: an end that belongs to none."""

    IN_PROGRESS = "in progress"
    SUCCESS = "success"
    FAILURE = "failure"
    UNMATCHED = "matches nothing"


@dataclass(frozen=True)
class Deployment:
    """A deployment that BigPanda has, or an end that belongs to none.

    Attributes:
        component: its component.
        version: its version.
        hosts: its hosts, in their order.
        state: how it stands.
        reason: why it failed.
        start: the body of its start; None where there was none.
    """

    component: str
    version: str
    hosts: tuple[str, ...]
    state: State
    reason: str | None = None
    start: Event | None = None

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What an end finds it by."""
        return self.component, self.version, self.hosts

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason is not None else ""
        return f"{self.component} {self.version} on {', '.join(self.hosts)}: {self.state.value}{reason}"


def replay(events: Iterable[Event]) -> list[str]:
    """What BigPanda has after these events, in the order of acceptance: one line for each deployment.

    An end that belongs to none has a line of its own, "web 1 on a: matches nothing".
    """
    return [str(deployment) for deployment in deployments(events)]


def deployments(events: Iterable[Event]) -> list[Deployment]:
    """The same, as data. Deployments are in the order of their starts."""
    found: list[Deployment] = []
    for event in events:
        if event["kind"] == "start":
            _start(found, event["body"])
        else:
            _end(found, event["body"])
    return found


def _start(found: list[Deployment], body: Event) -> None:
    started = _of(body, State.IN_PROGRESS, start=body)
    if "timestamp" not in body or started not in found:  # without one it began when it came in
        found.append(started)


def _end(found: list[Deployment], body: Event) -> None:
    ended = _of(body, State(body.get("status", "success")), reason=body.get("errorMessage"))
    for place in reversed(range(len(found))):
        if found[place].state is State.IN_PROGRESS and found[place].key == ended.key:
            found[place] = replace(found[place], state=ended.state, reason=ended.reason)
            return
    found.append(replace(ended, state=State.UNMATCHED))


def _of(body: Event, state: State, reason: str | None = None, start: Event | None = None) -> Deployment:
    return Deployment(body["component"], body["version"], tuple(body["hosts"]), state, reason, start)
