"""Brings the events of attempts to BigPanda: each attempt's start before its end, and those of one Deployment in order.

What others ask of it stands here: the providers, the guard and the release runner. `queue.py` sends what waits of
a Deployment in its order, `takeover.py` looks after what earlier processes left, and `backlog.py` sends the rest.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property

from ..bigpanda import hidden
from ..errors import DeliveryError, UndeliveredError
from ..settings import Mode, Settings
from ..state import DeliveryStatus, Status
from .attempt import Attempt, End
from .backlog import Backlog
from .holder import Holder
from .origin import Origin
from .outbox import Outbox
from .queue import Queue
from .record import Note, Place, Record, Recorder
from .sender import Sender
from .stored import location
from .takeover import POLL_S, Left, Takeover
from .warn import Warn

ADDING_LIMIT_S = 5.0
"""How long, beside the time limit of an event, an addition of hosts may take with all that it waits for."""
UNANSWERED = "BigPanda did not confirm the start, and delivery is required"
"""The reason of an attempt that is given up because nobody knows whether its start arrived."""


class Delivery:
    """Sends events with the given settings, and looks after every attempt that it is given.

    Args:
        settings: where to and how.
        outbox: the record of all attempts.
        warn: tells the user of what went wrong.
        sender: gets one event through; made from the settings, unless given.
        running_s: how long the update has been running at least, in seconds.

    Attributes:
        mode: what an event that does not get through does to the update.
        address: BigPanda's base URL.
        outbox: the record of all attempts.
        sender: gets one event through.
        backlog: what waits beside the events of this update.
    """

    def __init__(
        self, settings: Settings, outbox: Outbox, warn: Warn, sender: Sender | None = None, *, running_s: float = 0.0
    ) -> None:
        self.mode = settings.delivery.value
        self._mode_is_from = settings.delivery.name
        self.address = settings.base_url.value
        self._timeout_s = settings.timeout_seconds.value
        self._secrets = (*settings.secrets, *location.secrets(os.environ))
        self.outbox = outbox
        self.sender = Sender(settings, warn) if sender is None else sender
        self._takeover = Takeover(outbox)
        self._queue = Queue(outbox, self.sender, self._takeover)
        self.backlog = Backlog(outbox, self.sender, self._queue, self._takeover, self.address)
        self._lock = threading.Lock()  # of what follows
        self._seen: set[Place] = set()
        self._returned: set[str] = set()
        self._adding = threading.Lock()
        self._began = self.outbox.clock() - running_s

    # -- for the providers ---------------------------------------------------------------------------------------------

    def start(
        self,
        stack: str,
        name: str,
        attempt: Attempt,
        left: Left | None = None,
        *,
        secret: bool = False,
        recorder: Recorder = Recorder.DEPLOYMENT,
        folder: str | None = None,
        beside: str | None = None,
    ) -> tuple[Attempt, tuple[Attempt, ...]]:
        """Record a new attempt and send its start, after what earlier ones of this Deployment have left.

        Args:
            stack: the stack's full name.
            name: the Deployment's name.
            attempt: the new attempt.
            left: what state says of earlier ones.
            secret: whether properties of the event are secret: then they are not written into the outbox.
            recorder: who records it.
            folder: the project's folder, where the runner records the update of a whole stack.
            beside: the attempt of the Deployment itself, which another process has open meanwhile.

        Returns:
            The attempt with what became of its start, and what of the earlier ones still waits.

        Raises:
            DeliveryError: delivery is required, and the start did not get through. Nothing of it is kept, unless it
                may have arrived all the same: then it stays open, for the guard to end.
        """
        left = Left() if left is None else left
        if attempt.start is not None:
            attempt = replace(attempt, start=hidden.in_start(attempt.start, self._secrets))
        if self.mode is Mode.OFF:
            return attempt.start_became(DeliveryStatus.OFF), left.waiting
        place = self._place(stack, name)
        if beside is not None:
            self._takeover.goes_beside(beside)
        self._takeover.take_over(place, left, secret=secret)
        earlier = {one.id: one for one in left.waiting}
        earlier.update((record.id, record.attempt) for record in self.outbox.unsettled(place))
        self.outbox.begin(
            place,
            attempt,
            recorder=recorder,
            is_secret=secret,
            folder=folder,
            origin=self._origin,
            will_be_sent=not earlier and attempt.start is not None and self.sender.tries(attempt.api),
        )
        error = self._queue.send(place)
        if self.mode is Mode.REQUIRED and error is not None:
            self._give_up(attempt.id, place)
            raise error
        self.backlog.send_rest(stack)
        return self.outbox.updated(attempt), self._returning(attempt.id, earlier)

    def resend(
        self, stack: str, name: str, attempt: Attempt, left: Left, *, secret: bool = False, deleted: bool = False
    ) -> tuple[Attempt, tuple[Attempt, ...]]:
        """Send what waits of this Deployment, without a new attempt; returns as `start` does, for its last attempt.

        What waits of a Deployment that is deleted is known to the outbox alone from then on.
        """
        place = self._place(stack, name)
        self._takeover.take_over(place, left, secret=secret)
        for record in self.outbox.unsettled(place) if deleted else ():
            self.outbox.mark_in_state(record.id, False)
        error = self._queue.send(place)
        if self.mode is Mode.REQUIRED and error is not None:
            raise error
        self.backlog.send_rest(stack)
        # What the outbox alone knows may be newer than the last attempt in state, so it is no backlog of it.
        known = {one.id: one for one in left.waiting}
        return self._settled_meanwhile(attempt), () if deleted else self._returning(attempt.id, known)

    def end(
        self,
        stack: str,
        name: str,
        attempt: Attempt,
        end: End,
        *,
        secret: bool,
        in_state: bool = True,
        recorder: Recorder = Recorder.DEPLOYMENT,
    ) -> Attempt:
        """Send the end of an attempt, after all that waits of its Deployment.

        Who ends an attempt first decides how it ended; the attempt that is returned tells.

        Args:
            stack: the stack's full name.
            name: the Deployment's name.
            attempt: the attempt, as far as its Completion knows it.
            end: how it went.
            secret: whether properties of the event are secret.
            in_state: whether the stack's state holds it, as it does where its Completion asks.
            recorder: who recorded it, where the outbox does not know it.
        """
        end = self._hidden(end).timed(self.outbox.clock())
        if attempt.start_delivery is DeliveryStatus.OFF:
            return attempt.ended(end).end_became(DeliveryStatus.OFF)
        place = self._place(stack, name)
        if not self._look_after(place, attempt, recorder, secret=secret):
            record = self.outbox.find(attempt.id)
            return (attempt if record is None else replace(record.attempt, start=attempt.start)).ended(end)
        self.outbox.end(attempt.id, end, in_state=in_state)
        if self.mode is not Mode.OFF:
            self._queue.send(place)
            self.backlog.send_rest(stack)
        return self.outbox.updated(attempt)

    def add_hosts(self, attempt: str, hosts: Collection[str]) -> Attempt | None:
        """Add hosts to a deployment in progress that another process has begun, and tell BigPanda.

        Args:
            attempt: the attempt's id.
            hosts: the hosts.

        Returns:
            The attempt with all of its hosts; None where that cannot be: its API joins an end with its start by the
            hosts, it has ended, BigPanda has rejected it, or the outbox does not have it.

        Raises:
            DeliveryError: delivery is required, and it did not get through.
        """
        with self._adding:  # of two posts, the later one has the hosts of both
            found = self.outbox.find(attempt)
            if found is None or found.attempt.is_rejected or not self.sender.says_all(found.attempt.api):
                return None
            record = self.outbox.add_hosts(attempt, hosts, ADDING_LIMIT_S + self._timeout_s)
            if record is None or record.attempt.start is None:
                return None
            try:
                error = None
                if record.attempt.start_delivery is DeliveryStatus.DELIVERED:  # else who sends it sends these too
                    error = self.sender.start(attempt, record.attempt.start)
            finally:
                self.outbox.addition_is_over(attempt)
        if self.mode is Mode.REQUIRED and error is not None:
            raise error
        return record.attempt

    def has_left(self, stack: str, name: str, left: Left) -> bool:
        """Whether an earlier run has left something of a Deployment that no process looks after and that can be sent.

        Args:
            stack: the stack's full name.
            name: the Deployment's name.
            left: what state says of it.
        """
        place, now = self._place(stack, name), self.outbox.now()
        found = [r for r in self._takeover.others_lately(stack, self.address, place.name) if r.id not in left.sent]
        return bool(left.waiting) or any(r.is_known and r.may_be_ended and r.is_free(now) for r in found)

    def waiting(self, stack: str, name: str, *, in_state: bool = False) -> int:
        """How many events of a Deployment wait, of those that an update would send.

        Args:
            stack: the stack's full name.
            name: the Deployment's name.
            in_state: whether to count those that state knows of, or those that this outbox alone does.
        """
        now = self.outbox.now()
        found = [
            r for r in self._takeover.others_lately(stack, self.address, name) if r.in_state is in_state and r.is_known
        ]
        attempts = [r.attempt for r in found if r.may_be_ended and r.is_free(now)]
        queued = DeliveryStatus.QUEUED
        return sum((one.start_delivery is queued) + (one.end is None or one.end.delivery is queued) for one in attempts)

    def last_attempt(self, stack: str, name: str) -> str | None:
        """The id of a Deployment's last attempt; None where this outbox knows of none."""
        record = self.outbox.last_of(self._place(stack, name))
        return None if record is None or record.recorder is not Recorder.DEPLOYMENT else record.id

    def is_another_s(self, attempt: str) -> bool:
        """Whether another process that runs looks after an attempt that is open."""
        record = self.outbox.find(attempt)
        if record is None or not record.attempt.is_open or self.outbox.looks_after(attempt):
            return False
        return not record.is_free(self.outbox.now())

    def how_it_ended(self, attempt: str) -> End | None:
        """How an attempt of an earlier run ended; None where that is not known.

        One whose scope went well is a success, though its process may be at that end still, or was killed before.
        """
        record = self.outbox.find(attempt)
        if record is not None and record.attempt.is_open:
            note = self.outbox.noted(attempt)
            if note is None or note.reason is not None:
                return None
            self._takeover.wait_for_others(record.place)
            record = self.outbox.find(attempt)
            if record is None or record.attempt.is_open:
                return End.success()
        return None if record is None else record.attempt.end

    def note_end(self, attempt: str, end: End) -> None:
        """Note how an attempt ended whose end waits, and which state is about to forget."""
        if end.delivery is DeliveryStatus.QUEUED:
            why = None if end.status is Status.SUCCESS else end.reason or End.incomplete().reason
            self.outbox.note(attempt, why)

    # -- for the release runner ----------------------------------------------------------------------------------------

    def lasts_as_long_as(self, attempt: str, holder: Holder) -> None:
        """Note that an attempt is not orphaned while that process runs, even where this one is gone."""
        self.outbox.hand_to(attempt, holder)

    def after_others(self, record: Record) -> Record:
        """A record of another process as it is once, within a limited time, nothing of its place is on the wire."""
        self._takeover.wait_for_others(record.place)
        return self.outbox.find(record.id) or record

    def end_now(self, attempt: str, end: End) -> Attempt:
        """Send the end of an attempt of this process, unless another one has ended it; returns it as it is then."""
        self.outbox.hand_to(attempt, Holder.current())
        record = self.outbox.get(attempt)
        assert record is not None
        self.outbox.end(attempt, self._hidden(end))
        self._queue.send(record.place)
        return self.outbox.updated(record.attempt)

    def undelivered(self, attempt: Attempt, secrets: Collection[str] = ()) -> str | None:
        """Why an update fails: delivery is required, and the end of an attempt did not get through; else None.

        Args:
            attempt: the attempt, which has its end.
            secrets: which of its properties are secret.
        """
        event, end = attempt.end_event, attempt.end
        if self.mode is not Mode.REQUIRED or event is None or end is None or end.delivery is not DeliveryStatus.QUEUED:
            return None
        return (
            f"the end of {event.named(secrets)} did not get through, and delivery is required; the next update "
            f"sends it: {self.sender.trouble}"
        )

    def refused(self, what: str, why: DeliveryError) -> UndeliveredError:
        """The error of an update that may not go on: what did not get through, why, and the two ways on.

        Args:
            what: "the start of shop 2.4.1".
            why: what went wrong.
        """
        return UndeliveredError(
            f"{what} did not get through, and delivery is required ({self._mode_is_from}), so nothing was changed: "
            f"{str(why).rstrip('.')}. Try again when BigPanda accepts events, or set {self._mode_is_from} to "
            "bestEffort to deploy anyway"
        )

    # -- for the guard -------------------------------------------------------------------------------------------------

    def open_attempts(self) -> list[str]:
        """The ids of this process's attempts that have no end yet, or whose end is still on the wire."""
        busy = self._queue.busy()
        return [one.id for one in self.outbox.unsettled() if one.attempt.is_open or one.place in busy]

    def noted(self, attempt: str) -> Note | None:
        """What the program of this run has noted of an attempt, or, before it knew the attempt, of its Deployment."""
        note = self.outbox.noted(attempt)
        record = self.outbox.get(attempt)
        if note is not None or record is None:
            return note
        note = self.outbox.noted_of_deployment(record.place)
        is_old = note is not None and note.written < self.outbox.shared_time(self._began)
        return None if is_old else note

    def end_open(self, attempt: str, end: End) -> bool:
        """End an attempt that is still open; it is written down, and not sent yet. Whether it was open."""
        return self.outbox.end(attempt, end)

    def send_end(self, attempt: str, deadline: float) -> None:
        """Send what waits of an attempt, and of earlier ones of its Deployment before it.

        Args:
            attempt: its id.
            deadline: until when, as `time.monotonic()` tells it; an end on the wire is waited for.
        """
        record = self.outbox.get(attempt)
        if self.mode is not Mode.OFF and record is not None:
            self._queue.send(record.place, deadline)

    def left_by_program(self, deadline: float) -> list[str]:
        """Look after what the program of this update has left open; the ids of these attempts.

        A program that fails lets go of them; one that was killed is waited for until it is gone.
        """
        with self._lock:
            stacks = {place.stack for place in self._seen}
        taken: list[str] = []
        while True:
            others = [record for stack in stacks for record in self.outbox.others(stack, self.address)]
            left = [record for record in others if self._is_of_this_program(record)]
            held = [record for record in left if record.is_held(self.outbox.now())]
            taken += [record.id for record in self.outbox.take(record for record in left if record not in held)]
            if not held or time.monotonic() > deadline:
                return taken
            time.sleep(POLL_S)

    def _is_of_this_program(self, record: Record) -> bool:
        """Whether the program of this update has recorded it, and it is open: an earlier one's is older than this."""
        is_open = record.attempt.is_open and record.is_known
        is_new = record.recorded >= self.outbox.shared_time(self._began)
        return is_open and record.recorder is Recorder.PROGRAM and is_new

    def end_orphans(self, deadline: float) -> None:
        """End what killed updates of this stack left open of Deployments that are not in the program any more."""
        with self._lock:
            seen = set(self._seen)
        self.backlog.end_orphans(seen, deadline)

    def update_ended(self) -> None:
        """The update is over and was neither cancelled nor killed: the engine has stored what it was given."""
        with self._lock:
            returned = set(self._returned)
        for record in self.outbox.unsettled():
            if record.id in returned:
                self.outbox.mark_in_state(record.id)

    # -- attempts ------------------------------------------------------------------------------------------------------

    def _place(self, stack: str, name: str) -> Place:
        place = Place(stack, name, self.address)
        with self._lock:
            self._seen.add(place)
        return place

    @cached_property
    def _origin(self) -> Origin:
        return Origin.here(os.environ, self._secrets)

    def _hidden(self, end: End) -> End:
        """The end without token and app key in its reason."""
        return end if end.reason is None else replace(end, reason=hidden.in_text(end.reason, self._secrets))

    def _settled_meanwhile(self, attempt: Attempt) -> Attempt:
        """The attempt as it is now, also where it was sent or dropped since state was written."""
        found = self.outbox.find(attempt.id)
        if found is None or (self.outbox.get(attempt.id) is None and not found.attempt.is_settled):
            return attempt
        return replace(found.attempt, start=found.attempt.start or attempt.start)

    def _returning(self, last: str, earlier: Mapping[str, Attempt]) -> tuple[Attempt, ...]:
        """The engine is given the last attempt, and what of earlier ones still waits: the latter."""
        with self._lock:
            self._returned.update((last, *earlier))
        records = {one: self.outbox.find(one) for one in earlier if one != last}
        now = {one: earlier[one] if record is None else record.attempt for one, record in records.items()}
        waiting = [replace(attempt, start=attempt.start or earlier[one].start) for one, attempt in now.items()]
        return tuple(attempt for attempt in waiting if not attempt.is_settled and attempt.start is not None)

    def _look_after(self, place: Place, attempt: Attempt, recorder: Recorder, *, secret: bool) -> bool:
        """Look after an attempt of which only its Completion or a person tells; whether that is possible.

        A Completion does not hold the whole start. So where that still waits, somebody else has to know it.
        """
        if self.outbox.get(attempt.id) is not None:
            return True
        has_arrived = attempt.start_delivery is DeliveryStatus.DELIVERED
        record = self.outbox.find(attempt.id)
        if record is None:
            if has_arrived:
                self.outbox.begin(
                    place, attempt, recorder=recorder, is_secret=secret, in_state=True, origin=self._origin
                )
            return has_arrived
        is_known = has_arrived or record.is_known
        if not is_known or not record.is_free(self.outbox.now()) or not self.outbox.take([record], place):
            return False
        self.outbox.learn(attempt)
        return True

    def _give_up(self, attempt: str, place: Place) -> None:
        """Forget an attempt that never began. One whose start may have arrived stays open: the guard ends it.

        Another thread may have sent its start meanwhile, with all that waits, so what counts is what became of it.
        """
        with self._queue.line(place):
            record = self.outbox.get(attempt)
            if record is None:
                return
            if not record.in_doubt and record.attempt.start_delivery is not DeliveryStatus.DELIVERED:
                self.outbox.forget(attempt)
                return
        if record.is_secret:  # the file does not hold its start, so nobody could send it again: its end is what is left
            self.outbox.start_became(attempt, DeliveryStatus.DELIVERED)
        self.outbox.note(attempt, UNANSWERED)
