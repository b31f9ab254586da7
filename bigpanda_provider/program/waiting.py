"""Notices that a program waits for something that cannot come.

A Deployment is registered when its scope ends, and what it covers waits for it. A program that waits inside the scope
for one of these would wait for ever. While a program runs, the event loop runs only when it waits; so where the loop
runs and nothing is in flight to the engine for a while, that is what happens. A slow call is in flight, and is not.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

TICK_S = 0.1
STILL_TICKS = 10


class Calls:
    """The calls that are in flight to the engine: the SDK makes each in the event loop's executor."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.count = 0
        self.made = 0
        original = loop.run_in_executor

        def run_in_executor(*args: Any) -> Any:
            future = original(*args)
            self.count += 1
            self.made += 1
            future.add_done_callback(self._done)
            return future

        loop.run_in_executor = run_in_executor  # type: ignore[method-assign, assignment]

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Calls:
        """Those of this event loop."""
        if loop not in _calls:
            _calls[loop] = cls(loop)
        return _calls[loop]

    def _done(self, _future: Any) -> None:
        self.count -= 1

    async def have_ceased(self) -> None:
        """Return once none has been in flight for a while."""
        still, made = 0, self.made
        while still < STILL_TICKS:
            await asyncio.sleep(TICK_S)
            still = still + 1 if self.count == 0 and self.made == made else 0
            made = self.made


_calls: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Calls] = weakref.WeakKeyDictionary()
