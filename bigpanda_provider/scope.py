"""Which resources a Deployment covers, and where the program ends.

Everything here runs in the program's process and is kept per run of a program: two inline programs of the Automation
API may run in two threads of one process.
"""

from __future__ import annotations

import contextvars
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import register_stack_transformation
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import SETTINGS, get_root_resource

from .errors import DeclarationError

_READ_ONLY_TYPES = frozenset({"pulumi:pulumi:Stack", "pulumi:pulumi:StackReference"})
_PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(eq=False)
class Scope:
    """The resources that one Deployment covers: they wait for its start, and its end waits for them.

    Attributes:
        deployment: the Deployment.
        outer: the scope that was open when this one was entered.
        resources: what was declared in it so far, in order, inner Deployments and their Completions included.
    """

    deployment: pulumi.Resource
    outer: Scope | None
    resources: list[pulumi.Resource] = field(default_factory=list)

    def depends_on(self) -> list[pulumi.Resource]:
        """What the end has to wait for. A resource whose constructor raised has no URN and is left out."""
        return [self.deployment, *(resource for resource in self.resources if is_registered(resource))]


_open: contextvars.ContextVar[Scope | None] = contextvars.ContextVar("bigpanda_scope", default=None)


class Program:
    """One run of a Pulumi program: sees each of its resources, and its end.

    Attributes:
        resources: every resource declared since the first Deployment, in order.
        ended: whether the program's last statement has run.
    """

    def __init__(self, root: pulumi.Resource) -> None:
        self.resources: list[pulumi.Resource] = []
        self.ended: bool = getattr(root, "_outputs_registered", False)
        self._names: set[tuple[type, str, int]] = set()
        self._scopes: dict[int, Scope] = {}
        self._at_end: list[Callable[[], None]] = []
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

    def at_end(self, action: Callable[[], None]) -> None:
        """Run the action once the program's last statement has run; at once where it has."""
        if self.ended:
            action()
        else:
            self._at_end.append(action)

    def _declared(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Runs in every resource's constructor: notes the resource, and makes it wait for the start that covers it."""
        if _is_only_read(args):
            return None
        self.resources.append(args.resource)
        parent = args.opts.parent
        scope = _open.get() or (self._scopes.get(id(parent)) if parent is not None else None)
        if scope is None or args.resource is scope.deployment or parent is scope.deployment:
            return None
        scope.resources.append(args.resource)
        self._scopes[id(args.resource)] = scope
        waits = pulumi.ResourceOptions(depends_on=[scope.deployment])
        return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, waits))

    def _end(self) -> None:
        self.ended = True
        while self._at_end:
            self._at_end.pop(0)()


_programs: weakref.WeakKeyDictionary[pulumi.Resource, Program] = weakref.WeakKeyDictionary()


def enter(deployment: pulumi.Resource) -> tuple[Scope, contextvars.Token[Scope | None]]:
    """Open a scope: what is declared from here on is covered by the Deployment."""
    scope = Scope(deployment, outer=_open.get())
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


def _call_before(target: Any, method: str, action: Callable[[], None]) -> None:
    """Make the instance's method run the action first."""
    original = getattr(target, method)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if sys.exc_info()[0] is None:
            action()
        return original(*args, **kwargs)

    setattr(target, method, wrapped)
