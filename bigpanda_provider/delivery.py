"""Brings the events of this process's attempts to BigPanda, each attempt's start before its end, older ones first.

Memory is the truth for the attempts of this process; the outbox is its record for others, and where it cannot be used
one warning says so and events are sent all the same. A BigPanda that is down never fails an update (unless delivery is
`required`) nor holds it up for long: after an event that did not get through within its time limit, nothing is tried
for three times as long.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from .attempt import INCOMPLETE, Attempt, Previous, State
from .errors import DeliveryError, OutboxError, RejectedError, UnavailableError
from .events import Status
from .log import warn
from .outbox import Note, Outbox, Place, Row
from .owner import Owner
from .settings import TOKENLESS, Mode, Settings, Token

if TYPE_CHECKING:
    from .client import BigPandaClient

QUIET_FACTOR = 3
OTHER_OWNER_LIMIT_S = 6.0
"""How long to wait for another process that is still ending an attempt: an engine gives its provider 5 s."""

UNANSWERED = "BigPanda did not confirm the start, and delivery is required"
"""The reason of an attempt that is given up because nobody knows whether its start arrived."""

T = TypeVar("T")


class Warn(Protocol):
    """Shows a warning."""

    def __call__(self, sentence: str, *, about: str | None = None) -> None:
        """Show it; of what is `about` one thing, once."""


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
    """

    place: Place
    attempt: Attempt
    secret: bool
    returned: bool = False
    stored: bool = False
    folder: str | None = None
    owner: Owner = field(default_factory=Owner.current)
    sending: threading.Lock = field(default_factory=threading.Lock)

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
        trouble: why the last event that did not get through did not.
    """

    def __init__(self, settings: Settings, outbox: Outbox, warn: Warn = warn) -> None:
        self.mode = settings.delivery.value
        self.address = settings.base_url.value
        self._timeout_s = settings.timeout_seconds.value
        self._token = settings.token.value
        self._client: BigPandaClient | None = None
        self._outbox: Outbox | None = outbox
        self._warn = warn
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._taken_over: set[str] = set()
        self._quiet_until = 0.0
        self.trouble: str | None = None

    def _opened(self, token: Token) -> BigPandaClient:
        """The client. What it loads takes a while, and a preview or an update with nothing to send never needs it."""
        with self._lock:
            if self._client is None:
                from .client import BigPandaClient

                self._client = BigPandaClient(self.address, token, self._timeout_s)
            return self._client

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
            if error.perhaps_arrived and error is not waits:
                self._recorded(lambda outbox: outbox.note(attempt.id, UNANSWERED))  # and the guard ends it
            else:
                self._forget(entry)
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
        return bool(self._left_here(self._of(Place(stack, name, self.address))))

    def how_it_ended(self, attempt: str) -> Previous | None:
        """How the outbox says that an attempt of an earlier run ended; None where it does not know.

        One whose scope went well is a success, though its process may be at that end still, or was killed before.
        """
        row = self._recorded(lambda outbox: outbox.find(attempt))
        if row is not None and row.status is None and self._went_well(attempt):
            row = self._other_has_finished(attempt) or row
            if row.status is None:
                return Previous(attempt, Status.SUCCESS, State.QUEUED)
        return None if row is None or row.status is None else Previous(row.id, row.status, row.end_state, row.reason)

    def note_end(self, attempt: Attempt) -> None:
        """Note how an attempt ended whose end waits, and which state is about to forget."""
        if attempt.end_state is State.QUEUED:
            reason = None if attempt.status is Status.SUCCESS else attempt.reason or INCOMPLETE
            self._recorded(lambda outbox: outbox.note(attempt.id, reason))

    def warn_without_token(self) -> None:
        """Warn where there is something to send and no token."""
        if self._token is None and self.mode is not Mode.OFF:
            self._warn(TOKENLESS)

    # -- for the release runner ----------------------------------------------------------------------------------------

    def lasts_as_long_as(self, attempt: str, owner: Owner) -> None:
        """Note that an attempt is not left open while that process runs, even where this one is gone."""
        self._entries[attempt].owner = owner
        self._record(self._entries[attempt])

    def end_now(self, attempt: str, status: Status, reason: str | None) -> Attempt:
        """Send the end of an attempt of this process, unless another one has ended it; returns it as it is then."""
        entry = self._entries[attempt]
        entry.owner = Owner.current()
        if not self._recorded(lambda outbox: outbox.end(attempt, status, reason)):
            row = self._recorded(lambda outbox: outbox.find(attempt))
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
        with contextlib.nullcontext() if self._outbox is None else self._outbox.kept_open():
            entries = self._adopt(rows)
            self._send_in_order(entries)
        return [entry.attempt for entry in entries]

    # -- for the guard -------------------------------------------------------------------------------------------------

    def open_attempts(self) -> list[str]:
        """The ids of this process's attempts that have no end yet, or whose end is still on the wire."""
        with self._lock:
            return [e.attempt.id for e in self._entries.values() if e.attempt.end_state is None or e.sending.locked()]

    def noted(self, attempt: str) -> Note | None:
        """What the program's process has noted of the attempt."""
        return self._recorded(lambda outbox: outbox.noted(attempt))

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
        row = self._recorded(lambda outbox: outbox.find(attempt.id))
        known = (row and row.attempt()) or (attempt if attempt.start_state is State.DELIVERED else None)
        return None if known is None else self._add(place, known, secret=secret)

    def _forget(self, entry: _Entry) -> None:
        with self._lock:
            del self._entries[entry.attempt.id]
        self._recorded(lambda outbox: outbox.forget(entry.attempt.id))

    def _claim(self, entry: _Entry, status: Status, reason: str | None) -> None:
        """Give the attempt its end, unless it has one."""
        with self._lock:
            entry.attempt = entry.attempt.ended(status, reason)
        self._record(entry)

    def _take_over(self, place: Place, left: Iterable[Attempt], *, secret: bool, stored: bool = True) -> list[_Entry]:
        """What earlier runs of this Deployment left, oldest first, each with its end: this process sees to it now.

        Each is as the outbox knows it, which is newer than state. One that is known to have arrived is left out.
        """
        found: dict[str, _Entry] = {}
        for attempt in left:
            row = self._other_has_finished(attempt.id)
            known = (row and row.attempt(attempt.start)) or attempt
            if not known.settled:
                found[attempt.id] = self._add(place, self._ended(known), secret=secret, stored=stored)
        rows = self._of(place)
        for adopted in self._adopt(self._left_here(rows)):
            found[adopted.attempt.id] = adopted
        for row in rows:
            if row.stored and row.id not in self._entries:  # state no longer holds it: another machine has sent it
                self._recorded(partial(Outbox.forget, attempt=row.id))
        return list(found.values())

    def _adopt(self, rows: Iterable[Row]) -> list[_Entry]:
        """Take over attempts of processes that are gone; one that they left open has failed.

        Those that another process was quicker to take are left out.
        """
        found = list(rows)
        ours = self._recorded(lambda outbox: outbox.hand_over(found, Owner.current())) if found else []
        return [self._adopted(row) for row in (found if ours is None else ours)]

    def _adopted(self, row: Row) -> _Entry:
        attempt = row.attempt()
        assert attempt is not None
        ended = self._ended(attempt)
        return self._add(row.place, ended, secret=False, stored=row.stored, folder=row.folder, written=ended == attempt)

    def _ended(self, attempt: Attempt) -> Attempt:
        """An attempt of an earlier run with its end: what was noted before that run was killed, else a failure."""
        note = None if attempt.status is not None else self.noted(attempt.id)
        if note is not None and note.reason is None:
            return attempt.ended(Status.SUCCESS)
        return attempt.ended(Status.FAILURE, INCOMPLETE if note is None else note.reason)

    def _went_well(self, attempt: str) -> bool:
        note = self.noted(attempt)
        return note is not None and note.reason is None

    def _left_here(self, rows: Iterable[Row]) -> list[Row]:
        """Those that the outbox alone has, of processes that are gone.

        What state holds is left to the run that finds it there: another machine may have sent it in the meantime. How
        an update ended that the release runner left open is for the runner to find out.
        """
        unheld = (row for row in rows if not row.stored and row.start is not None and row.id not in self._entries)
        ours = (row for row in unheld if row.status is not None or (row.left_open and row.folder is None))
        return [row for row in ours if not row.owner.alive]

    def _of(self, place: Place) -> list[Row]:
        """What the outbox has of a Deployment and of other processes that is not settled, oldest first."""
        return [row for row in self._unsettled(place.stack) if row.place == place]

    def _unsettled(self, stack: str) -> list[Row]:
        """What the outbox has of other processes that is not settled, oldest first."""
        return self._recorded(lambda outbox: outbox.unsettled(stack, self.address, besides=Owner.current())) or []

    def _other_has_finished(self, attempt: str) -> Row | None:
        """The outbox's row of the attempt, once no other process is busy with it; waits for one for a limited time."""
        deadline = time.monotonic() + OTHER_OWNER_LIMIT_S
        while True:
            row = self._recorded(lambda outbox: outbox.find(attempt))
            mine = row is None or row.owner == Owner.current()
            if row is None or mine or row.end_state not in (None, State.QUEUED) or not row.owner.alive:
                return row
            if time.monotonic() > deadline:
                return row
            time.sleep(0.1)

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
            if entry.attempt.start_state is State.QUEUED:
                start = entry.attempt.start
                error = self._post(lambda client, limit_s: client.start(start, limit_s), deadline)
                self._update(entry, start_state=_state(error))
            if entry.attempt.end_state is not State.QUEUED:
                return error
            end = entry.attempt.end
            if entry.attempt.start_state is State.REJECTED:
                self._update(entry, end_state=State.REJECTED)
            elif entry.attempt.start_state is State.DELIVERED and end is not None:
                error = self._post(lambda client, limit_s: client.end(end, limit_s), deadline)
                self._update(entry, end_state=_state(error))
            return error
        finally:
            entry.sending.release()

    def _post(self, send: Callable[[BigPandaClient, float], None], deadline: float | None) -> DeliveryError | None:
        """Post one event, unless BigPanda is given its quiet; what goes wrong is a warning."""
        if self._token is None or self.mode is Mode.OFF:
            self.warn_without_token()
            return UnavailableError(TOKENLESS)
        limit_s = self._timeout_s if deadline is None else min(self._timeout_s, deadline - time.monotonic())
        if limit_s <= 0 or (time.monotonic() < self._quiet_until and self.mode is not Mode.REQUIRED):
            return UnavailableError("BigPanda did not take the last event, so it is not asked again yet")
        try:
            send(self._opened(self._token), limit_s)
        except RejectedError as error:
            self._warn(f"BigPanda does not take this event, so it is not sent again: {error}")
            return error
        except DeliveryError as error:
            self.trouble = str(error)
            self._quiet_until = time.monotonic() + QUIET_FACTOR * self._timeout_s
            if self.mode is not Mode.REQUIRED:
                self._warn(
                    f"events wait until BigPanda takes them, at the latest in the next update: {error}", about="outage"
                )
            return error
        return None

    def _flush(self, stack: str) -> None:
        """Send what else waits of this stack, oldest first, now that BigPanda answers.

        What other processes left is looked for until it has been taken over once.
        """
        if time.monotonic() < self._quiet_until or self._token is None or not self._flushing.acquire(blocking=False):
            return
        try:
            if stack not in self._taken_over:
                rows = self._unsettled(stack)
                held = {row.place for row in rows if row.stored}  # older ones come first, in their own next update
                self._adopt(row for row in self._left_here(rows) if row.place not in held)
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

    # -- the outbox ----------------------------------------------------------------------------------------------------

    def _record(self, entry: _Entry) -> None:
        self._recorded(
            lambda outbox: outbox.record(
                entry.place,
                entry.owner,
                entry.attempt,
                secret=entry.secret,
                stored=entry.stored,
                folder=entry.folder,
            )
        )

    def _recorded(self, use: Callable[[Outbox], T]) -> T | None:
        """Use the outbox; one that cannot be used is a warning, and not tried again by this process."""
        if self._outbox is None:
            return None
        try:
            return use(self._outbox)
        except OutboxError as error:
            self._outbox = None
            self._warn(str(error), about="outbox")
            return None


def _state(error: DeliveryError | None) -> State:
    """What became of an event."""
    if error is None:
        return State.DELIVERED
    return State.REJECTED if isinstance(error, RejectedError) else State.QUEUED
