"""One event by hand, for scripts: the start now, its end by a later call, here or on another machine."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..bigpanda.changes import identifier
from ..bigpanda.events import Context, StartEvent, same_hosts
from ..bigpanda.text import one_line
from ..delivery.attempt import Attempt, End
from ..delivery.delivery import UNANSWERED, Delivery
from ..delivery.record import Record, Recorder
from ..errors import DeliveryError, WrongUseError
from ..settings import Mode
from ..state import DeliveryStatus
from .records import readable
from .runner import start_event
from .unmatched import no_match, running, several

Elsewhere = Callable[["Sought"], Attempt]
NO_STACK = ""
REJECTED = "BigPanda rejected the start"


def start(delivery: Delivery, event: StartEvent, context: Context | None = None) -> Attempt:
    """Send a start; it is in progress until its end is sent by hand.

    Args:
        delivery: sends it.
        event: the start.
        context: what it carries beside.

    Raises:
        DeliveryError: delivery is required, and it did not get through.
    """
    now = int(time.time()) if event.timestamp is None else event.timestamp
    more = {"timestamp": now, "context": event.context if context is None else context}
    begun = Attempt(uuid.uuid4().hex, event.model_copy(update=more))
    try:
        attempt, _ = delivery.start(NO_STACK, event.component, begun, recorder=Recorder.PERSON)
    except DeliveryError:
        if begun.id in delivery.open_attempts():  # it may have arrived, and no guard is there to end it
            delivery.end_now(begun.id, End.failure(UNANSWERED))
        raise
    if attempt.start_delivery is DeliveryStatus.REJECTED:  # it never began, so nothing is to be ended
        delivery.end_now(attempt.id, End.failure(REJECTED))
    return attempt


def end(delivery: Delivery, sought: Sought, end: End, *, force: bool, elsewhere: Elsewhere | None = None) -> Attempt:
    """Send the end of the one open start that is sought.

    Args:
        delivery: sends it; its outbox is what this machine knows of.
        sought: which start it is.
        end: how the deployment went.
        force: whether to end a deployment that a running update would end, and to send the end as it is given where
            this machine knows of no such start: it was sent from another one.
        elsewhere: finds a start that this machine does not know; None where BigPanda cannot be asked, so that all of it
            has to be told.

    Raises:
        WrongUseError: no open start is meant for certain; the sentence names those that are open.
        OutboxError: the outbox cannot be read, and nothing is forced.
    """
    outbox = delivery.outbox
    records = outbox.unended()
    if not force:
        readable(outbox, records)
    record = _found(records, delivery.address, sought, force=force)
    if record is None:
        attempt = elsewhere(sought) if elsewhere is not None else sought.as_attempt()
        assert attempt.start is not None
        return delivery.end(NO_STACK, attempt.start.component, attempt, end, secret=False, in_state=False)
    if delivery.mode is Mode.OFF:
        return replace(record.attempt, end=replace(end, delivery=DeliveryStatus.OFF))
    if record.attempt.end is not None:  # it was rejected or dropped
        record = outbox.reopen(record)
    if record is None or not outbox.take([record]) or not outbox.end(record.id, end):
        raise WrongUseError(f"{sought} has ended in the meantime; `bigpanda-release history` shows how")
    return delivery.end_now(record.id, end)


@dataclass(frozen=True)
class Sought:
    """The start that is sought, as far as it is told.

    Attributes:
        component: its component; any, if None.
        version: its version; any, if None.
        hosts: its hosts, in any order; any, if None.
        attempt: its attempt's id, or the beginning of it; any, if None.
    """

    component: str | None = None
    version: str | None = None
    hosts: tuple[str, ...] | None = None
    attempt: str | None = None

    @classmethod
    def of(cls, component: str, version: str | None, hosts: Sequence[str] | None) -> Sought:
        """What options say, as an event would hold it.

        Raises:
            WrongUseError: no event can hold it.
        """
        event = start_event(component=component, version="any" if version is None else version, hosts=hosts or ("any",))
        return cls(event.component, None if version is None else event.version, event.hosts if hosts else None)

    @classmethod
    def told(
        cls, attempt: str | None, component: str | None, version: str | None, hosts: Sequence[str] | None
    ) -> Sought:
        """What the options of `end` say: an attempt, or a component with what tells its starts apart.

        Raises:
            WrongUseError: neither is given, or both are.
        """
        if attempt is None:
            if component is None:
                raise WrongUseError("pass --component, or --attempt with an attempt that `status --json` shows")
            return cls.of(component, version, hosts)
        if component is not None or version is not None or hosts:
            raise WrongUseError(
                "--attempt alone says which deployment is meant; omit --component, --version and --host"
            )
        return cls(attempt=one_line(attempt).removeprefix(identifier("")))

    def is_of(self, attempt: str, start: StartEvent) -> bool:
        """Whether it may be this attempt."""
        return self.names(attempt) and self.fits(start)

    def names(self, attempt: str) -> bool:
        """Whether an attempt's id is the one that is told, or begins with it."""
        return attempt.startswith(self.attempt or "")

    def fits(self, start: StartEvent) -> bool:
        """Whether what is told does not contradict a start."""
        return (
            self.component in (None, start.component)
            and self.version in (None, start.version)
            and (self.hosts is None or same_hosts(self.hosts, start.hosts))
        )

    def as_attempt(self) -> Attempt:
        """The start, all of which has to be told, as an attempt of its own.

        Raises:
            WrongUseError: something is missing.
        """
        if self.component is None:
            raise WrongUseError(
                f"no open start on this machine is {self}, and BigPanda can be asked for it only by the Changes API; "
                "pass --api changes, or --component, --version and --host"
            )
        if self.version is None or self.hosts is None:
            raise WrongUseError(
                f"no open start matches {self}; to send its end anyway, --force needs --version and --host"
            )
        start = StartEvent(component=self.component, version=self.version, hosts=self.hosts)
        return Attempt(uuid.uuid4().hex, start, DeliveryStatus.DELIVERED)

    def __str__(self) -> str:
        if self.attempt is not None:
            return f"attempt {self.attempt}"
        version = "" if self.version is None else f" {self.version}"
        return f"{self.component}{version}" + ("" if self.hosts is None else f" on {', '.join(self.hosts)}")


def _found(records: Sequence[Record], address: str, sought: Sought, *, force: bool) -> Record | None:
    """The open start that is sought; None where there is none, and its end is forced."""
    fitting = [
        r for r in records if r.attempt.start is not None and sought.is_of(r.id, r.attempt.start) and r.is_in_progress
    ]
    here = [record for record in fitting if record.place.address == address]
    if not here:
        if force:
            return None
        raise WrongUseError(no_match(records, address, sought))
    if len({_key(record) for record in here}) > 1:
        raise WrongUseError(several(here, sought))
    # BigPanda cannot tell them apart: rather one with the hosts in this order, that nobody else ends, a later one.
    found = max(here, key=lambda one: (_hosts(one) == sought.hosts, not _is_running(one), one.recorded))
    if _is_running(found) and not force:
        raise WrongUseError(running(found))
    return found


def _key(record: Record) -> tuple[str, str, frozenset[str]] | None:
    start = record.attempt.start
    return None if start is None else (start.component, start.version, frozenset(start.hosts))


def _hosts(record: Record) -> tuple[str, ...] | None:
    return None if record.attempt.start is None else record.attempt.start.hosts


def _is_running(record: Record) -> bool:
    """Whether an update that still runs will end it."""
    return record.attempt.is_open and record.recorder is not Recorder.PERSON and record.is_held(time.time())
