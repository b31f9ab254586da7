"""What a program has begun and is not done: the Outputs whose value, or whose callback, is still to come."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from pulumi.runtime.settings import SETTINGS


def outstanding() -> frozenset[asyncio.Future[Any]]:
    """The Outputs that the SDK will wait for before the program's end.

    It keeps them in a set of its own (seen in 3.260 to 3.272); where that is not there, none is known.
    """
    return frozenset(getattr(SETTINGS, "outputs", ()))


async def first_error(futures: Collection[asyncio.Future[Any]]) -> Exception | None:
    """The error of the first of them that raises, None once all are done. None of them is cancelled with this."""
    done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_EXCEPTION)
    raised = [future.exception() for future in done if not future.cancelled()]
    errors = [error for error in raised if isinstance(error, Exception)]
    # Of several the shortest: each resource that takes the Output fails too, with its error's text in its own.
    return min(errors, key=lambda error: len(str(error)), default=None)
