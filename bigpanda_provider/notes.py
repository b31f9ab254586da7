"""What the program's process tells the provider process of an attempt, through the outbox.

The provider process ends what is open when the update is over, but only the program is told which resource failed and
why, and only it can see that a Completion was left out of the update's targets.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pulumi

from .errors import OutboxError

if TYPE_CHECKING:
    from .checkpoint import Checkpoint
    from .deployment import Completion, Deployment


class Notes:
    """The notes on one Deployment's attempt of this run; where it makes none, there is nothing to note.

    Args:
        deployment: the Deployment.
        checkpoint: what the last run left: the attempts that it knows are not of this run.
    """

    def __init__(self, deployment: Deployment, checkpoint: Callable[[], Awaitable[Checkpoint]]) -> None:
        self._checkpoint = checkpoint
        self._attempt: str | None = None
        self._ended = False
        self._learning = asyncio.ensure_future(self._learn(deployment))

    def failed(self, reason: str) -> None:
        """Note why the attempt fails, unless it has its end already."""
        if not self._ended:
            self._write(reason)

    def completed_by(self, completion: Completion) -> None:
        """Note, once the Completion is registered, whether it ran: one that is no target comes back as it was."""
        self._watching = asyncio.ensure_future(self._watch(completion))

    async def _learn(self, deployment: Deployment) -> None:
        attempt = await _known(deployment.attempt)
        if attempt not in (await self._checkpoint()).attempts:
            self._attempt = attempt

    async def _watch(self, completion: Completion) -> None:
        ended, delivery = await _known(completion.attempt), await _known(completion.delivery)
        await self._learning
        self._ended = await _known(completion.urn) is not None
        if self._ended and (ended != self._attempt or delivery is None):
            self._write(None)

    def _write(self, reason: str | None) -> None:
        if self._attempt is None:
            return
        from .outbox import Outbox, default_path

        try:
            Outbox(default_path(os.environ)).note(self._attempt, reason)
        except OutboxError as error:
            pulumi.log.debug(f"bigpanda: {error}")


async def _known(output: pulumi.Output[Any]) -> Any:
    """The value; None where it is unknown, or where its resource failed."""
    try:
        return await output.future()
    except Exception:  # noqa: BLE001 - the engine has told the user already
        return None
