"""What earlier runs left behind: ends what was left open, and finds what of the outbox may be sent."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Collection
from dataclasses import dataclass, field

from pulumi.automation.errors import CommandError

from ..bigpanda.events import Status
from ..delivery.attempt import Attempt, State
from ..delivery.delivery import Delivery
from ..delivery.outbox import BY_HAND, Outbox, Place, Row
from ..errors import ReleaseError
from ..program.checkpoint import Checkpoint
from .engine import Engine, Interrupts
from .runner import mark

HISTORY_LENGTH = 100
"""How many updates back one is looked for."""

KILLED = "the release runner was killed before the update was over"
KILLED_AND_FAILED = "the update failed after the release runner was killed"
KILLED_AND_UNKNOWN = "the release runner was killed, and how the update ended cannot be found out"

ONLY_IN_STATE = (
    "it has secret properties, which stand in its stack's state alone; the next update of the stack sends it"
)
IN_PROGRESS = "it is in progress"
BY_HAND_OPEN = "it is in progress until `bigpanda-release end` is called for it"
AFTER_ANOTHER = "an earlier event of the same deployment waits"


def end_left_open(outbox: Outbox) -> list[Row]:
    """End the releases whose runner and engine are gone, as their stacks' histories say; returns what waits of them.

    The engine goes on without its runner, so it may have succeeded.

    Raises:
        OutboxError: the outbox cannot be used.
    """
    left = [row for row in outbox.waiting() if row.folder is not None and row.left_open]
    for row in left:
        outbox.end(row.id, *_how_it_went(row))
    return [row for row in map(outbox.find, (row.id for row in left)) if row is not None]


def _how_it_went(row: Row) -> tuple[Status, str | None]:
    try:
        told = _pulumi(row, "stack", "history", "--json", "--page-size", str(HISTORY_LENGTH), "--page", "1")
        updates = [(update.get("message") or "", update.get("result")) for update in json.loads(told)]
    except (CommandError, ReleaseError, ValueError, OSError):
        return Status.FAILURE, KILLED_AND_UNKNOWN
    result = next((result for message, result in updates if mark(row.id) in message), None)
    if result == "succeeded":
        return Status.SUCCESS, None
    return Status.FAILURE, KILLED_AND_FAILED if result == "failed" else KILLED


@dataclass
class Flushed:
    """What became of what waited in the outbox.

    Attributes:
        rows: what may be sent by hand, oldest first.
        done: these, with what became of them.
        kept: what may not be, each with the reason.
        sent_elsewhere: what another machine has sent in the meantime: its stack's state does not hold it any more.
        unsure: the stacks whose state cannot be read, so that another machine may have sent some of these rows.
        others: the addresses that the rest waits for.
    """

    rows: list[Row] = field(default_factory=list)
    done: list[Attempt] = field(default_factory=list)
    kept: list[tuple[Row, str]] = field(default_factory=list)
    sent_elsewhere: list[Row] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything that may be sent was."""
        return all(attempt.settled for attempt in self.done)


def flush(outbox: Outbox, delivery: Delivery, stack: str | None) -> Flushed:
    """Send what waits for the delivery's address, of every stack or of one alone.

    Raises:
        OutboxError: the outbox cannot be used.
    """
    rows = [row for row in outbox.waiting() if stack is None or row.place.stack == stack]
    found = _sorted_out([row for row in rows if row.place.address == delivery.address])
    found.others = sorted({row.place.address for row in rows} - {delivery.address})
    for row in found.sent_elsewhere:
        outbox.forget(row.id)
    found.done = delivery.flush(found.rows)
    return found


def _sorted_out(rows: Collection[Row]) -> Flushed:
    """What may be sent; where one event of a deployment is kept, those after it are."""
    found = Flushed()
    states: dict[str, Checkpoint | None] = {}
    kept: set[Place] = set()
    for row in rows:
        why = AFTER_ANOTHER if row.place in kept else _why_kept(row)
        if why is not None:
            kept.add(row.place)
            found.kept.append((row, why))
            continue
        if row.stored:
            stack = row.place.stack
            if stack not in states:
                states[stack] = _state(row)
                if states[stack] is None:
                    found.unsure.append(stack)
            state = states[stack]
            if state is not None and not _waits(state, row):
                found.sent_elsewhere.append(row)
                continue
        found.rows.append(row)
    return found


def _why_kept(row: Row) -> str | None:
    if row.status is None and row.place.stack == BY_HAND:
        return BY_HAND_OPEN
    if row.owner.alive:
        return IN_PROGRESS
    return ONLY_IN_STATE if row.start is None else None


def _state(row: Row) -> Checkpoint | None:
    """What the stack's state holds now; None where it cannot be read."""
    try:
        exported = json.loads(_pulumi(row, "stack", "export"))
        resources = exported["deployment"].get("resources") or []
    except (CommandError, ReleaseError, ValueError, KeyError, OSError):
        return None
    return Checkpoint.of({resource["urn"]: resource for resource in resources})


def _waits(state: Checkpoint, row: Row) -> bool:
    """Whether the state says that the attempt waits; a backlog's attempts cannot be told apart, as it may be secret."""
    if any(outputs.get("backlog") for outputs in state.outputs.values()):
        return True
    end = state.ends.get(row.id)
    return row.id in state.attempts and (end is None or end.get("delivery") == State.QUEUED.value)


def _pulumi(row: Row, *command: str) -> str:
    """What a command prints of a row's stack. Its full name is enough where the project is not at hand."""
    folder = row.folder if row.folder and pathlib.Path(row.folder).is_dir() else str(pathlib.Path.cwd())
    return Engine(Interrupts()).run([*command, "--stack", row.place.stack], folder, {}).stdout
