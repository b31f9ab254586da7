"""What the runner knows of an update beside what is asked for, and tags with what is secret masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import hosts
from ..bigpanda.masking import masked
from ..bigpanda.text import listed
from ..delivery.outbox import Outbox
from ..state import Status
from ..tags import DESTROY, OPERATION
from .engine.plan import Plan

RESOURCES = 20
"""How many changed resources are named."""


def without_secrets(tags: Mapping[str, str], secrets: Iterable[str]) -> dict[str, str]:
    """Tags with stars wherever a secret stands in a value."""
    hidden = frozenset(secrets)
    return {name: masked(value, hidden) for name, value in tags.items()}


def resources(plan: Plan) -> str:
    """What is going to change, by type and name; of many resources the first ones."""
    return listed([hosts.described(change.key) for change in plan.changes], RESOURCES)


def previous_version(outbox: Outbox, stack: str, component: str | None, version: str | None) -> str | None:
    """The version that this stack's last successful deployment of a component had, where it is another one.

    Only the outbox is asked, so a deployment that it does not have is not known.
    """
    for record in outbox.latest():
        start, end = record.attempt.start, record.attempt.end
        if start is None or end is None or end.status is not Status.SUCCESS or record.place.stack != stack:
            continue
        if start.component == component:
            gone = start.all_tags.get(OPERATION) == DESTROY
            return None if gone or start.version == version else start.version
    return None


def as_removal(what: str, description: str | None, tags: Mapping[str, str] | None) -> tuple[str, Mapping[str, str]]:
    """The description and the tags of a start that says that something is removed.

    Args:
        what: component and version.
        description: the description that was given.
        tags: the tags that were given; they win.
    """
    told = f"Destroy {what}"
    return told if description is None else f"{told}: {description}", {OPERATION: DESTROY, **(tags or {})}
