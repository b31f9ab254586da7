"""Outboxes for tests: attempts and processes, what is written, and what processes that are gone have left."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from bigpanda_provider.bigpanda.events import StartEvent, read
from bigpanda_provider.delivery.attempt import Attempt
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Place, Record
from bigpanda_provider.delivery.stored.history import Kept
from bigpanda_provider.delivery.stored.location import Location
from bigpanda_provider.delivery.stored.tables import Tables
from bigpanda_provider.state import DeliveryStatus

US = Holder.current()
OTHER = replace(US, started="another process of this machine")
GONE = Holder(0, "a process that is gone")
ELSEWHERE = Holder(1, "1", "another machine")

PLACE = Place("acme/shop/prod", "web", "http://127.0.0.1:1")
START = read(StartEvent, {"component": "web", "version": "1", "hosts": ["a"], "timestamp": 1700000000})
WAITING = Attempt("one", START)
OPEN = WAITING.start_became(DeliveryStatus.DELIVERED)


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    time: float = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


def read_back(outbox: Outbox, attempt: str = "one") -> Record:
    """The record as it is written, for everybody else."""
    with Outbox(outbox.location, holder=OTHER) as reader:
        found = reader.find(attempt)
    assert found is not None
    return found


def fill(location: Location, *records: Record) -> None:
    """Write records as they are: an outbox that is closed lets go of what it holds."""
    tables = Tables(location, Kept(days=math.inf))
    for first in range(0, len(records), 100):
        moved, _ = tables.move([(None, one) for one in records[first : first + 100]], time.time())
        assert all(moved)
    tables.close()
