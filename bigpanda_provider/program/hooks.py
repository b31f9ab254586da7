"""The hooks of a program's resources: one tells why a resource fails, the other that one is about to change."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from typing import TYPE_CHECKING

import pulumi
from pulumi.runtime import is_dry_run

from ..errors import UndeliveredError
from . import reason
from .declared import Declared
from .scope import Scope
from .sdk.engine import supports
from .sdk.hooks import LateHooks, skip_arguments, skip_log_of_hooks

if TYPE_CHECKING:
    from .run import Run

HOOK_NAME = "bigpanda-provider"
"""The name of the error hook; with "-changes" that of the other. State of the user's resources has both: they stay."""


class NoHooks:
    """No hooks: under mocks there is no engine that would run them.

    Attributes:
        on_error: the hook of every resource; None where there is none, and in a preview.
    """

    on_error: pulumi.ResourceHookBinding | None = None

    def with_look(
        self, hooks: pulumi.ResourceHookBinding | None, _scope: Scope, _declared: Declared
    ) -> pulumi.ResourceHookBinding | None:
        """The hooks of a covered resource."""
        return hooks


class Hooks(NoHooks):
    """The hooks of one run; an engine that is too old for them has none.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._look: pulumi.ResourceHook | None = None
        skip_log_of_hooks()  # before the first hook is made
        # Two hooks of one name in a program are fatal, so each is made once for the run.
        if not is_dry_run() and supports("RESOURCE_MONITOR_FEATURE_ERROR_HOOKS"):
            self.on_error = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(HOOK_NAME, self._failed)])
        if supports("RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS"):
            options = pulumi.ResourceHookOptions(on_dry_run=True)
            self._look = pulumi.ResourceHook(
                f"{HOOK_NAME}-changes", lambda args: self._changes(args.urn, args.name), options
            )
            self._shorter = asyncio.ensure_future(skip_arguments(self._look, self._changes))

    def with_look(
        self, hooks: pulumi.ResourceHookBinding | None, scope: Scope, declared: Declared
    ) -> pulumi.ResourceHookBinding | None:
        """The hooks of a covered resource: its own, and the look before it is created or updated.

        A preview leaves the look out where the Deployment's own start names the resource: each call of a hook is a
        round trip, for every resource. An update always has it: state names the hooks, and other ones than last time
        would be written anew for each resource.
        """
        if self._look is None:
            return hooks

        def is_needless() -> bool:
            return is_dry_run() and scope.names(scope.needs(declared))

        made = pulumi.ResourceHookBinding() if hooks is None else copy.copy(hooks)
        made.before_create = LateHooks(made.before_create, self._look, is_needless)
        made.before_update = LateHooks(made.before_update, self._look, is_needless)
        return made

    async def _failed(self, args: pulumi.ErrorHookArgs) -> bool:
        """A resource failed: tell why. It never asks for a retry."""
        with contextlib.suppress(Exception):  # the user is to be told of that failure, and of no other one
            await self._run.failed(await reason.of_resource(args, self._run.secrets), args.urn.split("::", 2)[2])
        return False

    async def _changes(self, urn: str, name: str) -> None:
        """A covered resource is about to be created or updated: it goes on once that is reported, where it has to be.

        Raises:
            UndeliveredError: delivery is required, and the start did not get through: the engine changes nothing then.
        """
        try:
            await self._run.before_change(urn)
        except UndeliveredError:
            raise
        except Exception as error:  # noqa: BLE001 - the user's change goes on without its record
            pulumi.log.warn(f'a change of "{name}" could not be examined ({type(error).__name__})')
