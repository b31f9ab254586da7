"""What earlier runs left behind: ends what was left open, and finds what of the outbox may be sent."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import time
from collections.abc import Callable, Collection
from typing import Any

from pulumi.automation.errors import CommandError

from ...delivery.attempt import End
from ...delivery.delivery import Delivery
from ...delivery.outbox import Outbox
from ...delivery.record import Place, Record, Recorder
from ...errors import ReleaseError
from ...program.checkpoint import Checkpoint
from ..engine.process import Engine, Interrupts
from ..runner import mark
from .flushed import Flushed, Part, waiting
from .records import readable

HISTORY_LENGTH = 100
"""How many updates back one is looked for."""

KILLED = "the release runner was killed before the update was over"
KILLED_AND_FAILED = "the update failed after the release runner was killed"
KILLED_AND_UNKNOWN = "the release runner was killed, and the result of the update is unknown"

ONLY_IN_STATE = "it has secret properties, which are only in the stack's state; the next update of the stack sends it"
IN_PROGRESS = "it is in progress"
AFTER_ANOTHER = "an earlier event of the same deployment is queued"


def end_orphans(outbox: Outbox) -> list[Record]:
    """End the releases whose runner and engine are gone, as their stacks' histories say; returns what waits of them.

    The engine goes on without its runner, so it may have succeeded. Who takes one over ends and sends it: others may
    look for such at the same moment.

    Raises:
        OutboxError: the outbox cannot be used.
    """
    found = readable(outbox, outbox.unsettled_of_all())
    now = time.time()
    taken = outbox.take(one for one in found if one.recorder is Recorder.RUNNER and one.is_orphaned(now))
    for one in taken:
        outbox.end(one.id, _how_it_went(one))
    return [record for one in taken if (record := outbox.get(one.id)) is not None]


def _how_it_went(record: Record) -> End:
    try:
        updates = [one for one in _history(record) if mark(record.id) in (one.get("message") or "")]
    except (CommandError, ReleaseError, ValueError, OSError):
        return End.failure(KILLED_AND_UNKNOWN).timed(record.last_seen)
    ended = updates[0] if updates else {}
    at = _unix_seconds(ended.get("endTime"), record.last_seen)
    if ended.get("result") == "succeeded":
        return End.success().timed(at)
    return End.failure(KILLED_AND_FAILED if ended.get("result") == "failed" else KILLED).timed(at)


def _unix_seconds(told: object, otherwise: float) -> float:
    """A time as the stack's history tells it."""
    try:
        return dt.datetime.fromisoformat(str(told).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return otherwise


def flush(delivery: Delivery, stack: str | None, told: Callable[[int, float], None] | None = None) -> Flushed:
    """Send what waits for the delivery's address, of every stack or of one alone.

    Args:
        delivery: sends it.
        stack: the stack's full name; every stack, if None.
        told: as in `Delivery.flush`.

    Raises:
        OutboxError: the outbox cannot be used.
    """
    outbox = delivery.outbox
    unsettled = readable(outbox, outbox.unsettled_of_all())
    every = [r for r in unsettled if stack in (None, r.place.stack) and (r.attempt.waits or not r.is_left_to_person)]
    found, records = _sorted_out(outbox, [record for record in every if record.place.address == delivery.address])
    for record in every:
        events = waiting(record.attempt, is_ended=False)
        if record.place.address != delivery.address and events:
            found.others.append(Part(record, events, record.why))
    before = {record.id: record for record in records}
    for attempt in delivery.flush(records, told):
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
    if record.is_held(time.time()) and not outbox.looks_after(record.id):
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


def _history(record: Record) -> list[dict[str, Any]]:
    """The last updates of a record's stack, newest first."""
    engine = Engine(Interrupts())
    pages = ("--page-size", str(HISTORY_LENGTH), "--page", "1")
    updates: list[dict[str, Any]] = json.loads(_pulumi(record, engine, "stack", "history", *engine.as_json, *pages))
    return updates


def _pulumi(record: Record, engine: Engine, *command: str) -> str:
    """What a command prints of a record's stack. Its full name is enough where the project is not at hand."""
    folder = record.folder if record.folder and pathlib.Path(record.folder).is_dir() else str(pathlib.Path.cwd())
    return engine.run([*command, "--stack", record.place.stack], folder, {}).stdout
