"""Removes events from the queue: finds the attempt, says what BigPanda shows then, and settles it."""

from __future__ import annotations

from collections.abc import Sequence

from ...bigpanda.changes import identifier
from ...bigpanda.text import listed
from ...delivery.outbox import Outbox
from ...delivery.record import Record
from ...errors import ReleaseError, WrongUseError
from ...state import DeliveryStatus
from .flushed import Part, named, waiting
from .records import SHORT_ID, readable, short_stack

LISTED = 5
"""How many attempts a sentence names."""
SEE = "`bigpanda-release queue` lists what is queued"


def queued(outbox: Outbox) -> list[Record]:
    """What waits, oldest first.

    Raises:
        OutboxError: the outbox cannot be used.
    """
    return [record for record in readable(outbox, outbox.unsettled_of_all()) if record.attempt.waits]


def find(records: Sequence[Record], attempt: str) -> Record:
    """The one whose attempt's id is told, or begins with it.

    Raises:
        WrongUseError: there is none, or there are several.
    """
    told = attempt.strip().removeprefix(identifier(""))
    if not told:
        raise WrongUseError(f"the attempt's id is empty; {SEE}")
    found = [record for record in records if record.id.startswith(told)]
    if not found:
        raise WrongUseError(f"no queued event is of attempt {attempt}; {SEE}")
    if len(found) > 1:
        names = listed([f"{named(one)} ({one.id[:SHORT_ID]})" for one in found], LISTED)
        raise WrongUseError(f"several attempts begin with {attempt}: {names}; write more of the id")
    return found[0]


def effects(record: Record) -> list[str]:
    """What dropping a record means, and what may be better: sentences."""
    what, deployment = str(_part(record)), named(record)
    told = [f"{what} will not be sent"]
    if record.attempt.start_delivery is DeliveryStatus.DELIVERED:
        told.append(
            f"BigPanda shows {deployment} in progress until it gets an end: send the queued one with `bigpanda-release "
            f"flush`, or drop it and send another with `bigpanda-release end --attempt {record.id[:SHORT_ID]}`"
        )
    elif record.in_doubt:
        told.append(
            f"BigPanda may have received the start; then it shows {deployment} in progress, and only "
            "`bigpanda-release flush` would end it"
        )
    else:
        told.append(f"BigPanda will have no record of {deployment}")
    if record.in_state:
        stack = short_stack(record.place.stack)
        told.append(f"the state of {stack} holds it too, so an update of {stack} on another machine sends it")
    return told


def drop(outbox: Outbox, record: Record) -> Part:
    """Settle what waits of a record; what was dropped.

    Raises:
        ReleaseError: a process looks after it, so that its events may be on the wire, or it was sent meanwhile.
    """
    if record.is_held(outbox.now()) and not outbox.looks_after(record.id):
        who = f"process {record.holder.pid}" if record.holder.is_visible else "a process on another machine"
        raise ReleaseError(f"{_part(record)} may be on the way: {who} is still running; try again when it has ended")
    if outbox.drop(record) is None:
        readable(outbox, [])
        raise ReleaseError(f"{_part(record)} was sent or taken over in the meantime; {SEE}")
    return _part(record)


def _part(record: Record) -> Part:
    return Part(record, waiting(record.attempt, is_ended=False))
