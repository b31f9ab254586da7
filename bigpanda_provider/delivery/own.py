"""The records of this process's attempts, written through to the tables that all processes share.

It never raises. Tables that cannot be used are one warning, and are tried again after a while; what this process knows
counts until then, and is written as soon as that is possible.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from ..dataclass import dataclass
from ..errors import OutboxError
from .attempt import Attempt
from .holder import Holder
from .origin import Origin
from .record import LEASE_S, Addition, Place, Record, Recorder
from .stored import history
from .stored.breaker import Breaker
from .stored.location import Location
from .stored.tables import Tables
from .warn import Warn, silent

RENEW_S = 10.0
"""How often the leases are renewed."""
TICK_S = 1e-6
"""How much later the next attempt of a process is recorded at least."""


@dataclass
class _Own:
    """A record of this process.

    Attributes:
        record: as it is.
        written: as the table has it; None where it is not there yet.
        others: what else its Deployment had when it was written; None where that is not known.
        additions: the hosts that had been added to it then; None where that is not known.
    """

    record: Record
    written: Record | None
    others: list[Record] | None = None
    additions: list[Addition] | None = None


class OwnRecords:
    """What one process has recorded or taken, and the leases by which it looks after it. Threads share it.

    Args:
        location: where the outbox is.
        warn: tells the user, once, that the outbox cannot be used.
        holder: the process.
        clock: this machine's clock, in Unix seconds.
        kept: how much history it keeps.
        is_patient: whether a database that machines share may take longer: nothing can be done without it.

    Attributes:
        location: where the outbox is.
        clock: this machine's clock, which events are timed by.
    """

    def __init__(
        self,
        location: Location,
        warn: Warn = silent,
        *,
        holder: Holder | None = None,
        clock: Callable[[], float] = time.time,
        kept: history.Kept | None = None,
        is_patient: bool = False,
    ) -> None:
        self.location = location
        self.clock = clock
        self._me = Holder.current() if holder is None else holder
        kept = history.Kept.by_default(location) if kept is None else kept
        self._tables = Tables(location, kept, is_patient=is_patient)
        self._breaker = Breaker(self._tables, warn, clock)
        self._lock = threading.RLock()
        self._own: dict[str, _Own] = {}
        self._unsettled: dict[Place, dict[str, None]] = {}  # ids, in the order in which they came
        self._unwritten: set[str] = set()
        self._renewing: threading.Thread | None = None
        self._closing = threading.Event()
        self._recorded = 0.0  # when the last attempt was recorded
        self._lost: set[str] = set()  # what was to be taken, and nobody knows whether it was

    def now(self) -> float:
        """The time that leases are told by, in Unix seconds: of several machines, by the clock of their database."""
        return self.shared_time(self.clock())

    def shared_time(self, local: float) -> float:
        """What the clock that leases are told by shows when this machine's shows `local`, in Unix seconds."""
        with self._lock:
            if self._tables.ahead_s is None:
                self._breaker.read(Tables.look_at_clock)
            return local + (self._tables.ahead_s or 0.0)

    @property
    def trouble(self) -> OutboxError | None:
        """Why the tables could not be used when they were used last; None where they could."""
        return self._breaker.trouble

    # -- beginning, taking over, forgetting ----------------------------------------------------------------------------

    def begin(
        self,
        place: Place,
        attempt: Attempt,
        *,
        recorder: Recorder = Recorder.DEPLOYMENT,
        is_secret: bool = False,
        in_state: bool = False,
        folder: str | None = None,
        origin: Origin | None = None,
        will_be_sent: bool = False,
    ) -> None:
        """Record an attempt, which this process looks after.

        Args:
            place: where it belongs.
            attempt: the attempt.
            recorder: who records it.
            is_secret: whether its event has secret properties.
            in_state: whether the stack's state holds it too.
            folder: the project's folder, where the runner records it.
            origin: the machine, the user and the job that record it.
            will_be_sent: whether its start is sent next: then that it may have arrived need not be written again.
        """
        with self._lock:
            now = self._recorded = max(self.now(), self._recorded + TICK_S)  # their order is theirs, whatever clocks do
            who = Origin() if origin is None else origin
            record = Record(
                attempt, place, recorder, self._me, now + LEASE_S, now, is_secret, in_state, folder=folder, origin=who
            )
            own = _Own(replace(record, in_doubt=will_be_sent), None)
            self._keep(own)
            self._write(record.id, sent_next=record)
            if will_be_sent:  # what is in the table already need not be written when it becomes so
                own.record = replace(own.record, in_doubt=False)

    def take(self, records: Iterable[Record], place: Place | None = None) -> list[Record]:
        """Look after these from now on; those that nobody was quicker to take, in their order.

        Args:
            records: as the table has them.
            place: where they belong now, if that has changed: BigPanda may have another address.
        """
        with self._lock:
            until = self.now() + LEASE_S
            pairs = [
                (old, replace(old, holder=self._me, lease=until, place=old.place if place is None else place))
                for old in records
                if not self._looks_after(old)
            ]
            if not pairs:  # mostly there is nothing, and a transaction waits for those of other processes
                return []
            answer = self._breaker.write(lambda tables: tables.move(pairs, self.now()))
            if answer is None:  # they may have been taken all the same
                self._lost.update(old.id for old, _ in pairs)
            moved, _ = answer or ([], [])
            self._lost.difference_update(old.id for (old, _), was_moved in zip(pairs, moved, strict=False) if was_moved)
            taken = [new for (_, new), was_moved in zip(pairs, moved, strict=False) if was_moved]
            for record in taken:
                self._keep(_Own(record, record))
            return taken

    def forget(self, attempt: str) -> None:
        """Remove an attempt whose start was never sent."""
        with self._lock:
            own = self._own.pop(attempt)
            self._unwritten.discard(attempt)
            self._unsettled.get(own.record.place, {}).pop(attempt, None)
            written = own.written
            if written is not None:
                self._breaker.write(lambda tables: tables.forget(written))

    # -- reading -------------------------------------------------------------------------------------------------------

    def get(self, attempt: str) -> Record | None:
        """The record of an attempt that this process looks after, or has looked after; as it is now."""
        with self._lock:
            own = self._own.get(attempt)
            return None if own is None else own.record

    def unsettled(self, place: Place | None = None) -> list[Record]:
        """What this process looks after and is not settled, of one place or of all, oldest first."""
        with self._lock:
            places = self._unsettled.values() if place is None else [self._unsettled.get(place, {})]
            found = [self._own[attempt].record for ids in places for attempt in ids]
        return sorted(found, key=lambda record: record.recorded)

    def looks_after(self, attempt: str) -> bool:
        """Whether this process looks after an attempt that is not settled."""
        with self._lock:
            own = self._own.get(attempt)
            return own is not None and self._looks_after(own.record)

    def can_be_ended_by_others(self, attempt: str) -> bool:
        """Whether the table has an attempt of this process as it is, with its start, for another one to end it."""
        with self._lock:
            own = self._own.get(attempt)
            return own is not None and own.written == own.record and not own.record.is_secret

    # -- leases --------------------------------------------------------------------------------------------------------

    def still_holds(self, attempt: str) -> bool:
        """Whether this process still looks after an attempt; a process that slept may have lost it.

        While its lease lasts nobody can have taken it, so the table is asked only then.
        """
        with self._lock:
            own = self._own.get(attempt)
            if own is None or attempt not in self._unsettled.get(own.record.place, {}):
                return False
            if self.now() >= own.record.lease:
                self.renew()
            return attempt in self._unsettled.get(own.record.place, {})

    def renew(self) -> None:
        """Extend the leases of what this process looks after; what another one has taken meanwhile is lost."""
        with self._lock:
            owned = [self._own[attempt] for ids in self._unsettled.values() for attempt in ids]
            written = [own for own in owned if own.written is not None]
            records, until = [own.record for own in written], self.now() + LEASE_S
            renewed = self._breaker.write(lambda tables: tables.renew(records, until)) if written else None
            if renewed is None:
                return
            for own in written:
                find = partial(Tables.find, attempt=own.record.id)
                there = None if renewed == len(written) else self._breaker.read(find)
                if there is not None and there.holder != own.record.holder:
                    self._lose(own, there)
                    continue
                own.record = replace(own.record, lease=until)
                own.written = None if own.written is None else replace(own.written, lease=until)

    def leave(self) -> None:
        """Write what is not written yet, and let go of everything, so that the next process need not wait."""
        self._closing.set()
        with self._lock:
            self._write(anyway=True)
            for record in self.unsettled():
                if record.holder == self._me and self.trouble is None:
                    self._change(record.id, replace(record, holder=Holder.nobody(), lease=self.now()))

    def close(self) -> None:
        """Leave it, and close its database, which takes some milliseconds."""
        self.leave()
        with self._lock:
            self._breaker.close()

    def _renew_regularly(self) -> None:
        while not self._closing.wait(RENEW_S):
            with self._lock:
                self._write()
                if not self._unwritten and not any(self._unsettled.values()):
                    self._renewing = None
                    self._breaker.close()
                    return
                self.renew()

    # -- the tables ----------------------------------------------------------------------------------------------------

    def _keep(self, own: _Own) -> None:
        record = own.record
        self._own[record.id] = own
        if not record.attempt.is_settled:
            self._unsettled.setdefault(record.place, {})[record.id] = None
        if self._renewing is None and not self._closing.is_set():
            self._renewing = threading.Thread(target=self._renew_regularly, name="bigpanda-leases", daemon=True)
            try:
                self._renewing.start()
            except RuntimeError:  # the interpreter is ending: no lease is needed any more
                self._renewing = None

    def _looks_after(self, record: Record) -> bool:
        return record.id in self._unsettled.get(record.place, {}) or record.id in self._unwritten

    def _change(self, attempt: str, record: Record, *, is_sent_next: bool = False) -> Record:
        """Bring a record of this process to its next state; returns it as it is then.

        One that another process looks after stays as it is.
        """
        own = self._own[attempt]
        if not self._looks_after(own.record):
            return own.record
        own.record = record
        if record.attempt.is_settled:
            self._unsettled.get(record.place, {}).pop(attempt, None)
        self._write(attempt, sent_next=record if is_sent_next else None)
        return own.record

    def _write(self, *attempts: str, sent_next: Record | None = None, anyway: bool = False) -> None:
        """Write these records, and those that could not be written before.

        Args:
            attempts: the ids.
            sent_next: the one of which an event is sent next: what else that takes is read along.
            anyway: whether to try where the tables could not be used just now.
        """
        self._unwritten.update(attempts)
        owned = [own for attempt in self._unwritten if (own := self._own[attempt]).written != own.record]
        self._unwritten.intersection_update(own.record.id for own in owned)
        if not owned:
            return
        if anyway:
            self._breaker.try_again()
        now = self.now()
        pairs = [(own.written, self._leased(own.record, now + LEASE_S)) for own in owned]
        moved, found = self._breaker.write(lambda tables: tables.move(pairs, now, sent_next)) or (None, None)
        for own, (_, record), was_moved in zip(owned, pairs, moved or (), strict=False):
            if was_moved:
                own.record = own.written = record
                self._unwritten.discard(record.id)
            else:
                self._was_changed(own)
        if sent_next is not None:
            own = self._own[sent_next.id]
            own.others, own.additions = (found.records, found.additions) if found is not None else (None, None)

    def _leased(self, record: Record, until: float) -> Record:
        """The record as it is written: what had to wait for that may have a lease that has run out."""
        return replace(record, lease=until) if record.holder == self._me else record

    def _was_changed(self, own: _Own) -> None:
        """Somebody else has changed a record in the table: who looks after it there decides what it is."""
        there = self._breaker.read(lambda tables: [tables.find(own.record.id)])
        if there is None:
            return
        (found,) = there
        if found is not None and found.holder not in (self._me, own.record.holder):
            self._lose(own, found)
            return
        was_open = own.written is None or own.written.attempt.is_open
        if found is not None and was_open and _has_another_end(found.attempt, own.record.attempt):
            own.record = replace(own.record, attempt=replace(own.record.attempt, end=found.attempt.end))
        # Otherwise the file was removed, or does not have what it was told last: what this process knows is newer.
        own.written = found
        moved = self._breaker.write(lambda tables: tables.move([(found, own.record)], self.now()))
        if moved is not None and moved[0] == [True]:
            own.written = own.record
            self._unwritten.discard(own.record.id)

    def _lose(self, own: _Own, there: Record) -> None:
        """Another process looks after the record now."""
        attempt = replace(there.attempt, start=there.attempt.start or own.record.attempt.start)
        own.record, own.written = replace(there, attempt=attempt), there
        self._unsettled.get(own.record.place, {}).pop(there.id, None)
        self._unwritten.discard(there.id)


def _has_another_end(there: Attempt, known: Attempt) -> bool:
    """Whether an attempt has ended otherwise than is known here; what became of the same end is known here best."""
    if there.end is None or known.end is None:
        return there.end is not None
    return replace(there.end, delivery=known.end.delivery) != known.end
