"""What earlier runs left behind: ends what was left open, and finds what of the outbox may be sent."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from pulumi.automation.errors import CommandError

from ...dataclass import dataclass
from ...delivery.attempt import End
from ...delivery.delivery import Delivery
from ...delivery.origin import Origin
from ...delivery.outbox import Outbox
from ...delivery.record import Place, Record, Recorder
from ...errors import ReleaseError
from ...program.checkpoint import Checkpoint
from ..engine import lock
from ..engine.process import Engine, Interrupts
from ..runner import mark
from .flushed import Flushed, Part, waiting
from .records import readable

HISTORY_LENGTH = 100
"""How many updates back one is looked for."""

LOCKED_S = 3600.0
"""How long a stack's lock says that the engine of a killed runner is still at it; a killed engine leaves it behind."""
UNDER_WAY = ("in-progress", "not-started")
"""The results in a stack's history of an update that is not over."""

KILLED = "the release runner was killed before the update was over"
KILLED_AND_FAILED = "the update failed after the release runner was killed"
KILLED_AND_UNKNOWN = "the release runner was killed, and the result of the update is unknown"

ONLY_IN_STATE = "it has secret properties, which are only in the stack's state; the next update of the stack sends it"
IN_PROGRESS = "it is in progress"
AFTER_ANOTHER = "an earlier event of the same deployment is queued"


def end_orphans(outbox: Outbox, *, of_all: bool = False) -> list[Record]:
    """End the releases whose runner and engine are gone, as their stacks' histories say; returns what waits of them.

    The engine goes on without its runner, so it may have succeeded. Who takes one over ends and sends it: others may
    look for such at the same moment.

    Args:
        outbox: the record of all attempts.
        of_all: whether to end also what was recorded on another machine, if the stack's history cannot be read here:
            a machine that can read it may tell how the update went, and some have a history of their own.

    Raises:
        OutboxError: the outbox cannot be used.
    """
    found = readable(outbox, outbox.unsettled_of_all())
    now = outbox.now()
    orphans = [one for one in found if one.recorder is Recorder.RUNNER and one.is_orphaned(now)]
    asked = {one.place.stack: one for one in orphans}  # one of each stack: the engine takes a while to answer
    stacks = {stack: _Stack.of(one) for stack, one in asked.items()}
    ended = ((one, _how_it_went(one, stacks[one.place.stack], now, of_all=of_all)) for one in orphans)
    ends = {one.id: end for one, end in ended if end is not None}
    taken = outbox.take(one for one in orphans if one.id in ends)
    for one in taken:
        outbox.end(one.id, ends[one.id])
    return [record for one in taken if (record := outbox.get(one.id)) is not None]


@dataclass(frozen=True)
class _Stack:
    """What is known of a stack.

    Attributes:
        updates: its last updates, newest first; None where they cannot be read here.
        is_locked: whether an update has it, as far as that is known.
    """

    updates: Sequence[Mapping[str, Any]] | None
    is_locked: bool = False

    @classmethod
    def of(cls, record: Record) -> _Stack:
        """That of a record; its lock is looked at first, since an update that ends meanwhile is in the history then."""
        engine = Engine(Interrupts())
        pages = ("--page-size", str(HISTORY_LENGTH), "--page", "1")
        try:
            backend = json.loads(_pulumi(record, engine, "whoami", "--json", of_stack=False)).get("url")
            is_locked = lock.is_held(str(backend), record.place.stack)
            return cls(json.loads(_pulumi(record, engine, "stack", "history", *engine.as_json, *pages)), is_locked)
        except (CommandError, ReleaseError, ValueError, OSError):
            return cls(None)


def _how_it_went(record: Record, stack: _Stack, now: float, *, of_all: bool) -> End | None:
    """How the update of a record went, as its stack's history says.

    Returns:
        None while the engine is still at it, and where somebody else may know.
    """
    if stack.updates is None:
        is_known = of_all or record.holder.is_visible
        return End.failure(KILLED_AND_UNKNOWN).timed(record.last_seen) if is_known else None
    ended = next((one for one in stack.updates if mark(record.id) in (one.get("message") or "")), {})
    at, result = _unix_seconds(ended.get("endTime"), record.last_seen), ended.get("result")
    may_go_on = not ended and stack.is_locked and not record.holder.is_visible and now < record.last_seen + LOCKED_S
    if result in UNDER_WAY or may_go_on:
        return None
    if result == "succeeded":
        return End.success().timed(at)
    return End.failure(KILLED_AND_FAILED if result == "failed" else KILLED).timed(at)


def _unix_seconds(told: object, otherwise: float) -> float:
    """A time as the stack's history tells it."""
    try:
        return dt.datetime.fromisoformat(str(told).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return otherwise


def flush(
    delivery: Delivery,
    stack: str | None,
    mine: Origin | None = None,
    told: Callable[[int, float], None] | None = None,
) -> Flushed:
    """Send what waits for the delivery's address, of every stack or of one alone.

    Args:
        delivery: sends it.
        stack: the stack's full name; every stack, if None.
        mine: who recorded it; anybody, if None.
        told: as in `Backlog.flush`.

    Raises:
        OutboxError: the outbox cannot be used.
    """
    outbox = delivery.outbox
    unsettled = readable(outbox, outbox.unsettled_of_all())
    every = [
        record
        for record in unsettled
        if stack in (None, record.place.stack)
        and (mine is None or mine.is_same_user(record.origin))
        and (record.attempt.waits or not record.is_left_to_person)
    ]
    found, records = _sorted_out(outbox, [record for record in every if record.place.address == delivery.address])
    for record in every:
        events = waiting(record.attempt, is_ended=False)
        if record.place.address != delivery.address and events:
            found.others.append(Part(record, events, record.why))
    before = {record.id: record for record in records}
    for attempt in delivery.backlog.flush(records, told):
        now = outbox.get(attempt.id)
        found.add(before[attempt.id], attempt, None if now is None else now.why)
    return found


def _sorted_out(outbox: Outbox, records: Collection[Record]) -> tuple[Flushed, list[Record]]:
    """What may not be sent, and what may; where one event of a deployment is kept, those after it are."""
    found, may_be_sent = Flushed(), list[Record]()
    states: dict[str, Checkpoint | None] = {}
    kept: set[Place] = set()
    for record in records:
        why = AFTER_ANOTHER if record.place in kept else _why_kept(outbox, record)
        if why is not None:
            kept.add(record.place)
            found.kept.append(Part(record, waiting(record.attempt, is_ended=False), why))
            continue
        stack = record.place.stack
        if record.recorder is Recorder.DEPLOYMENT and stack not in states:
            states[stack] = _state(record)
            if states[stack] is None and record.in_state:
                found.unsure.append(stack)
        state = states.get(stack)
        if record.recorder is Recorder.DEPLOYMENT and state is not None and record.id in state.sent:
            found.sent_elsewhere.append(Part(record, waiting(record.attempt, is_ended=True)))
            outbox.mark_sent([record], {})
            continue
        may_be_sent.append(record)
    return found, may_be_sent


def _why_kept(outbox: Outbox, record: Record) -> str | None:
    is_going_on = record.attempt.is_open and record.recorder is Recorder.RUNNER  # else it would have been ended
    if is_going_on or (record.is_held(outbox.now()) and not outbox.looks_after(record.id)):
        return IN_PROGRESS
    return ONLY_IN_STATE if record.attempt.start is None else None


def _state(record: Record) -> Checkpoint | None:
    """What the stack's state holds now; None where it cannot be read."""
    try:
        exported = json.loads(_pulumi(record, Engine(Interrupts()), "stack", "export"))
        resources = exported["deployment"].get("resources") or []
    except (CommandError, ReleaseError, ValueError, KeyError, OSError):
        return None
    return Checkpoint.of({resource["urn"]: resource for resource in resources})


def _pulumi(record: Record, engine: Engine, *command: str, of_stack: bool = True) -> str:
    """What a command prints of a record's stack. Its full name is enough where the project is not at hand."""
    folder = record.folder if record.folder and pathlib.Path(record.folder).is_dir() else str(pathlib.Path.cwd())
    return engine.run([*command, *(("--stack", record.place.stack) if of_stack else ())], folder, {}).stdout
