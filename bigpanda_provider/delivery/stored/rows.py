"""Turns records into the values of a row, and rows into records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...bigpanda.events import StartEvent, read
from ...bigpanda.text import sendable
from ...state import DeliveryStatus, Status
from ..attempt import Attempt, End
from ..holder import Holder
from ..origin import Origin
from ..record import Addition, Place, Record, Recorder

COLUMNS = (
    "id, stack, name, address, recorder, holder, lease, recorded, start, start_delivery, status, reason, end_delivery,"
    " ended, in_state, in_doubt, folder, why, machine, person, job, page"
)


def text(value: str) -> str:
    """A text as every database can hold it: UTF-8, without NUL."""
    return sendable(value).replace("\0", "\ufffd")


def hosts_value(hosts: Iterable[str]) -> str:
    """Hosts as a row has them."""
    return text(json.dumps(list(hosts), ensure_ascii=False))


def state_values(record: Record) -> tuple[str | None, ...]:
    """What tells a record's state: what became of its start, how it ended, and what became of that."""
    end = record.attempt.end
    told = (None, None) if end is None else (end.status.value, end.delivery.value)
    return record.attempt.start_delivery.value, *told


def new_values(old: Record, new: Record) -> Sequence[Any]:
    """What a transition may change."""
    start, status, delivery = state_values(new)
    end, place = new.attempt.end, new.place
    reason, ended = (None, None) if end is None else (_or_none(end.reason), end.at)
    kept = (int(new.in_state), int(new.in_doubt), text(place.address), text(place.name), _or_none(new.why))
    added = None if new.attempt.start is old.attempt.start else _start_value(new)  # most transitions keep it
    return str(new.holder), new.lease, start, status, reason, delivery, ended, *kept, added


def all_values(record: Record) -> Sequence[Any]:
    """A whole row."""
    start, status, delivery = state_values(record)
    end, place, origin = record.attempt.end, record.place, record.origin
    return (
        record.id,
        *(text(value) for value in (place.stack, place.name, place.address)),
        record.recorder.value,
        str(record.holder),
        record.lease,
        record.recorded,
        _start_value(record),
        start,
        status,
        None if end is None else _or_none(end.reason),
        delivery,
        None if end is None else end.at,
        int(record.in_state),
        int(record.in_doubt),
        _or_none(record.folder),
        _or_none(record.why),
        *(_or_none(value) for value in (origin.machine, origin.person, origin.job, origin.page)),
    )


def _or_none(value: str | None) -> str | None:
    return None if value is None else text(value)


def _start_value(record: Record) -> str | None:
    """The start as the table has it: none where it has secret properties."""
    if record.is_secret or record.attempt.start is None:
        return None
    return text(json.dumps(record.attempt.start.stored(), ensure_ascii=False))


def record(row: Mapping[str, Any]) -> Record:
    """The record of a row.

    Raises:
        ValueError: it is none.
        InvalidEventError: its event is none.
    """
    end = None
    if row["status"] is not None:
        end = End(Status(row["status"]), row["reason"], DeliveryStatus(row["end_delivery"]), row["ended"])
    start = None if row["start"] is None else read(StartEvent, json.loads(row["start"]))
    return Record(
        attempt=Attempt(row["id"], start, DeliveryStatus(row["start_delivery"]), end),
        place=Place(row["stack"], row["name"], row["address"]),
        recorder=Recorder(row["recorder"]),
        holder=Holder.parse(row["holder"]),
        lease=row["lease"],
        recorded=row["recorded"],
        is_secret=start is None,
        in_state=bool(row["in_state"]),
        in_doubt=bool(row["in_doubt"]),
        folder=row["folder"],
        why=row["why"],
        origin=Origin(row["machine"], row["person"], row["job"], row["page"]),
    )


def addition(row: Mapping[str, Any]) -> Addition:
    """The addition of a row."""
    return Addition(tuple(json.loads(row["hosts"])), Holder.parse(row["holder"]), row["until"])
