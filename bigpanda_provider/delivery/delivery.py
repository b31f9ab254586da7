"""Brings the events of attempts to BigPanda: each attempt's start before its end, and those of one Deployment in order.

The outbox knows what there is to send; here is when it is sent. Whatever is sent of a Deployment goes through
`Delivery._send`, whoever asks for it: one thread at a time, oldest first, and only while no other process is at it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..errors import DeliveryError, RejectedError, UnavailableError
from ..settings import Mode, Settings
from ..state import DeliveryStatus
from .attempt import Attempt, End
from .holder import Holder
from .outbox import Outbox
from .record import Note, Place, Record, Recorder
from .sender import Sender
from .warn import Warn

UNANSWERED = "BigPanda did not confirm the start, and delivery is required"
"""The reason of an attempt that is given up because nobody knows whether its start arrived."""
BUSY = "an earlier event of this deployment is still being sent by another process"

OTHERS_LIMIT_S = 6.0
"""How long to wait for another process that is at an earlier event: an engine gives its provider process 5 s."""
POLL_S = 0.1


@dataclass(frozen=True)
class Left:
    """What state says of the earlier attempts of a Deployment.

    Attributes:
        waiting: those that may not have arrived, oldest first; one without an end was left open.
        sent: the ends of those that are known to have arrived, by attempt; None where only that is known.
    """

    waiting: tuple[Attempt, ...] = ()
    sent: Mapping[str, End | None] = field(default_factory=dict)


class Delivery:
    """Sends events with the given settings, and looks after every attempt that it is given.

    Args:
        settings: where to and how.
        outbox: the record of all attempts.
        warn: tells the user of what went wrong.
        sender: gets one event through; made from the settings, unless given.

    Attributes:
        mode: what an event that does not get through does to the update.
        address: BigPanda's base URL.
        outbox: the record of all attempts.
        sender: gets one event through.
    """

    def __init__(self, settings: Settings, outbox: Outbox, warn: Warn, sender: Sender | None = None) -> None:
        self.mode = settings.delivery.value
        self.address = settings.base_url.value
        self.outbox = outbox
        self.sender = Sender(settings, warn) if sender is None else sender
        self._lock = threading.Lock()  # of what follows
        self._lines: dict[Place, threading.Lock] = {}
        self._seen: set[Place] = set()
        self._sent: dict[str, End | None] = {}  # what has arrived, as state says
        self._returned: set[str] = set()
        self._flushed: set[str] = set()
        self._flushing = threading.Lock()
        self._began = self.outbox.now()

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

        Returns:
            The attempt with what became of its start, and what of the earlier ones still waits.

        Raises:
            DeliveryError: delivery is required, and the start did not get through. Nothing of it is kept, unless it
                may have arrived all the same: then it stays open, for the guard to end.
        """
        left = Left() if left is None else left
        if self.mode is Mode.OFF:
            return attempt.start_became(DeliveryStatus.OFF), left.waiting
        place = self._place(stack, name)
        self._take_over(place, left, secret=secret)
        earlier = [record.id for record in self.outbox.unsettled(place)]
        self.outbox.begin(place, attempt, recorder=recorder, is_secret=secret, folder=folder)
        error = self._send(place)
        if self.mode is Mode.REQUIRED and error is not None:
            self._give_up(attempt.id, place)
            raise error
        self._flush(stack)
        return self._now(attempt), self._returning(attempt.id, earlier)

    def resend(
        self, stack: str, name: str, attempt: Attempt, left: Left, *, secret: bool = False, deleted: bool = False
    ) -> tuple[Attempt, tuple[Attempt, ...]]:
        """Send what waits of this Deployment, without a new attempt; returns as `start` does, for its last attempt.

        What waits of a Deployment that is deleted is known to the outbox alone from then on.
        """
        place = self._place(stack, name)
        self._take_over(place, left, secret=secret)
        earlier = [record.id for record in self.outbox.unsettled(place)]
        if deleted:
            for one in earlier:
                self.outbox.is_in_state(one, False)
        error = self._send(place)
        if self.mode is Mode.REQUIRED and error is not None:
            raise error
        self._flush(stack)
        waiting = () if deleted else self._returning(attempt.id, earlier)
        return self._now(attempt), waiting

    def end(self, stack: str, name: str, attempt: Attempt, end: End, *, secret: bool, in_state: bool = True) -> Attempt:
        """Send the end of an attempt, after all that waits of its Deployment.

        Who ends an attempt first decides how it ended; the attempt that is returned tells.

        Args:
            stack: the stack's full name.
            name: the Deployment's name.
            attempt: the attempt, as far as its Completion knows it.
            end: how it went.
            secret: whether properties of the event are secret.
            in_state: whether the stack's state holds it, as it does where its Completion asks.
        """
        if attempt.start_delivery is DeliveryStatus.OFF:
            return attempt.ended(end).end_became(DeliveryStatus.OFF)
        place = self._place(stack, name)
        if not self._look_after(place, attempt, secret=secret):
            record = self.outbox.find(attempt.id)
            return (attempt if record is None else replace(record.attempt, start=attempt.start)).ended(end)
        self.outbox.is_in_state(attempt.id, in_state)
        self.outbox.end(attempt.id, end)
        if self.mode is not Mode.OFF:
            self._send(place)
            self._flush(stack)
        return self._now(attempt)

    def has_left(self, stack: str, name: str, left: Left) -> bool:
        """Whether an earlier run has left something of a Deployment that no process looks after and that can be sent.

        Args:
            stack: the stack's full name.
            name: the Deployment's name.
            left: what state says of it.
        """
        place, now = self._place(stack, name), self.outbox.now()
        found = [r for r in self.outbox.others(stack, self.address, place.name) if r.id not in left.sent]
        return bool(left.waiting) or any(_can_be_sent(r) and _is_ours_to_end(r) and r.is_free(now) for r in found)

    def how_it_ended(self, attempt: str) -> End | None:
        """How an attempt of an earlier run ended; None where that is not known.

        One whose scope went well is a success, though its process may be at that end still, or was killed before.
        """
        record = self.outbox.find(attempt)
        if record is not None and record.attempt.is_open:
            note = self.outbox.noted(attempt)
            if note is None or note.reason is not None:
                return None
            self._wait_for_others(record.place)
            record = self.outbox.find(attempt)
            if record is None or record.attempt.is_open:
                return End.success()
        return None if record is None else record.attempt.end

    def note_end(self, attempt: str, end: End) -> None:
        """Note how an attempt ended whose end waits, and which state is about to forget."""
        if end.delivery is DeliveryStatus.QUEUED:
            why = None if end == End.success() else end.reason or End.incomplete().reason
            self.outbox.note(attempt, why)

    # -- for the release runner ----------------------------------------------------------------------------------------

    def lasts_as_long_as(self, attempt: str, holder: Holder) -> None:
        """Note that an attempt is not orphaned while that process runs, even where this one is gone."""
        self.outbox.hand_to(attempt, holder)

    def end_now(self, attempt: str, end: End) -> Attempt:
        """Send the end of an attempt of this process, unless another one has ended it; returns it as it is then."""
        self.outbox.hand_to(attempt, Holder.current())
        record = self.outbox.get(attempt)
        assert record is not None
        self.outbox.end(attempt, end)
        self._send(record.place)
        return self._now(record.attempt)

    def flush(self, records: Iterable[Record]) -> list[Attempt]:
        """Send what waits of these, up to the first that does not get through; each with what became of it.

        Args:
            records: what the outbox has of processes that are gone, and what this one has taken of it, oldest first.
                One that is open has failed.
        """
        found = list(records)
        self.outbox.take(record for record in found if not self.outbox.looks_after(record.id))
        taken = [record for record in found if self.outbox.looks_after(record.id)]
        for record in taken:
            self._end_left_open(record.id)
        for record in taken:
            error = self._send(record.place, upto=record.id)
            if error is not None and not isinstance(error, RejectedError):
                break
        return [self._now(record.attempt) for record in taken]

    # -- for the guard -------------------------------------------------------------------------------------------------

    def open_attempts(self) -> list[str]:
        """The ids of this process's attempts that have no end yet, or whose end is still on the wire."""
        with self._lock:
            busy = {place for place, line in self._lines.items() if line.locked()}
        return [one.id for one in self.outbox.unsettled() if one.attempt.is_open or one.place in busy]

    def noted(self, attempt: str) -> Note | None:
        """What the program of this run has noted of an attempt, or, before it knew the attempt, of its Deployment."""
        note = self.outbox.noted(attempt)
        record = self.outbox.get(attempt)
        if note is not None or record is None:
            return note
        note = self.outbox.noted_of_deployment(record.place)
        return None if note is None or note.written < self._began else note

    def end_open(self, attempt: str, end: End) -> None:
        """End an attempt that is still open; it is written down, and not sent yet."""
        self.outbox.end(attempt, end)

    def send_end(self, attempt: str, deadline: float) -> None:
        """Send what waits of an attempt, and of earlier ones of its Deployment before it.

        Args:
            attempt: its id.
            deadline: until when, as `time.monotonic()` tells it; an end on the wire is waited for.
        """
        record = self.outbox.get(attempt)
        if self.mode is not Mode.OFF and record is not None:
            self._send(record.place, deadline)

    def end_orphans(self, deadline: float) -> None:
        """End what killed updates of this stack left open of Deployments that are not in the program any more.

        Those that are in it have seen to theirs by now, and know from state how these ended.
        """
        with self._lock:
            stacks, seen = set(self._flushed), set(self._seen)
        now = self.outbox.now()
        for stack in stacks:
            gone = [r for r in self._in_outbox_alone(stack) if r.place not in seen and r.is_orphaned(now)]
            for record in self.outbox.take(record for record in gone if _is_ours_to_end(record)):
                self._end_left_open(record.id)
                self._send(record.place, deadline)

    def update_ended(self) -> None:
        """The update is over and was neither cancelled nor killed: the engine has stored what it was given."""
        for record in self.outbox.unsettled():
            if record.id in self._returned:
                self.outbox.is_in_state(record.id)

    # -- attempts ------------------------------------------------------------------------------------------------------

    def _place(self, stack: str, name: str) -> Place:
        place = Place(stack, name, self.address)
        with self._lock:
            self._seen.add(place)
        return place

    def _now(self, attempt: Attempt) -> Attempt:
        """The attempt as it is now."""
        record = self.outbox.get(attempt.id)
        return attempt if record is None else replace(record.attempt, start=record.attempt.start or attempt.start)

    def _returning(self, last: str, earlier: list[str]) -> tuple[Attempt, ...]:
        """The engine is given the last attempt, and what of earlier ones still waits: the latter."""
        with self._lock:
            self._returned.update((last, *earlier))
        found = [self.outbox.get(one) for one in earlier if one != last]
        return tuple(record.attempt for record in found if record is not None and not record.attempt.is_settled)

    def _look_after(self, place: Place, attempt: Attempt, *, secret: bool) -> bool:
        """Look after an attempt of which only its Completion or a person tells; whether that is possible.

        A Completion does not hold the whole start. So where that still waits, somebody else has to know it.
        """
        if self.outbox.get(attempt.id) is not None:
            return True
        has_arrived = attempt.start_delivery is DeliveryStatus.DELIVERED
        record = self.outbox.find(attempt.id)
        if record is None:
            if has_arrived:
                self.outbox.begin(place, attempt, is_secret=secret, in_state=True)
            return has_arrived
        is_known = has_arrived or _can_be_sent(record)
        if not is_known or not record.is_free(self.outbox.now()) or not self.outbox.take([record], place):
            return False
        self.outbox.learn(attempt)
        return True

    def _give_up(self, attempt: str, place: Place) -> None:
        """Forget an attempt that never began. One whose start may have arrived stays open: the guard ends it.

        Another thread may have sent its start meanwhile, with all that waits, so what counts is what became of it.
        """
        with self._line(place):
            record = self.outbox.get(attempt)
            if record is None:
                return
            if not record.in_doubt and record.attempt.start_delivery is not DeliveryStatus.DELIVERED:
                self.outbox.forget(attempt)
                return
        if record.is_secret:  # the file does not hold its start, so nobody could send it again: its end is what is left
            self.outbox.start_became(attempt, DeliveryStatus.DELIVERED)
        self.outbox.note(attempt, UNANSWERED)

    def _take_over(self, place: Place, left: Left, *, secret: bool) -> None:
        """Look after what earlier runs of this Deployment left, oldest first, each with its end.

        State and outbox each know some of it. A record goes only when state knows that it has arrived: another machine
        may have sent it. State may also be older than the outbox, as after an import; then the record is sent.
        """
        self._wait_for_others(place)
        with self._lock:
            self._sent.update(left.sent)
        for attempt in left.waiting:
            record = self.outbox.find(attempt.id)
            if record is None:
                self.outbox.begin(place, attempt, is_secret=secret, in_state=True)
            elif self.outbox.get(attempt.id) is None and record.is_free(self.outbox.now()):
                self.outbox.take([record], place)
            if self.outbox.get(attempt.id) is not None:
                self.outbox.learn(attempt)
                self._end_left_open(attempt.id)
        self._take_free(self.outbox.others(place.stack, place.address, place.name))

    def _take_free(self, records: Iterable[Record]) -> list[Record]:
        """Look after those of a Deployment's records that no process looks after; what of them is to be sent.

        Those that have arrived, as state says, are only recorded as such.
        """
        now = self.outbox.now()
        free = [record for record in records if record.is_free(now)]
        with self._lock:
            sent = {record.id: self._sent[record.id] for record in free if record.id in self._sent}
        ends = {attempt: end for attempt, end in sent.items() if end is not None}
        self.outbox.sent_elsewhere([record for record in free if record.id in sent], ends)
        left = [r for r in free if r.id not in sent and _can_be_sent(r) and _is_ours_to_end(r)]
        taken = self.outbox.take(left)
        for record in taken:
            self._end_left_open(record.id)
        return taken

    def _in_outbox_alone(self, stack: str) -> list[Record]:
        """What others have recorded of a stack, without those Deployments of which state holds something that waits.

        These older ones have to be sent first, by the run that finds them in state.
        """
        found = self.outbox.others(stack, self.address)
        held = {record.place for record in found if record.in_state}
        return [record for record in found if record.place not in held and _can_be_sent(record)]

    def _end_left_open(self, attempt: str) -> None:
        """Give an attempt of an earlier run its end: what was noted before that run was killed, else a failure."""
        record = self.outbox.get(attempt)
        if record is not None and record.attempt.is_open:
            note = self.outbox.noted(attempt)
            self.outbox.end(attempt, End.incomplete() if note is None else note.end)

    def _wait_for_others(self, place: Place) -> None:
        """Wait, for a limited time, while another process is at what is left of a Deployment."""
        deadline = time.monotonic() + OTHERS_LIMIT_S
        while self.outbox.is_busy_elsewhere(place) and time.monotonic() < deadline:
            time.sleep(POLL_S)

    # -- sending -------------------------------------------------------------------------------------------------------

    def _line(self, place: Place) -> threading.Lock:
        with self._lock:
            return self._lines.setdefault(place, threading.Lock())

    def _send(self, place: Place, deadline: float | None = None, upto: str | None = None) -> DeliveryError | None:
        """Send what waits of a Deployment, oldest first, and stop at the first that does not get through.

        Args:
            place: the Deployment.
            deadline: until when, as `time.monotonic()` tells it.
            upto: the last attempt to send; all, if None.

        Returns:
            What went wrong with the last event that was tried.
        """
        line = self._line(place)
        if not line.acquire(timeout=-1.0 if deadline is None else max(deadline - time.monotonic(), 0.0)):
            return None  # it is on the wire, and the time is up
        try:
            error: DeliveryError | None = None
            for attempt in self._waiting(place):
                error = self._send_one(attempt, deadline)
                if error is not None and not isinstance(error, RejectedError):
                    return error
                if attempt == upto:
                    break
            return error
        except UnavailableError as busy:
            return busy
        finally:
            line.release()

    def _waiting(self, place: Place) -> list[str]:
        """What waits of a Deployment, oldest first, with what other processes have left of it meanwhile.

        Raises:
            UnavailableError: one of them is still at something that comes before.
        """
        waiting = [record for record in self.outbox.unsettled(place) if record.attempt.waits]
        if not waiting:
            return []
        others = self.outbox.others(place.stack, place.address, place.name)
        earlier = [record for record in others if record.recorded < waiting[0].recorded]
        if any(record.is_busy(self.outbox.now()) for record in earlier):
            raise UnavailableError(BUSY)
        return [record.id for record in (*self._take_free(earlier), *waiting)]

    def _send_one(self, attempt: str, deadline: float | None) -> DeliveryError | None:
        """Send what waits of an attempt: its start, then its end if it has one. Returns what went wrong."""
        error = self._send_start(attempt, deadline)
        record = self.outbox.get(attempt)
        end = None if record is None else record.attempt.end
        if record is None or end is None or end.delivery is not DeliveryStatus.QUEUED:
            return error
        if record.attempt.start_delivery is DeliveryStatus.REJECTED:
            self.outbox.end_became(attempt, DeliveryStatus.REJECTED)
            return error
        event = record.attempt.end_event
        if record.attempt.start_delivery is DeliveryStatus.DELIVERED and event and self.outbox.still_holds(attempt):
            error = self.sender.end(event, deadline, secret=record.is_secret)
            self.outbox.end_became(attempt, _became(error, in_doubt=error is not None and error.perhaps_arrived))
        return error

    def _send_start(self, attempt: str, deadline: float | None) -> DeliveryError | None:
        record = self.outbox.get(attempt)
        if record is None or record.attempt.start_delivery is not DeliveryStatus.QUEUED:
            return None
        event = record.attempt.start
        if event is None or not self.outbox.still_holds(attempt):
            return None
        if self.sender.tries and not record.in_doubt:
            self.outbox.start_is_on_the_wire(attempt)
        error = self.sender.start(event, deadline, secret=record.is_secret)
        in_doubt = record.in_doubt or (error is not None and error.perhaps_arrived)
        became = _became(error, in_doubt=in_doubt)
        self.outbox.start_became(attempt, became, in_doubt=in_doubt and became is DeliveryStatus.QUEUED)
        return error

    def _flush(self, stack: str) -> None:
        """Send what else waits of this stack, oldest first, now that BigPanda answers.

        What other processes left is taken over once. What state holds is left to the run that finds it there, and what
        was left open to its Deployment, which knows from state how it ended.
        """
        if self.sender.waits or not self._flushing.acquire(blocking=False):
            return
        try:
            with self._lock:
                is_first = stack not in self._flushed
                self._flushed.add(stack)
            if is_first:
                now = self.outbox.now()
                ended = [record for record in self._in_outbox_alone(stack) if not record.attempt.is_open]
                self.outbox.take(record for record in ended if record.is_free(now))
            with self._lock:
                busy = {place for place, line in self._lines.items() if line.locked()}
            for record in self.outbox.unsettled():
                if record.attempt.waits and record.place not in busy:
                    error = self._send(record.place, upto=record.id)
                    if error is not None and not isinstance(error, RejectedError):
                        return
        finally:
            self._flushing.release()


def _can_be_sent(record: Record) -> bool:
    """Whether its events are known here; those with secret properties are not."""
    return record.attempt.start is not None


def _is_ours_to_end(record: Record) -> bool:
    """Whether it has its end, or a run may give it one: how an update went that the runner recorded, it finds out."""
    return not record.attempt.is_open or record.recorder in (Recorder.DEPLOYMENT, Recorder.PROGRAM)


def _became(error: DeliveryError | None, *, in_doubt: bool) -> DeliveryStatus:
    """What became of an event.

    One that is rejected when it is sent again, after an answer was lost, counts as delivered: the first one may have
    arrived, and then that is why. So its deployment gets its end.
    """
    if error is None:
        return DeliveryStatus.DELIVERED
    if isinstance(error, RejectedError):
        return DeliveryStatus.DELIVERED if in_doubt else DeliveryStatus.REJECTED
    return DeliveryStatus.QUEUED
