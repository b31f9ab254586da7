"""The outbox: the records of this process's attempts, written through to the tables that all processes share.

It never raises. Tables that cannot be used are one warning, and are tried again after a while; what this process knows
counts until then, and is written as soon as that is possible.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType

from ..dataclass import dataclass
from ..errors import OutboxError
from ..state import DeliveryStatus
from .attempt import Attempt, End
from .holder import Holder
from .origin import Origin
from .record import LEASE_S, Addition, Note, Place, Record, Recorder
from .stored import history
from .stored.breaker import Breaker
from .stored.location import Location, location
from .stored.tables import Tables
from .warn import Warn, silent

RENEW_S = 10.0
"""How often the leases are renewed."""
ADDITION_POLL_S = 0.05
TICK_S = 1e-6
"""How much later the next attempt of a process is recorded at least."""
LATELY_S = 5.0
"""How old may be what is known of a stack's attempts where nothing is decided by it for good."""


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


class Outbox:
    """The outbox at a location, as one process uses it. Threads share it.

    Args:
        location: where it is.
        warn: tells the user, once, that it cannot be used.
        holder: the process.
        clock: this machine's clock, in Unix seconds.
        kept: how much history it keeps.
        is_patient: whether a database that machines share may take longer: nothing can be done without it.

    Attributes:
        location: where it is.
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
        self._unsettled: dict[Place, dict[str, None]] = {}  # what of it is not settled, in the order in which it came
        self._unwritten: set[str] = set()
        self._renewing: threading.Thread | None = None
        self._closing = threading.Event()
        self._recorded = 0.0  # when the last attempt was recorded
        self._lost: set[str] = set()  # what was to be taken, and nobody knows whether it was
        self._lately: dict[tuple[str, str], tuple[float, list[Record]]] = {}

    @classmethod
    def of(cls, environ: Mapping[str, str], warn: Warn = silent, *, is_patient: bool = False) -> Outbox:
        """The outbox that an environment names, with `BIGPANDA_OUTBOX` and `BIGPANDA_HISTORY_DAYS`."""
        if (told := history.problem(environ)) is not None:
            warn(told, about=history.VARIABLE)
        place = location(environ)
        return cls(place, warn, kept=history.Kept.of(environ, place), is_patient=is_patient)

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

    def __enter__(self) -> Outbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- this process's records ----------------------------------------------------------------------------------------

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

    # -- transitions ---------------------------------------------------------------------------------------------------

    def end(self, attempt: str, end: End, *, in_state: bool | None = None) -> bool:
        """Give an attempt its end, which waits to be sent; whether it was open. An attempt has one end.

        Args:
            attempt: its id.
            end: the end.
            in_state: whether the stack's state holds the attempt; None where that is as it was.
        """
        with self._lock:
            record = self._own[attempt].record
            record = replace(record, in_state=record.in_state if in_state is None else in_state)
            if not record.attempt.is_open:
                self.mark_in_state(attempt, record.in_state)
                return False
            timed = end.timed(self.clock())
            after = self._change(attempt, replace(record, attempt=record.attempt.ended(timed)), is_sent_next=True)
            return after.holder == self._me and after.attempt.end == timed

    def others_when_written(self, attempt: str) -> list[Record] | None:
        """What other processes had of the attempt's Deployment when this process wrote it last.

        Returns:
            Their records that are not settled, oldest first. Each answer is given once: later it may not be so any
            more, and None is returned.
        """
        with self._lock:
            own = self._own[attempt]
            found, own.others = own.others, None
            return None if found is None else self._of_others(found)

    def learn(self, known: Attempt) -> None:
        """Add what state knows of an attempt: its start, that this has arrived, and its end."""
        with self._lock:
            record = self._own[known.id].record
            attempt, why = replace(record.attempt, start=record.attempt.start or known.start), record.why
            if known.start_delivery is DeliveryStatus.DELIVERED and attempt.start_delivery is not known.start_delivery:
                attempt, why = attempt.start_became(known.start_delivery), None
            if known.end is not None:
                attempt = attempt.ended(known.end)
            self._change(known.id, replace(record, attempt=attempt, why=why))

    def mark_in_doubt(self, attempt: str) -> None:
        """Record that a start is about to be sent: until it is answered, nobody knows whether it has arrived."""
        with self._lock:
            self._change(attempt, replace(self._own[attempt].record, in_doubt=True))

    def start_became(
        self, attempt: str, delivery: DeliveryStatus, why: str | None = None, *, in_doubt: bool = False
    ) -> None:
        """Record what became of a start, and why it was not delivered, if it was not."""
        with self._lock:
            record = self._own[attempt].record
            became = record.attempt.start_became(delivery)
            self._change(attempt, replace(record, attempt=became, in_doubt=in_doubt, why=why))

    def end_became(self, attempt: str, delivery: DeliveryStatus, why: str | None = None) -> None:
        """Record what became of an end; as `start_became`."""
        with self._lock:
            record = self._own[attempt].record
            self._change(attempt, replace(record, attempt=record.attempt.end_became(delivery), why=why))

    def was_not_tried(self, attempt: str, why: str) -> None:
        """Record why an attempt waits of which nothing is sent now, if that was not known."""
        with self._lock:
            record = self._own[attempt].record
            if record.why != why:
                self._change(attempt, replace(record, why=why))

    def drop(self, record: Record) -> Attempt | None:
        """Settle what waits of an attempt without sending it; one that is open fails.

        Args:
            record: as the table has it.

        Returns:
            The attempt as it is then; None where the table has it in another state, or another process looks after it.
        """
        with self._lock:
            if record.is_held(self.now()) and not self.looks_after(record.id):
                return None
            if not self.take([record]):
                return None
            own = self._own[record.id]
            self._change(
                record.id, replace(own.record, attempt=record.attempt.dropped(self.clock()), in_doubt=False, why=None)
            )
            return own.record.attempt if own.written == own.record else None

    def mark_in_state(self, attempt: str, in_state: bool = True) -> None:
        """Record whether the stack's state holds the attempt too."""
        with self._lock:
            record = self._own[attempt].record
            if record.in_state is not in_state:
                self._change(attempt, replace(record, in_state=in_state))

    def hand_to(self, attempt: str, holder: Holder) -> None:
        """Have the attempt count as looked after as long as that process runs, too."""
        with self._lock:
            self._change(attempt, replace(self._own[attempt].record, holder=holder))

    def reopen(self, record: Record) -> Record | None:
        """Take back an end that will never arrive, so that the attempt can be given another one; None if it is gone."""
        opened = replace(record, attempt=replace(record.attempt, end=None), why=None)
        moved = self._breaker.write(lambda tables: tables.move([(record, opened)], self.now()))
        return opened if moved is not None and moved[0] == [True] else None

    def can_be_ended_by_others(self, attempt: str) -> bool:
        """Whether the table has an attempt of this process as it is, with its start, for another one to end it."""
        with self._lock:
            own = self._own.get(attempt)
            return own is not None and own.written == own.record and not own.record.is_secret

    def looks_after(self, attempt: str) -> bool:
        """Whether this process looks after an attempt that is not settled."""
        with self._lock:
            own = self._own.get(attempt)
            return own is not None and self._looks_after(own.record)

    def forget(self, attempt: str) -> None:
        """Remove an attempt whose start was never sent."""
        with self._lock:
            own = self._own.pop(attempt)
            self._unwritten.discard(attempt)
            self._unsettled.get(own.record.place, {}).pop(attempt, None)
            written = own.written
            if written is not None:
                self._breaker.write(lambda tables: tables.forget(written))

    def mark_sent(self, records: Iterable[Record], ends: Mapping[str, End]) -> None:
        """Record that others' attempts have arrived, as state says.

        Args:
            records: the attempts.
            ends: by attempt how it ended, of those of which state says it.
        """
        done, now = DeliveryStatus.DELIVERED, self.now()
        for record in self.take(record for record in records if not record.is_held(now)):
            with self._lock:
                ended = record.attempt.ended(ends.get(record.id, End.success()))
                arrived = ended.start_became(done).end_became(done)
                self._change(record.id, replace(record, attempt=arrived, why=None))

    # -- others' records -----------------------------------------------------------------------------------------------

    def find(self, attempt: str) -> Record | None:
        """The record of an attempt, whoever looks after it."""
        found = self.get(attempt) or self._breaker.read(lambda tables: tables.find(attempt))
        return found and self._seen(found)

    def last_of(self, place: Place) -> Record | None:
        """The record of a Deployment that was begun last, whoever looks after it."""
        return self._breaker.read(lambda tables: tables.last_of(place))

    def others(self, stack: str, address: str, name: str | None = None) -> list[Record]:
        """What this process does not look after and is not settled, oldest first.

        Args:
            stack: of this stack.
            address: to this address.
            name: of this Deployment; of all, if None.
        """
        return self._of_others(self._breaker.read(lambda tables: tables.unsettled(stack, address, name)) or [])

    def others_lately(self, stack: str, address: str, name: str | None = None) -> list[Record]:
        """As `others`, but as it was at most `LATELY_S` ago: one question answers for all Deployments of a stack.

        What has to be as it is now asks `others`.
        """
        with self._lock:
            read, found = self._lately.get((stack, address), (-LATELY_S, []))
            if time.monotonic() - read >= LATELY_S:
                read, found = time.monotonic(), self.others(stack, address)
                self._lately[stack, address] = read, found
            return [one for one in found if name in (None, one.place.name) and one.id not in self._own]

    def _of_others(self, found: Iterable[Record]) -> list[Record]:
        with self._lock:
            return [self._seen(record) for record in found if not self._looks_after(record)]

    def _seen(self, record: Record) -> Record:
        """A record as this process sees it: one that it has taken without being told so is held by nobody."""
        is_lost = record.id in self._lost and record.holder == self._me
        return replace(record, holder=Holder.nobody(), lease=0.0) if is_lost else record

    def unsettled_of_all(self) -> list[Record]:
        """What is open or waits, of every stack and address, oldest first."""
        return [*map(self._seen, self._breaker.read(lambda tables: tables.unsettled_of_all()) or [])]

    def unended(self) -> list[Record]:
        """As `unsettled_of_all`, with those that BigPanda still has in progress, since their end will never arrive."""
        return [*map(self._seen, self._breaker.read(lambda tables: tables.unended()) or [])]

    def latest(self) -> Iterator[Record]:
        """Every attempt that is kept, the newest first; they are read as far as they are looked at."""
        last: Record | None = None
        while page := self._breaker.read(partial(Tables.latest, after=last)):
            yield from page
            last = page[-1]

    # -- additions -----------------------------------------------------------------------------------------------------

    def add_hosts(self, attempt: str, hosts: Collection[str], limit_s: float) -> Record | None:
        """Add hosts to a deployment in progress, which this process is going to send.

        Args:
            attempt: the attempt, whoever looks after it.
            hosts: the hosts.
            limit_s: how long sending them may take, in seconds.

        Returns:
            Its record with all of its hosts; None where it has ended, or the table does not have it or its event.
        """
        until = self.now() + limit_s
        if not self._breaker.write(lambda tables: tables.add_hosts(attempt, hosts, self._me, until)):
            return None
        record = self._breaker.read(lambda tables: tables.find(attempt))
        return record and self._with_additions(record, self._additions(attempt))

    def addition_is_over(self, attempt: str) -> None:
        """The hosts that this process has added to an attempt are sent, or could not be."""
        self._breaker.write(lambda tables: tables.addition_is_over(attempt, self._me))

    def take_in_additions(self, attempt: str, deadline: float | None) -> Record:
        """Let an attempt of this process have the hosts that others have added, once these are not on the wire.

        So nothing that was posted before arrives after what is posted next.

        Args:
            attempt: the attempt.
            deadline: until when to wait, as `time.monotonic()` tells it.

        Returns:
            Its record then.
        """
        with self._lock:
            own = self._own[attempt]
            read, own.additions = own.additions, None  # as with `others_when_written`, that is given once
        added = self._additions(attempt) if read is None else read
        while any(one.is_under_way(self.now()) for one in added):
            if deadline is not None and time.monotonic() > deadline:
                break
            time.sleep(ADDITION_POLL_S)
            added = self._additions(attempt)
        with self._lock:
            record = self._with_additions(own.record, added)
            return record if record == own.record else self._change(attempt, record)

    def _additions(self, attempt: str) -> list[Addition]:
        return self._breaker.read(lambda tables: tables.additions(attempt)) or []

    @staticmethod
    def _with_additions(record: Record, added: Iterable[Addition]) -> Record:
        start = record.attempt.start
        more = dict.fromkeys(host for one in added for host in one.hosts)
        if start is None or more.keys() <= {*start.hosts}:
            return record
        hosts = tuple(dict.fromkeys([*start.hosts, *more]))
        return replace(record, attempt=replace(record.attempt, start=replace(start, hosts=hosts)))

    # -- notes ---------------------------------------------------------------------------------------------------------

    def note(self, attempt: str, reason: str | None) -> None:
        """Note, for whoever ends the attempt, why it fails, or (None) that its scope went well. The first counts."""
        note = Note(reason, self.now())
        self._breaker.write(lambda tables: tables.note(attempt, note))

    def note_deployment(self, stack: str, name: str, reason: str) -> None:
        """Note why a Deployment fails whose attempt is not known yet. The last counts."""
        place, note = Place(stack, name, ""), Note(reason, self.now())
        self._breaker.write(lambda tables: tables.note_deployment(place, note))

    def noted(self, attempt: str) -> Note | None:
        """What was noted of the attempt."""
        return self._breaker.read(lambda tables: tables.noted(attempt))

    def noted_of_deployment(self, place: Place) -> Note | None:
        """What was noted last of the Deployment."""
        return self._breaker.read(lambda tables: tables.noted_of_deployment(place))

    def check_writable(self) -> None:
        """Find out whether the tables can be written; `trouble` tells."""
        self._breaker.write(Tables.check_writable)

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
