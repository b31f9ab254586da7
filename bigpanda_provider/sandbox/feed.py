"""Tells open pages that something has changed, as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

KEEP_ALIVE_S = 15.0
"""How often a page that nothing changes for is told so, which also finds those that are gone."""
PAUSE_S = 0.25
"""The least time between two messages to one page: a burst of events makes it look anew a few times, not for each."""


class Feed:
    """A counter of changes that pages wait for."""

    def __init__(self) -> None:
        self._count = 0
        self._closed = False
        self._changed = asyncio.Condition()

    async def changed(self) -> None:
        """Something changed."""
        async with self._changed:
            self._count += 1
            self._changed.notify_all()

    async def close(self) -> None:
        """End the messages to all pages: the server stops only when no answer is under way."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def messages(self) -> AsyncIterator[str]:
        """The messages to one page; the first at once, for what changed while it was not connected."""
        seen = -1
        while not self._closed:
            if seen == self._count:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._next(seen), KEEP_ALIVE_S)
            if seen == self._count:
                yield f"event: alive\ndata: {seen}\n\n"  # a comment would not reach the page's script
                continue
            seen = self._count
            yield f"data: {seen}\n\n"
            await asyncio.sleep(PAUSE_S)

    async def _next(self, seen: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._closed or self._count != seen)
