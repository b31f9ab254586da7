"""Where an event by hand belongs in the outbox: what is of one place is sent in its order."""

from __future__ import annotations

from ...bigpanda.events import StartEvent

NO_STACK = ""


def name_of(start: StartEvent) -> str:
    """The place's name: BigPanda tells deployments apart by component, version and hosts."""
    return "\n".join((start.component, start.version, *sorted(start.hosts)))
