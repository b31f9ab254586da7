"""The circuit breaker of the outbox's tables: it never raises, and leaves alone for a while what could not be used."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from typing import TypeVar

from ...errors import OutboxError
from ..warn import OUTBOX, Warn
from .tables import Tables

QUIET_S = 5.0
"""How long tables that could not be used are left alone: to find that out may take as long as their time limit."""

T = TypeVar("T")


class _Access(enum.Enum):
    READ = "read"
    WRITE = "write"


class Breaker:
    """Uses tables, one thread at a time.

    Args:
        tables: the tables.
        warn: tells the user, once, that they cannot be used.
        clock: this machine's clock, in Unix seconds.
    """

    def __init__(self, tables: Tables, warn: Warn, clock: Callable[[], float]) -> None:
        self._tables, self._warn, self._clock = tables, warn, clock
        self._lock = threading.RLock()
        self._quiet_until: dict[_Access, float] = {}
        self._troubles: dict[_Access, OutboxError] = {}

    @property
    def trouble(self) -> OutboxError | None:
        """Why the tables could not be used when they were used last; None where they could."""
        with self._lock:
            return next(iter(self._troubles.values()), None)

    def read(self, use: Callable[[Tables], T]) -> T | None:
        """Read the tables; None where they cannot be read. Those that cannot be written may still be read."""
        return self._use(use, _Access.READ)

    def write(self, use: Callable[[Tables], T]) -> T | None:
        """Write the tables; None where they cannot be written, or where nobody knows whether they were."""
        return self._use(use, _Access.WRITE)

    def try_again(self) -> None:
        """Try the next use, even if tables could not be used just now."""
        with self._lock:
            self._quiet_until.clear()
            self._tables.try_again()

    def close(self) -> None:
        """Close the database; it is opened again when it is used."""
        with self._lock:
            self._tables.close()

    def _use(self, use: Callable[[Tables], T], access: _Access) -> T | None:
        with self._lock:
            if self._clock() < self._quiet_until.get(access, 0.0):
                return None
            try:
                result = use(self._tables)
            except OutboxError as error:
                self._troubles[access] = error
                self._quiet_until[access] = self._clock() + QUIET_S
                self._warn(f"{error.what}; events are still sent; {error.advice}", about=OUTBOX)
                return None
            self._troubles.pop(access, None)
            return result
