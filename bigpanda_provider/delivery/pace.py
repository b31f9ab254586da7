"""Keeps to a limit of so many posts a minute."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable

MINUTE_S = 60.0


class Pace:
    """What this process has posted within the last minute. Threads share it.

    Args:
        per_minute: how many posts a minute are accepted; None for any number.
        clock: in seconds.
        sleep: waits, in seconds.
    """

    def __init__(
        self,
        per_minute: int | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_minute, self._clock, self._sleep = per_minute, clock, sleep
        self._posted: collections.deque[float] = collections.deque(maxlen=per_minute)
        self._full_until = 0.0
        self._lock = threading.Lock()

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit."""
        return self._per_minute is not None

    def room_in_s(self) -> float:
        """How long it takes, in seconds, until there is room for another post."""
        with self._lock:
            return self._room_in_s()

    def wait(self, limit_s: float) -> bool:
        """Wait until there is room, and take it; False where that would take longer than this many seconds."""
        deadline = self._clock() + limit_s
        while True:
            with self._lock:
                now, room_in_s = self._clock(), self._room_in_s()
                if room_in_s == 0:
                    self._posted.append(now)
                    return True
            if now + room_in_s > deadline:
                return False
            self._sleep(room_in_s)

    def fill(self) -> None:
        """Make no room for a minute: BigPanda says that there is none, since others send too."""
        with self._lock:
            self._full_until = self._clock() + MINUTE_S

    def _room_in_s(self) -> float:
        if self._per_minute is None:
            return 0.0
        is_full = len(self._posted) == self._per_minute
        until = max(self._full_until, self._posted[0] + MINUTE_S if is_full else 0.0)
        return max(until - self._clock(), 0.0)
