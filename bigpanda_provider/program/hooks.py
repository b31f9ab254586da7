"""The hooks of a program's resources: one tells why a resource fails, the other of changes that nobody reports."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pulumi
from pulumi.runtime import is_dry_run

from . import reason
from .scope import Scope
from .sdk import LateHooks, supports

if TYPE_CHECKING:
    from .run import Run

HOOK_NAME = "bigpanda-provider"
"""The name of the error hook; with "-changes" that of the other. State of the user's resources has both: they stay."""


class Hooks:
    """The hooks of one run; an engine that is too old for them has none.

    Args:
        run: the run.

    Attributes:
        on_error: the hook of every resource; None where there is none, and in a preview.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.on_error: pulumi.ResourceHookBinding | None = None
        self._look: pulumi.ResourceHook | None = None
        # Two hooks of one name in a program are fatal, so each is made once for the run.
        if not is_dry_run() and supports("RESOURCE_MONITOR_FEATURE_ERROR_HOOKS"):
            self.on_error = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(HOOK_NAME, self._failed)])
        if supports("RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS"):
            options = pulumi.ResourceHookOptions(on_dry_run=True, ignore_errors=True)
            self._look = pulumi.ResourceHook(f"{HOOK_NAME}-changes", self._changes, options)

    def with_look(self, hooks: pulumi.ResourceHookBinding | None, scope: Scope) -> pulumi.ResourceHookBinding | None:
        """The hooks of a covered resource: its own, and the look before it is created or updated.

        A preview leaves the look out where the Deployment reports: each call of a hook is a round trip, for every
        resource. An update always has it: state names the hooks, and other ones than last time would be written anew
        for each resource.
        """
        if self._look is None:
            return hooks
        made = pulumi.ResourceHookBinding() if hooks is None else copy.copy(hooks)
        made.before_create = LateHooks(made.before_create, self._look, lambda: scope.reports)
        made.before_update = LateHooks(made.before_update, self._look, lambda: scope.reports)
        return made

    async def _failed(self, args: pulumi.ErrorHookArgs) -> bool:
        """A resource failed: tell why. It never asks for a retry."""
        self._run.failed(await reason.of_resource(args, self._run.secrets))
        return False

    async def _changes(self, args: pulumi.ResourceHookArgs) -> None:
        """A covered resource is created or updated: where its Deployment reports nothing, say so."""
        found = self._run.covering.find(args.urn.split("::", 2)[2])
        if found is None:
            return
        scope, declared = found
        if await self._run.reports(scope.deployment):
            return
        cause = "; it may have changed through an Output that it takes: name that in triggers=[...]"
        name = scope.deployment.pulumi_resource_name
        pulumi.log.warn(
            f'"{args.name}" changes, while Deployment "{name}" reports nothing{cause if declared.takes else ""}'
        )
