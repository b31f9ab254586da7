"""Brings the events of this process's attempts to BigPanda, each attempt's start before its end, older ones first.

Memory is the truth for the attempts of this process; the ledger is its record for others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from ..bigpanda.events import Status
from ..errors import DeliveryError, RejectedError
from ..provider.log import Warn, warn
from ..settings import Mode, Settings
from .attempt import INCOMPLETE, Attempt, State
from .ledger import Ledger
from .outbox import Note, Outbox, Place, Row
from .owner import Owner
from .sender import Sender

UNANSWERED = "BigPanda did not confirm the start, and delivery is required"
"""The reason of an attempt that is given up because nobody knows whether its start arrived."""


@dataclass(eq=False)
class _Entry:
    """An attempt of this process.

    Attributes:
        place: where it belongs.
        attempt: the attempt as it is now.
        secret: whether its event has secret properties.
        returned: whether the engine was given it, to be stored.
        stored: whether the engine is known to have stored it.
        folder: the project's folder, where the release runner records it.
        owner: the process that it lasts as long as.
        sending: held while one of its events is on the wire.
        in_doubt: whether its start was sent at least once, and nobody knows what became of it.
        given_up: whether it was forgotten before anything of it was sent: then nothing is.
    """

    place: Place
    attempt: Attempt
    secret: bool
    returned: bool = False
    stored: bool = False
    folder: str | None = None
    owner: Owner = field(default_factory=Owner.current)
    sending: threading.Lock = field(default_factory=threading.Lock)
    in_doubt: bool = False
    given_up: bool = False

    @property
    def waits(self) -> bool:
        """Whether its start or its end is still to be sent."""
        return State.QUEUED in (self.attempt.start_state, self.attempt.end_state)


class Delivery:
    """Sends events with the given settings, and remembers every attempt that it is given.

    Args:
        settings: where to and how.
        outbox: the record for later runs.
        warn: tells the user of what went wrong; of what is `about` one thing, once.

    Attributes:
        mode: what an event that does not get through does to the update.
        address: BigPanda's base URL.
        sender: gets the events through.
        ledger: what other processes know.
    """

    def __init__(self, settings: Settings, outbox: Outbox, warn: Warn = warn) -> None:
        self.mode = settings.delivery.value
        self.address = settings.base_url.value
        self.sender = Sender(settings, warn)
        self.ledger = Ledger(outbox, self.address, warn)
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._taken_over: set[str] = set()
        self._began = time.time()

    # -- for the providers ---------------------------------------------------------------------------------------------

    def start(
        self,
        stack: str,
        name: str,
        attempt: Attempt,
        left: Iterable[Attempt] = (),
        *,
        secret: bool = False,
        folder: str | None = None,
    ) -> tuple[Attempt, tuple[Attempt, ...]]:
        """Record a new attempt and send its start, after what earlier ones of this Deployment have left.

        Args:
            stack: the stack's full name.
            name: the Deployment's name.
            attempt: the new attempt.
            left: what state says may not have arrived, oldest first.
            secret: whether properties of the event are secret: then they are not written into the outbox.
            folder: the project's folder, where the release runner records the update of a whole stack.

        Returns:
            The attempt with what became of its start, and what of the earlier ones still waits.

        Raises:
            DeliveryError: delivery is required, and the start did not get through. Nothing of it is kept, unless it
                may have arrived all the same: then it stays open, for the guard to end.
        """
        if self.mode is Mode.OFF:
            return replace(attempt, start_state=State.OFF), tuple(left)
        place = Place(stack, name, self.address)
        earlier = self._take_over(place, left, secret=secret)
        waits = self._send_in_order(earlier)
        entry = self._add(place, attempt, secret=secret, folder=folder)
        error = waits or self._send(entry)
        if self.mode is Mode.REQUIRED and error is not None:
            self._give_up(entry)
            raise error
        self._flush(stack)
        for given in (entry, *earlier):
            given.returned = True
        return entry.attempt, tuple(e.attempt for e in earlier if not e.attempt.settled)

    def resend(
        self,
        stack: str,
        name: str,
        attempt: Attempt,
        left: Iterable[Attempt],
        *,
        secret: bool = False,
        deleted: bool = False,
    ) -> tuple[Attempt, tuple[Attempt, ...]]:
        """Send what waits of this Deployment, without a new attempt; returns as `start` does, for its last attempt.

        What waits of a Deployment that is deleted is known to this machine's outbox alone from then on.
        """
        place = Place(stack, name, self.address)
        earlier = self._take_over(place, left, secret=secret, stored=not deleted)
        error = self._send_in_order(earlier)
        if self.mode is Mode.REQUIRED and error is not None:
            raise error
        self._flush(stack)
        for given in earlier:
            given.returned = not deleted
        last = next((e.attempt for e in earlier if e.attempt.id == attempt.id), attempt)
        return last, tuple(e.attempt for e in earlier if e.attempt.id != attempt.id and not e.attempt.settled)

    def end(
        self,
        stack: str,
        name: str,
        attempt: Attempt,
        status: Status,
        reason: str | None,
        *,
        secret: bool,
        stored: bool = True,
    ) -> Attempt:
        """Send the end of an attempt, after all that waits of its Deployment.

        Who ends an attempt first decides how it ended; the attempt that is returned tells. It is one that the stack's
        state holds, or its Completion would not know it; one that is ended by hand (`stored=False`) is not.
        """
        if attempt.start_state is State.OFF:
            return replace(attempt, status=status, reason=reason, end_state=State.OFF)
        place = Place(stack, name, self.address)
        entry = self._known(place, attempt, secret=secret)
        if entry is None:
            return attempt.ended(status, reason)
        entry.stored = stored
        self._claim(entry, status, reason)
        if self.mode is Mode.OFF:
            return entry.attempt
        self._send_after_earlier(entry)
        self._flush(stack)
        return entry.attempt

    def left_open(self, stack: str, name: str) -> bool:
        """Whether the outbox knows of an attempt of this Deployment that a process which is gone has left."""
        rows = self.ledger.unsettled_of(Place(stack, name, self.address))
        return bool(self.ledger.left_behind(rows, self._entries))

    def note_end(self, attempt: Attempt) -> None:
        """Note how an attempt ended whose end waits, and which state is about to forget."""
        if attempt.end_state is State.QUEUED:
            reason = None if attempt.status is Status.SUCCESS else attempt.reason or INCOMPLETE
            self.ledger.use(lambda outbox: outbox.note(attempt.id, reason))

    # -- for the release runner ----------------------------------------------------------------------------------------

    def lasts_as_long_as(self, attempt: str, owner: Owner) -> None:
        """Note that an attempt is not left open while that process runs, even where this one is gone."""
        self._entries[attempt].owner = owner
        self._record(self._entries[attempt])

    def end_now(self, attempt: str, status: Status, reason: str | None) -> Attempt:
        """Send the end of an attempt of this process, unless another one has ended it; returns it as it is then."""
        entry = self._entries[attempt]
        entry.owner = Owner.current()
        if not self.ledger.use(lambda outbox: outbox.end(attempt, status, reason)):
            row = self.ledger.find(attempt)
            if row is not None and row.status is not None:
                return row.attempt(entry.attempt.start) or entry.attempt
        self._claim(entry, status, reason)
        self._send_after_earlier(entry)
        return entry.attempt

    def flush(self, rows: Iterable[Row]) -> list[Attempt]:
        """Send what waits of these, up to the first that does not get through; each with what became of it.

        Args:
            rows: what the outbox has of processes that are gone, oldest first. One that is open has failed.
        """
        with self.ledger.kept_open():
            entries = self._adopt(rows)
            self._send_in_order(entries)
        return [entry.attempt for entry in entries]

    # -- for the guard -------------------------------------------------------------------------------------------------

    def open_attempts(self) -> list[str]:
        """The ids of this process's attempts that have no end yet, or whose end is still on the wire."""
        with self._lock:
            return [e.attempt.id for e in self._entries.values() if e.attempt.end_state is None or e.sending.locked()]

    def noted(self, attempt: str) -> Note | None:
        """What the program of this run has noted of an attempt, or, before it knew the attempt, of its Deployment."""
        note = self.ledger.noted(attempt)
        if note is not None:
            return note
        note = self.ledger.noted_of_deployment(self._entries[attempt].place)
        return None if note is None or note.written < self._began else note

    def end_open(self, attempt: str, status: Status, reason: str | None) -> None:
        """Claim the end of an attempt that is still open; it is written down, and not sent yet."""
        self._claim(self._entries[attempt], status, reason)

    def send_end(self, attempt: str, deadline: float) -> None:
        """Send what waits of an attempt, and of earlier ones of its Deployment before it.

        Args:
            attempt: its id.
            deadline: until when, as `time.monotonic()` tells it; an end on the wire is waited for.
        """
        if self.mode is not Mode.OFF:
            self._send_after_earlier(self._entries[attempt], deadline)

    def update_ended(self) -> None:
        """The update is over and was neither cancelled nor killed: the engine has stored what it was given."""
        for entry in self._entries.values():
            if entry.returned and not entry.stored and not entry.attempt.settled:
                entry.stored = True
                self._record(entry)

    # -- attempts ------------------------------------------------------------------------------------------------------

    def _add(
        self,
        place: Place,
        attempt: Attempt,
        *,
        secret: bool,
        stored: bool = False,
        folder: str | None = None,
        written: bool = False,
    ) -> _Entry:
        entry = _Entry(place, attempt, secret, stored=stored, folder=folder)
        with self._lock:
            self._entries[attempt.id] = entry
        if not written:
            self._record(entry)
        return entry

    def _known(self, place: Place, attempt: Attempt, *, secret: bool) -> _Entry | None:
        """The attempt as this process knows it, else as the outbox does, else as it is given.

        A Completion does not hold the whole start: where that still waits and nobody else knows it, there is None.
        """
        with self._lock:
            entry = self._entries.get(attempt.id)
        if entry is not None:
            return entry
        row = self.ledger.find(attempt.id)
        known = (row and row.attempt()) or (attempt if attempt.start_state is State.DELIVERED else None)
        return None if known is None else self._add(place, known, secret=secret)

    def _give_up(self, entry: _Entry) -> None:
        """Forget an attempt that never began. One whose start may have arrived stays open: the guard ends it.

        Another thread may have sent its start meanwhile, with all that waits, so what counts is what became of it.
        """
        attempt = entry.attempt.id
        with entry.sending:
            entry.given_up = not entry.in_doubt and entry.attempt.start_state is not State.DELIVERED
        if entry.given_up:
            with self._lock:
                del self._entries[attempt]
            self.ledger.use(lambda outbox: outbox.forget(attempt))
            return
        if entry.secret:  # the outbox does not hold its start, so nobody could send it again: its end is what is left
            self._update(entry, start_state=State.DELIVERED)
        self.ledger.use(lambda outbox: outbox.note(attempt, UNANSWERED))

    def _claim(self, entry: _Entry, status: Status, reason: str | None) -> None:
        """Give the attempt its end, unless it has one."""
        with self._lock:
            entry.attempt = entry.attempt.ended(status, reason)
        self._record(entry)

    def _record(self, entry: _Entry) -> None:
        self.ledger.use(
            lambda outbox: outbox.record(
                entry.place,
                entry.owner,
                entry.attempt,
                secret=entry.secret,
                stored=entry.stored,
                folder=entry.folder,
            )
        )

    def _take_over(self, place: Place, left: Iterable[Attempt], *, secret: bool, stored: bool = True) -> list[_Entry]:
        """What earlier runs of this Deployment left, oldest first, each with its end: this process sees to it now.

        Each is as the outbox knows it, but for a start that state knows to have arrived: another machine may have sent
        it since. One whose end is known to have arrived is left out.
        """
        found: dict[str, _Entry] = {}
        for attempt in left:
            row = self.ledger.finished(attempt.id)
            known = (row and row.attempt(attempt.start)) or attempt
            if attempt.start_state is State.DELIVERED:
                known = replace(known, start_state=State.DELIVERED)
            if not known.settled:
                found[attempt.id] = self._add(place, self.ledger.ended(known), secret=secret, stored=stored)
        rows = self.ledger.unsettled_of(place)
        for adopted in self._adopt(self.ledger.left_behind(rows, self._entries)):
            found[adopted.attempt.id] = adopted
        for row in rows:
            if row.stored and row.id not in self._entries:  # state no longer holds it: another machine has sent it
                self.ledger.use(partial(Outbox.forget, attempt=row.id))
        return list(found.values())

    def _adopt(self, rows: Iterable[Row]) -> list[_Entry]:
        """Take over attempts of processes that are gone; one that they left open has failed.

        Those that another process was quicker to take are left out.
        """
        found = list(rows)
        ours = self.ledger.use(lambda outbox: outbox.hand_over(found, Owner.current())) if found else []
        return [self._adopted(row) for row in (found if ours is None else ours)]

    def _adopted(self, row: Row) -> _Entry:
        attempt = row.attempt()
        assert attempt is not None
        ended = self.ledger.ended(attempt)
        entry = self._add(
            row.place, ended, secret=False, stored=row.stored, folder=row.folder, written=ended == attempt
        )
        # Its process was killed while the start was on the wire, or had no answer to it.
        entry.in_doubt = ended.start_state is State.QUEUED and (row.status is None or ended.reason == UNANSWERED)
        return entry

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send_after_earlier(self, entry: _Entry, deadline: float | None = None) -> None:
        """Send what waits of an attempt, after what waits of earlier ones: an end that arrived says that all did."""
        with self._lock:
            mates = [e for e in self._entries.values() if e.place == entry.place and e is not entry]
        self._send_in_order([*(e for e in mates if not e.attempt.settled), entry], deadline)

    def _send_in_order(self, entries: Iterable[_Entry], deadline: float | None = None) -> DeliveryError | None:
        """Send what waits of each, and stop at the first that does not get through."""
        for entry in entries:
            error = self._send(entry, deadline)
            if error is not None and not isinstance(error, RejectedError):
                return error
        return None

    def _send(self, entry: _Entry, deadline: float | None = None) -> DeliveryError | None:
        """Send what waits of an attempt: its start, then its end if it has one. Returns what went wrong."""
        limit = -1.0 if deadline is None else max(deadline - time.monotonic(), 0.0)
        if not entry.sending.acquire(timeout=limit):
            return None  # it is on the wire, and the time is up
        try:
            error = None
            if entry.given_up:
                return None
            if entry.attempt.start_state is State.QUEUED:
                start = entry.attempt.start
                error = self.sender.start(start, deadline, secret=entry.secret)
                entry.in_doubt |= error is not None and error.perhaps_arrived
                self._update(entry, start_state=_state(error, in_doubt=entry.in_doubt))
            if entry.attempt.end_state is not State.QUEUED:
                return error
            end = entry.attempt.end
            if entry.attempt.start_state is State.REJECTED:
                self._update(entry, end_state=State.REJECTED)
            elif entry.attempt.start_state is State.DELIVERED and end is not None:
                error = self.sender.end(end, deadline, secret=entry.secret)
                self._update(entry, end_state=_state(error, in_doubt=error is not None and error.perhaps_arrived))
            return error
        finally:
            entry.sending.release()

    def _flush(self, stack: str) -> None:
        """Send what else waits of this stack, oldest first, now that BigPanda answers.

        What other processes left is looked for until it has been taken over once.
        """
        if self.sender.waits or not self._flushing.acquire(blocking=False):
            return
        try:
            if stack not in self._taken_over:
                rows = self.ledger.unsettled(stack)
                held = {row.place for row in rows if row.stored}  # older ones come first, in their own next update
                self._adopt(row for row in self.ledger.left_behind(rows, self._entries) if row.place not in held)
                self._taken_over.add(stack)
            with self._lock:
                waiting = [e for e in self._entries.values() if e.waits]
                busy = {e.place for e in self._entries.values() if e.sending.locked()} if waiting else set()
            self._send_in_order(e for e in waiting if e.place not in busy)
        finally:
            self._flushing.release()

    def _update(self, entry: _Entry, *, start_state: State | None = None, end_state: State | None = None) -> None:
        with self._lock:
            entry.attempt = replace(
                entry.attempt,
                start_state=start_state or entry.attempt.start_state,
                end_state=end_state or entry.attempt.end_state,
            )
        self._record(entry)


def _state(error: DeliveryError | None, *, in_doubt: bool) -> State:
    """What became of an event.

    One that is rejected when it is sent again, after an answer was lost, counts as delivered: the first one may have
    arrived, and then that is why. So its deployment gets its end.
    """
    if error is None:
        return State.DELIVERED
    if isinstance(error, RejectedError):
        return State.DELIVERED if in_doubt else State.REJECTED
    return State.QUEUED
