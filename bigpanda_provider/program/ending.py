"""How a Deployment ends: once, by its `with` block, by hand, or with its program; and what is said then."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pulumi

from ..errors import DeclarationError
from ..state import SECRETS, Status
from . import reason
from .arguments import Given, secret_names
from .sdk.run import outstanding

if TYPE_CHECKING:
    from ..deployment import Completion


class Complete(Protocol):
    """Declares the Completion of a Deployment."""

    def __call__(
        self,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None,
        status: pulumi.Input[str],
        error_message: pulumi.Input[str] | None,
        /,
    ) -> Completion:
        """Declare it, with what it waits for, its options, how the Deployment ends, and why it failed."""


class Ending:
    """A Deployment from its declaration to its end, where no run can be seen: it covers nothing and has no last run.

    Args:
        given: what it is declared with.
        complete: declares its Completion.

    Attributes:
        passed_on: inputs that its Completion has as well.
        secret_texts: texts that must not leave the process, as far as they are known now.
    """

    def __init__(self, given: Given, complete: Complete) -> None:
        secrets = pulumi.Output.from_input(secret_names(given.props))
        self.passed_on: dict[str, pulumi.Input[Any]] = {SECRETS.name: secrets}
        self._given = given
        self._complete = complete
        self._entered = False
        self._completion: Completion | None = None
        self._made_before: frozenset[asyncio.Future[Any]] = frozenset()

    @property
    def secret_texts(self) -> frozenset[str]:  # noqa: D102 - see the class
        return frozenset()

    def inputs(self) -> dict[str, Any]:
        """The Deployment's inputs beside what the user declares."""
        return {}

    def registered(self) -> None:
        """The Deployment's constructor has handed it to the engine."""

    def cover_rest(self) -> None:
        """Cover what no other scope covers, from here on."""

    def failed(self, why: str) -> None:
        """Something in the update failed while this was open."""

    def enter(self) -> None:
        """The `with` block begins.

        Raises:
            DeclarationError: it has been entered or completed.
        """
        if not self._is_open:
            raise DeclarationError(f"{self._given.where} is already entered or completed; enter each Deployment once")
        self._entered = True
        self._made_before = outstanding()

    def leave(self, error: BaseException | None) -> None:
        """The `with` block ends, with the error that it raised."""
        self._end((), error, made=outstanding() - self._made_before)

    def complete(self, after: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions | None) -> Completion:
        """Declare the end by hand.

        Raises:
            DeclarationError: it has been entered or completed.
        """
        if not self._is_open:
            raise DeclarationError(
                f"{self._given.where} is already completed; call complete() once, and not for a Deployment that is "
                "used in a `with`"
            )
        return self._end(after, None, opts)

    @property
    def _is_open(self) -> bool:
        """Whether nothing has been said yet of when it ends."""
        return not self._entered and self._completion is None

    def _end(
        self,
        after: Sequence[pulumi.Resource],
        error: BaseException | None,
        opts: pulumi.ResourceOptions | None = None,
        made: Collection[asyncio.Future[Any]] = (),
    ) -> Completion:
        """Declare the end: a success, unless the program raised while this was open.

        Args:
            after: what it waits for.
            error: what the program raised.
            opts: the Completion's options.
            made: the Outputs that were made in the scope and are not resolved yet: a callback of theirs may raise.
        """
        status, why = self._how_it_went(error, made)
        self._completion = self._complete(after, opts, status, why)
        return self._completion

    def _how_it_went(self, error: BaseException | None, made: Collection[asyncio.Future[Any]]) -> tuple[Any, Any]:
        """The Completion's status and reason; where callbacks may still raise, they are known when these have run."""
        if error is not None and not is_no_failure(error):
            return Status.FAILURE.value, reason.of_program(error, self.secret_texts)
        if not made:
            return Status.SUCCESS.value, None

        async def raised() -> str | None:
            error = await _first_error(made)
            if error is None:
                return None
            why = reason.of_program(error, self.secret_texts)
            self.failed(why)
            return why

        async def status() -> str:
            return Status.SUCCESS.value if await why is None else Status.FAILURE.value

        why = asyncio.ensure_future(raised())
        return status(), why


def is_no_failure(error: BaseException) -> bool:
    """Whether the program ended itself, as `sys.exit(0)` does."""
    return isinstance(error, SystemExit) and error.code in (None, 0)


async def _first_error(futures: Collection[asyncio.Future[Any]]) -> Exception | None:
    """The error of the first of them that raises, None once all are done. None of them is cancelled with this."""
    done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_EXCEPTION)
    raised = [future.exception() for future in done if not future.cancelled()]
    errors = [error for error in raised if isinstance(error, Exception)]
    # Of several the shortest: each resource that takes the Output fails too, with its error's text in its own.
    return min(errors, key=lambda error: len(str(error)), default=None)
