"""Tells that a flush waits, since BigPanda accepts no more changes within this minute."""

from __future__ import annotations

import math
import time

from ...bigpanda.changes import Changes
from .display import Display

PAUSED_EVERY_S = 10.0


class Paused:
    """Tells that a flush waits, since BigPanda accepts no more within this minute.

    Args:
        display: where.
        every_s: the least time between two lines, in seconds. Where posts are spread over a minute, each waits a bit.
    """

    def __init__(self, display: Display, every_s: float = PAUSED_EVERY_S) -> None:
        self._display, self._every_s = display, every_s
        self._quiet_until = 0.0

    def __call__(self, left: int, room_in_s: float) -> None:
        """Tell how many changes are left, and how long it takes, in seconds, until the next is accepted."""
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + self._every_s
        self._display.line(
            f"BigPanda accepts {Changes.per_minute} changes a minute; {left} {'is' if left == 1 else 'are'} left, "
            f"sending continues in {math.ceil(room_in_s)} s"
        )
