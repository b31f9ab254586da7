"""What became of events, in the lines that an update shows. No I/O and no Pulumi."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..bigpanda.text import listed
from ..state import COMPONENT, HOSTS, VERSION, DeliveryStatus
from .attempt import Attempt

SHOWN = 5
"""How many hosts are named."""
ALL_SECRET = (COMPONENT.name, VERSION.name, HOSTS.name)
"""For an event of which it is known only that something of it is secret."""
_VERBS = {DeliveryStatus.DELIVERED: "Sent", DeliveryStatus.QUEUED: "Queued"}
"""Of what was rejected a warning tells, and of what is not to be sent there is nothing to tell."""


def of(attempt: Attempt, secrets: Collection[str] = ()) -> str | None:
    """The line for an attempt's end, or for its start where it has none yet; None where there is nothing to tell.

    Args:
        attempt: the attempt, with what became of its events.
        secrets: which of its properties are secret.
    """
    start, end = attempt.start, attempt.end
    verb = _VERBS.get(attempt.start_delivery if end is None else end.delivery)
    if start is None or verb is None:
        return None
    if end is not None:
        return f"{verb} the end of {start.named(secrets)}: {end.status.value}"
    hosts = "(secret)" if HOSTS.name in secrets else listed(start.hosts, SHOWN)
    return f"{verb} the start of {start.named(secrets)} on {hosts}"


def of_addition(attempt: Attempt, hosts: Sequence[str]) -> str | None:
    """The line for hosts that were added to a deployment in progress; of what waits its own line tells."""
    if attempt.start is None or attempt.start_delivery is not DeliveryStatus.DELIVERED:
        return None
    return f"Added {listed(hosts, SHOWN)} to {attempt.start.named()}"


def of_earlier(last: Attempt, *, still_queued: bool) -> str:
    """The line for an update that sends only what earlier ones left.

    Args:
        last: the last attempt.
        still_queued: whether something still waits.
    """
    if still_queued:
        return "The events of earlier updates are still queued"
    if DeliveryStatus.OFF in (last.start_delivery, last.end and last.end.delivery):
        return "The events of an earlier update were dropped from the queue, so they are not sent"
    return "Sent the events of earlier updates"
