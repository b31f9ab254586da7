"""Closes the scopes of a run: when they end, when the program ends, or when it waits for what is in them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pulumi

from . import reason
from .scope import Scope
from .sdk.run import Calls
from .waiting import until_still

if TYPE_CHECKING:
    from .run import Run


class Scopes:
    """The scopes of a run whose Deployments have not said yet what they cover.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._open: list[Scope] = []
        self._watcher: asyncio.Future[None] | None = None

    @property
    def open(self) -> tuple[Scope, ...]:
        """Those that are open, in the order of their declaration."""
        return tuple(self._open)

    def add(self, scope: Scope) -> None:
        """Take on a scope, before its Deployment is registered: it is closed at the program's end at the latest."""
        if not scope.closed:
            self._open.append(scope)

    def watch(self, calls: Calls) -> None:
        """Close them all once the program waits for what they cover; `calls` are those in flight to the engine."""
        if self._open and self._watcher is None:
            self._watcher = asyncio.ensure_future(self._close_where_it_waits(calls))

    def close(self, scope: Scope) -> None:
        """Let the Deployment say what it covers, and tell what of that could not be found out."""
        if scope.closed:
            return
        scope.close(self._run.covering.origins)
        self._open.remove(scope)
        if not self._open and self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None
        name = scope.deployment.pulumi_resource_name
        for unseen in scope.unseen:
            why = reason.of_program(unseen.error, self._run.secrets)
            pulumi.log.warn(f'Deployment "{name}": {unseen.what} ({why})', scope.deployment)

    def end(self, scope: Scope) -> list[pulumi.Resource]:
        """Nothing more belongs into the scope; returns what its end has to wait for."""
        self.close(scope)
        scope.ended = True
        if scope.left_out:
            names, are = ", ".join(map(repr, scope.left_out)), "are" if len(scope.left_out) > 1 else "is"
            pulumi.log.warn(
                f'Deployment "{scope.deployment.pulumi_resource_name}" does not see when {names} {are} removed: the '
                "program declared such resources in an apply, or after it waited inside the scope",
                scope.deployment,
            )
        return scope.covered()

    async def _close_where_it_waits(self, calls: Calls) -> None:
        try:
            await until_still(calls)
        finally:
            self._watcher = None
            for scope in self.open:
                self.close(scope)
