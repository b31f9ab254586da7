"""The look-up of the last checkpoint, in the engine."""

from __future__ import annotations

import asyncio

import pulumi

from ..hosts import naming_outputs
from ..state import OWN_TYPES
from .checkpoint import Checkpoint
from .sdk.engine import checkpoint_outputs

READ_LIMIT_S = 30.0


async def last_checkpoint(stack: str) -> Checkpoint:
    """What the last run left in a stack, given by its full name; a look-up that fails says so."""
    try:
        return Checkpoint.of(await asyncio.wait_for(checkpoint_outputs(stack, OWN_TYPES, naming_outputs), READ_LIMIT_S))
    except Exception as error:  # noqa: BLE001 - whatever it is, the deployment itself can go on
        pulumi.log.debug(f"bigpanda: the last checkpoint cannot be read: {type(error).__name__}")
        return Checkpoint(was_read=False)
