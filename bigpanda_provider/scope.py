"""Which resources a Deployment covers, and where the program ends.

Everything here runs in the program's process and is kept per run of a program: two inline programs of the Automation
API may run in two threads of one process.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config
from pulumi.runtime import is_dry_run, register_stack_transformation
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, get_root_resource, monitor_supports_feature

from . import reason
from .checkpoint import Checkpoint
from .errors import DeclarationError
from .settings import complaints

_READ_ONLY_TYPES = frozenset({"pulumi:pulumi:Stack", "pulumi:pulumi:StackReference"})
_PROVIDER_PREFIX = "pulumi:providers:"

OWN_TYPES = "pulumi-python:dynamic/bigpanda:"
HOOK_NAME = "bigpanda-provider"
"""The name of the error hook. State of covered resources has it, so it stays the same."""


@dataclass(eq=False)
class Scope:
    """The resources that one Deployment covers: they wait for its start, and its end waits for them.

    Attributes:
        deployment: the Deployment.
        resources: what was declared in it so far, in order, inner Deployments and their Completions included.
    """

    deployment: pulumi.Resource
    resources: list[pulumi.Resource] = field(default_factory=list)

    def depends_on(self) -> list[pulumi.Resource]:
        """What the end has to wait for. A resource whose constructor raised has no URN and is left out."""
        return [self.deployment, *(resource for resource in self.resources if is_registered(resource))]


_open: contextvars.ContextVar[Scope | None] = contextvars.ContextVar("bigpanda_scope", default=None)


class Program:
    """One run of a Pulumi program: sees each of its resources, what fails, and its end.

    Attributes:
        resources: every resource declared since the first Deployment, in order.
        secrets: texts that must not leave the process.
        ended: whether the program's last statement has run.
    """

    def __init__(self, root: pulumi.Resource) -> None:
        self.resources: list[pulumi.Resource] = []
        self.secrets = reason.secrets_of_config()
        self.ended: bool = getattr(root, "_outputs_registered", False)
        self.stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
        self._names: set[tuple[type, str, int]] = set()
        self._scopes: dict[int, Scope] = {}
        self._at_end: list[Callable[[BaseException | None], None]] = []
        self._on_failure: list[Callable[[str], None]] = []
        self._hooks = self._error_hooks()
        self._checkpoint: asyncio.Future[Checkpoint] | None = None
        for complaint in complaints(runtime_config.CONFIG.get(), runtime_config.is_config_secret):
            pulumi.log.warn(complaint)
        register_stack_transformation(self._declared)
        _call_before(root, "register_outputs", self._end)

    @classmethod
    def current(cls) -> Program | None:
        """The program that is running; None outside a run, and under mocks, where a program's end cannot be seen."""
        root = get_root_resource()
        if root is None or isinstance(SETTINGS.monitor, MockMonitor):
            return None
        if root not in _programs:
            _programs[root] = cls(root)
        return _programs[root]

    def claim_name(self, where: str, kind: type, name: str, parent: pulumi.Resource | None) -> None:
        """Note that a resource of this name is there.

        Raises:
            DeclarationError: there is one of this type and name under the same parent already. The engine would say
                so too, but with a traceback.
        """
        key = (kind, name, id(parent))
        if key in self._names:
            raise DeclarationError(f"{where} is declared twice in this program; give each its own name")
        self._names.add(key)

    def at_end(self, action: Callable[[BaseException | None], None]) -> None:
        """Run the action once the program's last statement has run, with the error it ended with; at once if it has."""
        if self.ended:
            action(None)
        else:
            self._at_end.append(action)

    def on_failure(self, action: Callable[[str], None]) -> None:
        """Run the action with the reason whenever a resource fails in an update."""
        self._on_failure.append(action)

    async def checkpoint(self) -> Checkpoint:
        """The last checkpoint; read once, before any Deployment of this run is registered, since each waits for it."""
        if self._checkpoint is None:
            self._checkpoint = asyncio.ensure_future(Checkpoint.read(self.stack))
        return await self._checkpoint

    def _declared(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Runs in every resource's constructor: notes the resource, and makes it wait for the start that covers it."""
        if _is_only_read(args):
            return None
        self.resources.append(args.resource)
        own = pulumi.ResourceOptions(depends_on=[], hooks=self._hooks_of(args))
        parent = args.opts.parent
        scope = _open.get() or (self._scopes.get(id(parent)) if parent is not None else None)
        if scope is not None and args.resource is not scope.deployment and parent is not scope.deployment:
            scope.resources.append(args.resource)
            self._scopes[id(args.resource)] = scope
            own.depends_on = [scope.deployment]
        elif own.hooks is None:
            return None
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, own))

    def _error_hooks(self) -> pulumi.ResourceHookBinding | None:
        """One error hook for the program; None where the engine is too old for it, and in preview."""
        supported = getattr(resource_pb2, "RESOURCE_MONITOR_FEATURE_ERROR_HOOKS", None)
        if is_dry_run() or supported is None or not monitor_supports_feature(supported):
            return None
        return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(HOOK_NAME, self._failed)])

    def _hooks_of(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceHookBinding | None:
        ours = args.type_.startswith(OWN_TYPES)
        return self._hooks if isinstance(args.resource, pulumi.CustomResource) and not ours else None

    async def _failed(self, args: pulumi.ErrorHookArgs) -> bool:
        """A resource failed: tell why. It never asks for a retry."""
        why = await reason.of_resource(args, self.secrets)
        for action in self._on_failure:
            action(why)
        return False

    def _end(self, error: BaseException | None) -> None:
        self.ended = True
        while self._at_end:
            self._at_end.pop(0)(error)


_programs: weakref.WeakKeyDictionary[pulumi.Resource, Program] = weakref.WeakKeyDictionary()


def enter(deployment: pulumi.Resource) -> tuple[Scope, contextvars.Token[Scope | None]]:
    """Open a scope: what is declared from here on is covered by the Deployment."""
    scope = Scope(deployment)
    return scope, _open.set(scope)


def leave(token: contextvars.Token[Scope | None]) -> None:
    """Close the scope that `enter` opened."""
    _open.reset(token)


def is_registered(resource: pulumi.Resource) -> bool:
    """Whether the resource's constructor got as far as handing it to the engine."""
    return "urn" in resource.__dict__


def _is_only_read(args: pulumi.ResourceTransformationArgs) -> bool:
    """Providers, and what is looked up instead of made."""
    return (
        args.type_ in _READ_ONLY_TYPES
        or args.type_.startswith(_PROVIDER_PREFIX)
        or args.opts.id is not None
        or args.opts.urn is not None
    )


def _call_before(target: Any, method: str, action: Callable[[BaseException | None], None]) -> None:
    """Make the instance's method run the action first, with the exception that is on its way, if one is."""
    original = getattr(target, method)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        action(sys.exc_info()[1])
        return original(*args, **kwargs)

    setattr(target, method, wrapped)
