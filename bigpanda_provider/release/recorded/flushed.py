"""What became of the events that `flush` found: for people a line each, and for scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from typing import Any

from ...bigpanda.text import listed
from ...dataclass import dataclass
from ...delivery.attempt import Attempt
from ...delivery.record import Record
from ...settings import Setting, Source
from ...state import DeliveryStatus
from .records import NOT_TRIED, Entry, is_mine, recorded_by

SHOWN = 5
"""How many deployments a line names."""
START, END = "start", "end"


@dataclass(frozen=True)
class Part:
    """Events of one deployment of which the same became.

    Attributes:
        record: as the outbox had it before.
        events: "start", "end" or both.
        why: why they were not delivered; None where they were.
    """

    record: Record
    events: tuple[str, ...]
    why: str | None = None

    def __str__(self) -> str:
        what = " and ".join(f"the {event}" for event in self.events) or "the events"
        start, origin = self.record.attempt.start, self.record.origin
        by = "" if is_mine(origin) else f" (recorded by {origin})"
        return f"{what} of {named(self.record) if start is None else start.named()}{by}"

    def as_object(self) -> dict[str, Any]:
        """It for scripts."""
        keys = ("attempt", "component", "version", "hosts", "stack", "address", "machine", "user", "job", "jobUrl")
        told = Entry.of(self.record, self.record.recorded).as_object()
        return {**{key: told[key] for key in keys}, "events": list(self.events), "why": self.why}


@dataclass
class Flushed:
    """What became of what waited in the outbox.

    Attributes:
        sent: what BigPanda has accepted.
        rejected: what it will never accept.
        waiting: what did not get through.
        kept: what may not be sent by hand.
        sent_elsewhere: what has arrived, as the stack's state says: another machine has sent it.
        unsure: the stacks whose state cannot be read, so that another machine may have sent some of these events.
        others: what waits for other addresses.
    """

    sent: list[Part] = field(default_factory=list)
    rejected: list[Part] = field(default_factory=list)
    waiting: list[Part] = field(default_factory=list)
    kept: list[Part] = field(default_factory=list)
    sent_elsewhere: list[Part] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    others: list[Part] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether BigPanda has accepted everything that may be sent to the address."""
        return not (self.waiting or self.rejected)

    def add(self, before: Record, after: Attempt, why: str | None) -> None:
        """Add what became of a deployment's events.

        Args:
            before: the deployment before the flush.
            after: its attempt now.
            why: why something of it was not delivered.
        """
        became = {START: after.start_delivery, END: after.end and after.end.delivery}
        tried = list(waiting(before.attempt, is_ended=after.end is not None))
        if became[START] is DeliveryStatus.REJECTED:
            tried = [event for event in tried if event == START]  # no end follows it
        for status, parts, told in (
            (DeliveryStatus.DELIVERED, self.sent, None),
            (DeliveryStatus.REJECTED, self.rejected, why),
            (DeliveryStatus.QUEUED, self.waiting, why or NOT_TRIED),
        ):
            events = tuple(event for event in tried if became[event] is status)
            if events:
                parts.append(Part(before, events, told))

    def as_object(self) -> dict[str, Any]:
        """It for scripts."""
        found = {
            "sent": self.sent,
            "rejected": self.rejected,
            "waiting": self.waiting,
            "kept": self.kept,
            "sentElsewhere": self.sent_elsewhere,
            "others": self.others,
        }
        return {**{key: [one.as_object() for one in parts] for key, parts in found.items()}, "unsure": self.unsure}

    def lines(self, used: Setting[str], otherwise: str) -> Iterator[tuple[str, str]]:
        """It for people: lines, each with its style. Of what BigPanda rejected, warnings have told.

        Args:
            used: the address that this call sent to.
            otherwise: the address that it would have sent to, had nobody set one in the environment.
        """
        for one in self.sent:
            yield f"sent {one}", ""
        for one in self.sent_elsewhere:
            yield f"not sent: {one}, which another machine has sent already", ""
        for one in self.kept:
            yield f"not sent: {one}, since {one.why}", ""
        for why in dict.fromkeys(one.why for one in self.waiting):
            same = [one for one in self.waiting if one.why == why]
            yield f"{_stay_queued(same)} ({listed([str(one) for one in same], SHOWN)}): {why}", "yellow"
        for address in sorted({one.record.place.address for one in self.others}):
            same = [one for one in self.others if one.record.place.address == address]
            yield elsewhere(same, address, used, otherwise), "yellow"
        if self.sent or self.rejected:
            rejected = f", {_count(self.rejected)} rejected" if self.rejected else ""
            yield f"{_events(self.sent)} sent{rejected}", ""
        elif not (self.waiting or self.kept or self.sent_elsewhere or self.others):
            yield "nothing to send", ""


def waiting(attempt: Attempt, *, is_ended: bool) -> tuple[str, ...]:
    """Which events of an attempt wait: one that was open and `is_ended` now has its end to be sent."""
    queued = DeliveryStatus.QUEUED
    has_end = is_ended if attempt.end is None else attempt.end.delivery is queued
    return (START,) * (attempt.start_delivery is queued) + (END,) * has_end


def named(record: Record) -> str:
    """A deployment in a sentence: its component and version, where they are not secret."""
    start = record.attempt.start
    return f"a deployment of {recorded_by(record)} with secret properties" if start is None else start.named()


def elsewhere(parts: Sequence[Part], address: str, used: Setting[str], otherwise: str) -> str:
    """What waits for another address, why it was not sent, and how it is."""
    where = {
        Source.DEFAULT: f"{used.name} is not set",
        Source.CONFIG: f"{used.name} in the stack's config",
    }.get(used.source, used.name)
    ways = [f"run `bigpanda-release flush` with BIGPANDA_BASE_URL={address}"]
    if used.source is Source.ENVIRONMENT and otherwise == address:
        ways.insert(0, f"unset {used.name}")
    if used.source is Source.CONFIG:
        ways = [f"{ways[0]} and without --stack"]
    return f"{_events(parts)} for {address} {_verb(parts)}: this call sends to {used.value} ({where}); to send " + (
        f"{'it' if _count(parts) == 1 else 'them'}, {', or '.join(ways)}"
    )


def _stay_queued(parts: Sequence[Part]) -> str:
    return f"{_events(parts)} {_verb(parts)}"


def _verb(parts: Iterable[Part]) -> str:
    return "stays queued" if _count(parts) == 1 else "stay queued"


def _events(parts: Iterable[Part]) -> str:
    count = _count(parts)
    return f"{count} event" + ("" if count == 1 else "s")


def _count(parts: Iterable[Part]) -> int:
    return sum(len(one.events) for one in parts)
