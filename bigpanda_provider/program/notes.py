"""What the program's process tells the provider process of an attempt, through the outbox.

The provider process ends what is open when the update is over, but only the program is told which resource failed and
why, and only it can see that a Completion was left out of the update's targets.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from ..state import NAME, STACK

if TYPE_CHECKING:
    from ..deployment import Completion, Deployment
    from .checkpoint import Checkpoint


class NoNotes:
    """Notes that are not taken: a preview makes no attempt."""

    def failed(self, reason: str) -> None:
        """Note why the attempt fails."""

    def completed_by(self, completion: Completion) -> None:
        """Note whether the Completion ran."""


class Notes(NoNotes):
    """The notes on one Deployment's attempt of this run; where it makes none, there is nothing to note.

    Args:
        deployment: the Deployment.
        place: its inputs STACK and NAME.
        checkpoint: gives what the last run left: the attempts that it knows are not of this run.
    """

    def __init__(
        self,
        deployment: Deployment,
        place: Mapping[str, pulumi.Input[str]],
        checkpoint: Callable[[], Awaitable[Checkpoint]],
    ) -> None:
        self._checkpoint = checkpoint
        self._place = {name: value for name, value in place.items() if isinstance(value, str)}
        self._attempt: str | None = None
        self._learned = self._ended = False
        self._reason: str | None = None
        self._learning = asyncio.ensure_future(self._learn(deployment, place))

    def failed(self, reason: str) -> None:
        """Note why the attempt fails, unless it has its end already; the first reason counts."""
        if not self._ended and self._reason is None:
            self._reason = reason
            self._write(reason)

    def completed_by(self, completion: Completion) -> None:
        """Note, once the Completion is registered, whether it ran: one that is no target comes back as it was."""
        self._watching = asyncio.ensure_future(self._watch(completion))

    async def _learn(self, deployment: Deployment, place: Mapping[str, pulumi.Input[str]]) -> None:
        for name in place.keys() - self._place.keys():
            self._place[name] = await _known(pulumi.Output.from_input(place[name]))
        attempt = await _known(deployment.attempt)
        if attempt not in (await self._checkpoint()).attempts:
            self._attempt = attempt
        self._learned = True

    async def _watch(self, completion: Completion) -> None:
        ended, delivery = await _known(completion.attempt), await _known(completion.delivery)
        await self._learning
        self._ended = await _known(completion.urn) is not None
        if self._ended and (ended != self._attempt or delivery is None):
            self._write(None)

    def _write(self, reason: str | None) -> None:
        """Write it down for the attempt; where its start is still on its way, for the Deployment."""
        if self._attempt is not None:
            _leave(self._attempt, self._place, reason)
        elif reason is not None and not self._learned and len(self._place) == len((STACK, NAME)):
            _leave(None, self._place, reason)


def _leave(attempt: str | None, place: Mapping[str, str], reason: str | None) -> None:
    """Leave a note in the outbox for the attempt, else for the Deployment; one that cannot be left is done without.

    Args:
        attempt: the attempt; None where it is not known yet.
        place: the Deployment's inputs STACK and NAME.
        reason: why it fails; None for an attempt whose scope went well.
    """
    # Not at the top: this loads sqlite3, which most runs never need.
    from ..delivery.outbox import Outbox

    with Outbox.of(os.environ) as outbox:
        if attempt is not None:
            outbox.note(attempt, reason)
        elif reason is not None:
            outbox.note_deployment(place[STACK.name], place[NAME.name], reason)
        if outbox.trouble is not None:
            pulumi.log.debug(f"bigpanda: {outbox.trouble}")


async def _known(output: pulumi.Output[Any]) -> Any:
    """The value; None where it is unknown, or where its resource failed."""
    try:
        return await output.future()
    except Exception:  # noqa: BLE001 - the engine has told the user already
        return None
