"""Takes over what earlier processes have left of a Deployment, so that it is sent, once and in its order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import field

from ..dataclass import dataclass
from .attempt import Attempt, End
from .outbox import Outbox
from .record import Place, Record

OTHERS_LIMIT_S = 6.0
"""How long to wait for another process that is at an earlier event: an engine gives its provider process 5 s."""
POLL_S = 0.1
LATELY_S = 5.0
"""How old may be what is known of a stack's attempts where nothing is decided by it for good."""


@dataclass(frozen=True)
class Left:
    """What state says of the earlier attempts of a Deployment.

    Attributes:
        waiting: those that may not have arrived, oldest first; one without an end was left open.
        sent: the ends of those that are known to have arrived, by attempt; None where only that is known.
    """

    waiting: tuple[Attempt, ...] = ()
    sent: Mapping[str, End | None] = field(default_factory=dict)


class Takeover:
    """What is left behind, as state and outbox know it.

    Args:
        outbox: the record of all attempts.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._lock = threading.Lock()
        self._sent: dict[str, End | None] = {}  # what has arrived, as state says
        self._beside: set[str] = set()
        self._asking = threading.Lock()
        self._lately: dict[tuple[str, str], tuple[float, list[Record]]] = {}

    def goes_beside(self, attempt: str) -> None:
        """Let that attempt of another process be open while later ones of its Deployment are sent."""
        with self._lock:
            self._beside.add(attempt)

    def comes_first(self, record: Record) -> bool:
        """Whether another process has still to send something of this record, before anything later of its place."""
        with self._lock:
            is_beside = record.id in self._beside
        return record.is_busy(self._outbox.now()) and (record.attempt.waits or not is_beside)

    def take_over(self, place: Place, left: Left, *, secret: bool) -> None:
        """Look after what earlier runs of this Deployment left, oldest first, each with its end.

        State and outbox each know some of it. A record goes only when state knows that it has arrived: another machine
        may have sent it. State may also be older than the outbox, as after an import; then the record is sent.
        """
        # What comes up in the seconds that this may be old is seen when the new attempt is written, by the queue.
        others = self.others_lately(place.stack, place.address, place.name)
        if others:
            others = self.wait_for_others(place)
        with self._lock:
            self._sent.update(left.sent)
        for attempt in left.waiting:
            record = self._outbox.find(attempt.id)
            if record is None:
                self._outbox.begin(place, attempt, is_secret=secret, in_state=True)
            elif self._outbox.get(attempt.id) is None and record.is_free(self._outbox.now()):
                self._outbox.take([record], place)
            if self._outbox.get(attempt.id) is not None:
                self._outbox.learn(attempt)
                self.end_orphan(attempt.id, None if record is None else record.last_seen)
        self.take_free(record for record in others if not self._outbox.looks_after(record.id))

    def others_lately(self, stack: str, address: str, name: str | None = None) -> list[Record]:
        """What `Outbox.others` returns, at most `LATELY_S` old, so that one query serves all Deployments of a stack.

        Use `Outbox.others` where the answer must be current.
        """
        with self._asking:
            read, found = self._lately.get((stack, address), (-LATELY_S, []))
            if time.monotonic() - read >= LATELY_S:
                read, found = time.monotonic(), self._outbox.others(stack, address)
                self._lately[stack, address] = read, found
        return [one for one in found if name in (None, one.place.name) and self._outbox.get(one.id) is None]

    def take_free(self, records: Iterable[Record]) -> list[Record]:
        """Look after those of a Deployment's records that no process looks after; what of them is to be sent.

        Those that have arrived, as state says, are only recorded as such.
        """
        now = self._outbox.now()
        free = [record for record in records if record.is_free(now)]
        with self._lock:
            sent = {record.id: self._sent[record.id] for record in free if record.id in self._sent}
        ends = {attempt: end for attempt, end in sent.items() if end is not None}
        self._outbox.mark_sent([record for record in free if record.id in sent], ends)
        left = [r for r in free if r.id not in sent and r.is_known and (r.may_be_ended or r.is_left_to_person)]
        left = [r for r in left if r.attempt.waits or not r.is_left_to_person]
        seen = {record.id: record.last_seen for record in left}
        taken = self._outbox.take(left)
        for record in taken:
            self.end_orphan(record.id, seen[record.id])
        return taken

    def in_outbox_alone(self, stack: str, address: str) -> list[Record]:
        """What others have recorded of a stack, without those Deployments of which state holds something that waits.

        These older ones have to be sent first, by the run that finds them in state.
        """
        found = self.others_lately(stack, address)
        held = {record.place for record in found if record.in_state}
        return [record for record in found if record.place not in held and record.is_known]

    def end_orphan(self, attempt: str, last_seen: float | None) -> None:
        """Give an attempt of an earlier run its end: what was noted before that run was killed, else a failure.

        One that a person started is left open for that person.

        Args:
            attempt: its id.
            last_seen: when the process that looked after it was there for certain, in Unix seconds: it ended then, as
                far as anybody knows. None where that is not known.
        """
        record = self._outbox.get(attempt)
        if record is not None and record.attempt.is_open and not record.is_left_to_person:
            note = self._outbox.noted(attempt)
            self._outbox.end(attempt, _incomplete(last_seen) if note is None else note.end)

    def wait_for_others(self, place: Place) -> list[Record]:
        """Wait, for a limited time, while another process is at what is left of a Deployment.

        What goes on beside is not waited for: it ends after this.

        Returns:
            What other processes have of it then.
        """
        deadline = time.monotonic() + OTHERS_LIMIT_S
        while True:
            others = self._outbox.others(place.stack, place.address, place.name)
            is_waited_for = any(self.comes_first(record) and record.id not in self._beside for record in others)
            if not is_waited_for or time.monotonic() >= deadline:
                return others
            time.sleep(POLL_S)


def _incomplete(last_seen: float | None) -> End:
    return End.incomplete() if last_seen is None else End.incomplete().timed(last_seen)
