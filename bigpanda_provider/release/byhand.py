"""One event by hand, for scripts: the start now, its end by a later call, here or on another machine."""

from __future__ import annotations

import time
import uuid

from ..attempt import Attempt, State
from ..delivery import Delivery
from ..events import StartEvent, Status, same_hosts
from ..outbox import BY_HAND, Outbox, Row

REJECTED = "BigPanda does not take the start"


def start(delivery: Delivery, event: StartEvent) -> Attempt:
    """Send a start; it is in progress until its end is sent by hand.

    Raises:
        DeliveryError: delivery is required, and it did not get through.
    """
    timed = event if event.timestamp is not None else event.model_copy(update={"timestamp": int(time.time())})
    attempt, _ = delivery.start(BY_HAND, event.component, Attempt(uuid.uuid4().hex, timed))
    if attempt.start_state is State.REJECTED:  # it never began, so nothing is to be ended
        delivery.end_now(attempt.id, Status.FAILURE, REJECTED)
    return attempt


def end(delivery: Delivery, outbox: Outbox, event: StartEvent, status: Status, reason: str | None) -> Attempt:
    """Send the end of the start with the same component, version and hosts.

    Where this machine knows of none, it was sent from another one: then the end is sent as it is given.

    Raises:
        OutboxError: the outbox cannot be read.
    """
    row = next((row for row in reversed(outbox.waiting()) if _is_start_of(row, delivery.address, event)), None)
    known = row.attempt() if row is not None else None
    attempt = known or Attempt(uuid.uuid4().hex, event, State.DELIVERED)
    return delivery.end(BY_HAND, event.component, attempt, status, reason, secret=False, stored=False)


def _is_start_of(row: Row, address: str, event: StartEvent) -> bool:
    if row.status is not None or row.start is None or (row.place.stack, row.place.address) != (BY_HAND, address):
        return False
    start = row.start
    return (start.component, start.version) == (event.component, event.version) and same_hosts(start.hosts, event.hosts)
