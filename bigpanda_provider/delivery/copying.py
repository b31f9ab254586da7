"""Copies an outbox to another place, such as a file into the database of a team; nothing is sent from both."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..dataclass import dataclass
from ..errors import BigPandaError, WrongUseError
from .holder import Holder
from .record import LEASE_S, Record
from .stored.history import Kept
from .stored.location import Location
from .stored.tables import Tables

AT_ONCE = 100
"""How many records a transaction writes."""
EVERYTHING = Kept(days=math.inf)


@dataclass(frozen=True)
class Copied:
    """What was copied.

    Attributes:
        history: how many settled deployments the other outbox did not have.
        moved: what is open or waits, which only the other outbox has now.
        kept: what a process is still at, which stays where it was.
    """

    history: int
    moved: tuple[Record, ...]
    kept: tuple[Record, ...]


def copy(source: Location, target: Location) -> Copied:
    """Copy what is settled, and move what is open or waits.

    What was copied already is not copied again, so whatever goes wrong, it can be called again.

    Args:
        source: where the outbox is.
        target: where it goes.

    Raises:
        OutboxError: one of them cannot be used.
        WrongUseError: they are the same.
    """
    with (
        contextlib.closing(Tables(source, EVERYTHING, is_patient=True)) as there,
        contextlib.closing(Tables(target, EVERYTHING, is_patient=True)) as here,
    ):
        unsettled = there.unsettled_of_all()
        now = time.time() + (there.ahead_s or 0.0)
        kept = [record for record in unsettled if record.is_held(now)]
        moved = _move([record for record in unsettled if record not in kept], there, here, now)
        history = sum(_insert(here, [one for one in page if one.attempt.is_settled], now) for page in _pages(there))
        return Copied(history, tuple(moved), tuple(kept))


def _pages(tables: Tables) -> Iterator[list[Record]]:
    last: Record | None = None
    while page := tables.latest(last):
        yield page
        last = page[-1]


def _insert(tables: Tables, records: Sequence[Record], now: float) -> int:
    """Write those that are not there yet; how many these were. A transaction has not time for all of them."""
    parts = [records[first : first + AT_ONCE] for first in range(0, len(records), AT_ONCE)]
    return sum(sum(tables.move([(None, one) for one in part], now)[0]) for part in parts)


def _move(records: list[Record], there: Tables, here: Tables, now: float) -> list[Record]:
    """Move what no process looks after: nobody takes it over meanwhile, and it is gone from there once it is here."""
    claimed = []
    for old in records:
        taken = replace(old, holder=Holder.current(), lease=now + LEASE_S)
        if there.move([(old, taken)], now)[0] == [True]:
            claimed.append((old, taken))
    try:
        _check_that_they_are_two(claimed, here)
        _insert(here, [old for old, _ in claimed], now)
        for old, _ in claimed:
            _copy_what_belongs_to(old, there, here)
    except BigPandaError:
        for old, taken in claimed:
            there.move([(taken, old)], now)
        raise
    for _, taken in claimed:
        there.remove(taken)
    return [old for old, _ in claimed]


def _check_that_they_are_two(claimed: Sequence[tuple[Record, Record]], here: Tables) -> None:
    """See to it that what was claimed there is not seen to be claimed here: a link, or a host's other name.

    Raises:
        WrongUseError: it is.
    """
    for _, taken in claimed[:1]:
        found = here.find(taken.id)
        if found is not None and (found.holder, found.lease) == (taken.holder, taken.lease):
            raise WrongUseError("FROM and TO are the same outbox under two names; nothing was copied")


def _copy_what_belongs_to(record: Record, there: Tables, here: Tables) -> None:
    """The notes on a record, and the hosts that were added to it."""
    if (note := there.noted(record.id)) is not None:
        here.note(record.id, note)
    if (note := there.noted_of_deployment(record.place)) is not None:
        here.note_deployment(record.place, note)
    if not here.additions(record.id):
        here.insert_additions(record.id, there.additions(record.id))
