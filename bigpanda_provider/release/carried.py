"""What the starts of the runner carry beside what is asked for: what is found out, with what is secret masked."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping

from .. import hosts
from ..bigpanda.events import Context
from ..bigpanda.masking import masked
from ..bigpanda.text import listed, one_line
from ..delivery import found
from ..delivery.found import Occasion
from ..delivery.outbox import Outbox
from ..settings import Settings
from ..state import Status
from .plan import Plan

RESOURCES = 20
"""How many changed resources are named."""


def of_stack(
    settings: Settings,
    environ: Mapping[str, str],
    occasion: Occasion,
    secrets: Iterable[str],
) -> Context:
    """What the start of a stack's update carries.

    Args:
        settings: the settings.
        environ: the environment, which tells of the CI job.
        occasion: the update.
        secrets: the texts that must not be seen.
    """
    told, hidden = found.context(settings, environ, occasion), frozenset(secrets)
    link = told.ticket_url and masked(told.ticket_url, hidden)
    return told.model_copy(update={"tags": without_secrets(told.tags, hidden), "ticket_url": link})


def by_hand(settings: Settings, environ: Mapping[str, str]) -> Context:
    """What a start carries that a person records: it is of no stack."""
    return found.context(settings, environ, Occasion("", pathlib.Path.cwd()))


def without_secrets(tags: Mapping[str, str], secrets: Iterable[str]) -> dict[str, str]:
    """Tags with stars wherever a secret stands in a value."""
    hidden = frozenset(secrets)
    return {name: masked(value, hidden) for name, value in tags.items()}


def resources(plan: Plan) -> str:
    """What is going to change, by type and name; of many resources the first ones."""
    return listed([one_line(hosts.described(change.key)) for change in plan.changes], RESOURCES)


def previous_version(outbox: Outbox, stack: str, component: str | None, version: str | None) -> str | None:
    """The version that this stack's last successful deployment of a component had, where it is another one.

    Only this machine's outbox is asked, so a deployment from elsewhere is not known.
    """
    for record in outbox.latest():
        start, end = record.attempt.start, record.attempt.end
        if start is None or end is None or end.status is not Status.SUCCESS or record.place.stack != stack:
            continue
        if start.component == component:
            return None if start.version == version else start.version
    return None
