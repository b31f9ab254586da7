"""A limit of requests a minute, as BigPanda has one for changes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

MINUTE_S = 60.0


class Rate:
    """Counts the requests of the last minute.

    Args:
        most: how many are taken in any 60 seconds; any number, if None.
        clock: tells the time, in seconds.
    """

    def __init__(self, most: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._taken: deque[float] = deque()

    def takes(self) -> bool:
        """Whether one more is taken now. One that is refused does not count for those after it."""
        if self._most is None:
            return True
        now = self._clock()
        while self._taken and now - self._taken[0] >= MINUTE_S:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            return False
        self._taken.append(now)
        return True
