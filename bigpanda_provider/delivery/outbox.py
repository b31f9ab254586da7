"""The outbox: what becomes of this process's attempts, and what other processes have recorded.

It never raises; `own.py` says what happens while the tables cannot be used.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType

from ..state import DeliveryStatus
from .attempt import Attempt, End
from .holder import Holder
from .own import OwnRecords
from .record import Addition, Note, Place, Record
from .stored import history
from .stored.location import location
from .stored.tables import Tables
from .warn import Warn, silent

ADDITION_POLL_S = 0.05


class Outbox(OwnRecords):
    """The outbox at a location, as one process uses it. Threads share it."""

    @classmethod
    def of(cls, environ: Mapping[str, str], warn: Warn = silent, *, is_patient: bool = False) -> Outbox:
        """The outbox that an environment names, with `BIGPANDA_OUTBOX` and `BIGPANDA_HISTORY_DAYS`."""
        if (told := history.problem(environ)) is not None:
            warn(told, about=history.VARIABLE)
        place = location(environ)
        return cls(place, warn, kept=history.Kept.of(environ, place), is_patient=is_patient)

    def __enter__(self) -> Outbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

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

    def updated(self, attempt: Attempt) -> Attempt:
        """An attempt of this process as it is now; one that it does not know stays as it is."""
        record = self.get(attempt.id)
        return attempt if record is None else replace(record.attempt, start=record.attempt.start or attempt.start)

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
