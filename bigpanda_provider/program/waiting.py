"""Notices that a program waits for something that cannot come.

A Deployment is registered when its scope ends, and what it covers waits for it. A program that waits inside the scope
for one of these would wait for ever. While a program runs, the event loop runs only when it waits; so where the loop
runs and nothing is in flight to the engine for a while, that is what happens. A slow call is in flight, and is not.
"""

from __future__ import annotations

import asyncio

from .sdk.run import Calls

TICK_S = 0.1
STILL_TICKS = 10


async def until_still(calls: Calls) -> None:
    """Return once no call has been in flight for a while."""
    still, made = 0, calls.made
    while still < STILL_TICKS:
        await asyncio.sleep(TICK_S)
        still = still + 1 if calls.count == 0 and calls.made == made else 0
        made = calls.made
