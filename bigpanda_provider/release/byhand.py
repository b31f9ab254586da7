"""One event by hand, for scripts: the start now, its end by a later call, here or on another machine."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..bigpanda.events import StartEvent, Status, same_hosts
from ..delivery.attempt import Attempt, State
from ..delivery.delivery import UNANSWERED, Delivery
from ..delivery.outbox import BY_HAND, Outbox, Row
from ..errors import DeliveryError, OutboxError, WrongUseError
from ..settings import Mode
from .records import Record
from .runner import start_event
from .unmatched import no_match, running, several

REJECTED = "BigPanda does not take the start"


def start(delivery: Delivery, event: StartEvent) -> Attempt:
    """Send a start; it is in progress until its end is sent by hand.

    Raises:
        DeliveryError: delivery is required, and it did not get through.
    """
    timed = event if event.timestamp is not None else event.model_copy(update={"timestamp": int(time.time())})
    begun = Attempt(uuid.uuid4().hex, timed)
    try:
        attempt, _ = delivery.start(BY_HAND, event.component, begun)
    except DeliveryError:
        if begun.id in delivery.open_attempts():  # it may have arrived, and no guard is there to end it
            delivery.end_now(begun.id, Status.FAILURE, UNANSWERED)
        raise
    if attempt.start_state is State.REJECTED:  # it never began, so nothing is to be ended
        delivery.end_now(attempt.id, Status.FAILURE, REJECTED)
    return attempt


def end(
    delivery: Delivery, outbox: Outbox, sought: Sought, status: Status, reason: str | None, *, force: bool
) -> Attempt:
    """Send the end of the one open start that is sought.

    Args:
        delivery: sends it.
        outbox: what this machine knows of.
        sought: which start it is.
        status: how the deployment went.
        reason: why it failed.
        force: whether to end a deployment that a running update would end, and to send the end as it is given where
            this machine knows of no such start: it was sent from another one.

    Raises:
        WrongUseError: no open start is meant for certain; the sentence names those that are open.
        OutboxError: the outbox cannot be read, and nothing is forced.
    """
    try:
        row = _found(outbox, delivery.address, sought, force=force)
    except OutboxError:
        if not force:
            raise
        row = None
    attempt = (row and row.attempt()) or Attempt(uuid.uuid4().hex, sought.event(), State.DELIVERED)
    if delivery.mode is Mode.OFF:
        return replace(attempt, end_state=State.OFF)
    if row is None:
        return delivery.end(BY_HAND, sought.component, attempt, status, reason, secret=False, stored=False)
    if row.end_state is State.REJECTED:
        outbox.reopen(row.id)
    if not outbox.end(row.id, status, reason):
        raise WrongUseError(f"{Record(row)} has ended in the meantime; `bigpanda-release history` shows how")
    # Not in the name of its stack, for which what else is left there would be ended and sent as well.
    return delivery.end(BY_HAND, row.place.name, attempt, status, reason, secret=False, stored=row.stored)


@dataclass(frozen=True)
class Sought:
    """The start that is sought, as far as it is told.

    Attributes:
        component: its component.
        version: its version; any, if None.
        hosts: its hosts, in any order; any, if None.
    """

    component: str
    version: str | None
    hosts: tuple[str, ...] | None

    @classmethod
    def of(cls, component: str, version: str | None, hosts: Sequence[str] | None) -> Sought:
        """What options say, as an event would hold it.

        Raises:
            WrongUseError: no event can hold it.
        """
        event = start_event(component=component, version="any" if version is None else version, hosts=hosts or ("any",))
        return cls(event.component, None if version is None else event.version, event.hosts if hosts else None)

    def fits(self, start: StartEvent) -> bool:
        """Whether what is told does not contradict a start."""
        return (
            start.component == self.component
            and self.version in (None, start.version)
            and (self.hosts is None or same_hosts(self.hosts, start.hosts))
        )

    def event(self) -> StartEvent:
        """The start, all of which has to be told.

        Raises:
            WrongUseError: something is missing.
        """
        if self.version is None or self.hosts is None:
            raise WrongUseError(
                f"no open start matches {self}; to send its end all the same, --force needs --version and --host"
            )
        return StartEvent(component=self.component, version=self.version, hosts=self.hosts)

    def __str__(self) -> str:
        version = "" if self.version is None else f" {self.version}"
        return f"{self.component}{version}" + ("" if self.hosts is None else f" on {', '.join(self.hosts)}")


def _found(outbox: Outbox, address: str, sought: Sought, *, force: bool) -> Row | None:
    """The open start that is sought; None where there is none, and its end is forced."""
    rows = outbox.unended()
    fitting = [row for row in rows if row.start is not None and sought.fits(row.start) and row.is_open]
    here = [row for row in fitting if row.place.address == address]
    if not here:
        if force:
            return None
        raise WrongUseError(no_match(rows, address, sought))
    if len({_key(row) for row in here}) > 1:
        raise WrongUseError(several(here, sought))
    # BigPanda cannot tell them apart: rather one with the hosts in this order, that nobody else ends, a later one.
    row = max(here, key=lambda row: (row.start and row.start.hosts == sought.hosts, not _runs(row), row.recorded))
    if _runs(row) and not force:
        raise WrongUseError(running(row))
    return row


def _key(row: Row) -> tuple[str, str, frozenset[str]] | None:
    start = row.start
    return None if start is None else (start.component, start.version, frozenset(start.hosts))


def _runs(row: Row) -> bool:
    """Whether an update that still runs will end it."""
    return row.status is None and row.place.stack != BY_HAND and row.owner.alive
