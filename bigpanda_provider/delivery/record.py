"""The record of an attempt in the outbox, and what the program notes of one. No I/O."""

from __future__ import annotations

import enum
from dataclasses import replace

from ..dataclass import dataclass
from ..state import DeliveryStatus
from .attempt import Attempt, End
from .holder import Holder
from .origin import Origin

LEASE_S = 30.0
"""How long nobody takes over an attempt whose holder cannot be seen, from when the holder renewed its lease last."""


class Recorder(str, enum.Enum):
    """Who recorded an attempt."""

    DEPLOYMENT = "deployment"
    """A Deployment of a program; the guard ends what its Completion does not."""
    PROGRAM = "program"
    """The program's process, for a change that only the engine saw."""
    RUNNER = "runner"
    """`bigpanda-release`, for the update of a whole stack; the stack's history tells how that went."""
    PERSON = "person"
    """Somebody, by hand: nothing but that person's end ends it."""

    @property
    def is_of_program(self) -> bool:
        """Whether a program recorded it, so that a run of that program ends it."""
        return self in (Recorder.DEPLOYMENT, Recorder.PROGRAM)


@dataclass(frozen=True)
class Place:
    """Where an attempt belongs. Events of one place are sent in their order.

    Attributes:
        stack: the stack's full name: organization/project/stack; empty for one that a person recorded.
        name: the Deployment's name in it; for one that a person recorded, what BigPanda tells it apart by.
        address: BigPanda's base URL.
    """

    stack: str
    name: str
    address: str


@dataclass(frozen=True)
class Record:
    """An attempt in the outbox.

    Attributes:
        attempt: the attempt; in the file without its start, where that has secret properties.
        place: where it belongs.
        recorder: who recorded it.
        holder: the process that looks after it.
        lease: until when, in Unix seconds, nobody takes it over where it cannot be seen whether the holder lives.
        recorded: when it was recorded, in Unix seconds.
        is_secret: whether its event has secret properties.
        in_state: whether the stack's state holds it too.
        in_doubt: whether its start was sent, and nobody knows whether it arrived.
        folder: the project's folder, where the runner recorded it.
        why: why an event of it was not delivered when it was tried last: one line, without token and app key. None
            where everything was, or where nothing was tried.
        origin: the machine, the user and the CI job that recorded it, as far as that is known.
    """

    attempt: Attempt
    place: Place
    recorder: Recorder
    holder: Holder
    lease: float
    recorded: float
    is_secret: bool = False
    in_state: bool = False
    in_doubt: bool = False
    folder: str | None = None
    why: str | None = None
    origin: Origin = Origin()

    @property
    def id(self) -> str:
        """The attempt's id."""
        return self.attempt.id

    @property
    def last_seen(self) -> float:
        """When its holder was there for certain, in Unix seconds: it renewed its lease."""
        return max(self.lease - LEASE_S, self.recorded)

    @property
    def is_known(self) -> bool:
        """Whether its events are known here, so that they can be sent; those with secret properties are not."""
        return self.attempt.start is not None

    @property
    def may_be_ended(self) -> bool:
        """Whether it has its end, or a run may give it one: how the runner's updates went, only the runner knows."""
        return not self.attempt.is_open or self.recorder.is_of_program

    @property
    def is_left_to_person(self) -> bool:
        """Whether it is open and a person ends it, so that its start is sent before anybody knows of an end."""
        return self.attempt.is_open and self.recorder is Recorder.PERSON

    def is_held(self, now: float) -> bool:
        """Whether a process looks after it: at once where that can be seen, else until the lease has run out."""
        return self.holder.is_running if self.holder.is_visible else now < self.lease

    def is_free(self, now: float) -> bool:
        """Whether something of it is left to be done, and no process looks after it."""
        return not self.attempt.is_settled and not self.is_held(now)

    def is_orphaned(self, now: float) -> bool:
        """Whether it is open, and the process that would end it is gone."""
        return self.attempt.is_open and not self.is_left_to_person and not self.is_held(now)

    def is_busy(self, now: float) -> bool:
        """Whether a process has still to send something of it, so that nothing later of its place may be sent.

        Of the runner's, and of a person's, two may be open at a time: what comes second fails on the stack's lock.
        """
        will_end = self.attempt.is_open and self.recorder.is_of_program
        return (self.attempt.waits or will_end) and self.is_held(now)

    @property
    def is_in_progress(self) -> bool:
        """Whether BigPanda has it in progress, or will: it has no end, or one that will never arrive."""
        never = (DeliveryStatus.REJECTED, DeliveryStatus.OFF)
        end = self.attempt.end
        return self.attempt.start_delivery not in never and (end is None or end.delivery in never)


@dataclass(frozen=True)
class Addition:
    """Hosts that a deployment in progress affects beyond those of its start.

    Attributes:
        hosts: the hosts.
        holder: the process that sends them.
        until: when it has done so at the latest, in Unix seconds.
    """

    hosts: tuple[str, ...]
    holder: Holder
    until: float

    def is_under_way(self, now: float) -> bool:
        """Whether they may be on the wire."""
        return now < self.until and (self.holder.is_running or not self.holder.is_visible)


@dataclass(frozen=True)
class Note:
    """What the program's process knows of an attempt.

    Attributes:
        reason: why it fails; None where everything in its scope went well.
        written: when, in Unix seconds.
    """

    reason: str | None
    written: float

    @property
    def end(self) -> End:
        """How the attempt ends."""
        end = End.success() if self.reason is None else End.failure(self.reason)
        return replace(end, at=int(self.written))
