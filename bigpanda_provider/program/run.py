"""One run of a Pulumi program: sees each of its resources, what fails, and its end.

Everything here is kept per run: two inline programs of the Automation API may run in two threads of one process.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import itertools
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config
from pulumi.runtime import is_dry_run, register_stack_transformation
from pulumi.runtime import stack as runtime_stack
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, get_root_resource, monitor_supports_feature

from ..errors import DeclarationError
from ..settings import complaints
from . import reason, secret_values
from .checkpoint import OWN_TYPES, Checkpoint
from .declared import Declared, alive, ancestors
from .scope import Scope, entered
from .waiting import Calls

NOT_COVERED = ("pulumi:providers:", "pulumi:pulumi:Stack", "pulumi:pulumi:StackReference")
"""The beginnings of the types that are not covered: providers, and what is only looked at."""

HOOK_NAME = "bigpanda-provider"
"""The name of the error hook; with "-changes" that of the other. State of the user's resources has both: they stay."""


class Program:
    """The program that is running.

    Attributes:
        resources: every resource declared since this package was imported, in order.
        ended: whether the program's last statement has run.
        rest: the scope of what no other scope covers; None where there is none.
    """

    def __init__(self, root: pulumi.Resource) -> None:
        self.resources: list[pulumi.Resource] = []
        self._secrets = reason.secrets_of_config()
        self.ended: bool = getattr(root, "_outputs_registered", False)
        self._settles = not self.ended and _wait_is_held()
        self._records = False
        self.stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
        self.rest: Scope | None = None
        self._names: set[tuple[type, str, int]] = set()
        self._declarations: dict[int, Declared] = {}
        self._scopes: dict[int, Scope] = {}
        self._covered: dict[str, tuple[Scope, Declared]] = {}
        self._outputs: dict[int, Declared] = {}
        self._unindexed: list[Declared] = []
        self._open: list[Scope] = []
        self._watcher: asyncio.Future[None] | None = None
        self._at_end: list[Callable[[BaseException | None], None]] = []
        self._when_settled: list[Callable[[BaseException | None], object]] = []
        self._on_failure: list[Callable[[str], None]] = []
        self._failure: str | None = None
        self._on_error, self._look = self._make_hooks()
        self._checkpoint: asyncio.Future[Checkpoint] | None = None
        self._calls: Calls | None = None
        register_stack_transformation(self._declared)
        for early in alive():
            if early is not root:  # each has a copy of the stack's transformations, which its children inherit
                early._transformations.append(self._declared)
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

    @property
    def secrets(self) -> frozenset[str]:
        """Texts that must not leave the process, as far as they are known now."""
        return self._secrets | secret_values.seen(self.resources)

    def records(self) -> None:
        """The program declares a Deployment: what is wrong with the stack's config is of interest now."""
        if not self._records:
            self._records = True
            self._calls = Calls.of(asyncio.get_event_loop())
            for complaint in complaints(runtime_config.CONFIG.get(), runtime_config.is_config_secret):
                pulumi.log.warn(complaint)

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

    # -- the program's end ---------------------------------------------------------------------------------------------

    def at_end(self, action: Callable[[BaseException | None], None]) -> None:
        """Run the action once the program's last statement has run, with the error it ended with.

        If it has run, then after the callback that is running.
        """
        if self.ended:
            asyncio.get_event_loop().call_soon(action, None)
        else:
            self._at_end.append(action)

    def when_settled(self, action: Callable[[BaseException | None], object]) -> None:
        """Run the action once everything that the program has begun is done, `apply` callbacks included.

        It is given the error of a callback that raised. What was asked for last is run first: an inner scope ends
        before an outer one. Where it cannot be seen, now.
        """
        if self._settles:
            self._when_settled.append(action)
        else:
            action(None)

    def settled(self, error: BaseException | None) -> bool:
        """Run the next of these actions; whether there was one."""
        if self._when_settled:
            self._when_settled.pop()(error)
            return True
        return False

    def _end(self, error: BaseException | None) -> None:
        """The program's last statement has run: whatever goes wrong here, no scope stays open."""
        self.ended = True
        actions: list[Callable[[], object]] = [partial(self.close, scope) for scope in self._open]
        actions += [partial(action, error) for action in self._at_end]
        went_wrong: list[Exception] = []
        for action in actions:
            try:
                action()
            except Exception as one:  # noqa: BLE001 - raised below, unless it would hide the user's own
                went_wrong.append(one)
        for scope in self._open:
            scope.close()
        if went_wrong and error is None:
            raise went_wrong[0]

    # -- failures ------------------------------------------------------------------------------------------------------

    def on_failure(self, action: Callable[[str], None]) -> None:
        """Run the action with the reason whenever a resource fails in an update; at once where one has already."""
        self._on_failure.append(action)
        if self._failure is not None:
            action(self._failure)

    async def checkpoint(self) -> Checkpoint:
        """The last checkpoint; read once, before any Deployment of this run is registered, since each waits for it."""
        if self._checkpoint is None:
            self._checkpoint = asyncio.ensure_future(Checkpoint.read(self.stack))
        return await self._checkpoint

    # -- scopes --------------------------------------------------------------------------------------------------------

    def open(self, scope: Scope) -> None:
        """Take on a scope, before its Deployment is there: it is closed in the end at the latest."""
        if not scope.closed:
            self._open.append(scope)

    def opened(self, scope: Scope) -> None:
        """The Deployment is there: the scope is closed when it ends, or when the program waits for what it covers."""
        if is_dry_run():
            scope.registered = asyncio.ensure_future(self._registered(scope))
        if self._open and self._watcher is None and self._calls is not None:
            self._watcher = asyncio.ensure_future(self._close_where_it_waits(self._calls))

    def close(self, scope: Scope) -> None:
        """Let the Deployment say what it covers, and tell what of that could not be found out."""
        if scope.closed:
            return
        scope.close(self._indexed)
        self._open.remove(scope)
        if not self._open and self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None
        name = scope.deployment.pulumi_resource_name
        for unseen in scope.unseen:
            why = reason.of_program(unseen.error, self.secrets)
            pulumi.log.warn(f'Deployment "{name}": {unseen.what} ({why})', scope.deployment)

    def _indexed(self) -> Mapping[int, Declared]:
        """The resource of each Output that is a resource's property, by the Output's id."""
        for declared in self._unindexed:
            self._outputs[id(declared.resource)] = declared
            values = declared.resource.__dict__.values()
            self._outputs.update({id(value): declared for value in values if isinstance(value, pulumi.Output)})
        self._unindexed.clear()
        return self._outputs

    def end(self, scope: Scope) -> list[pulumi.Resource]:
        """Nothing more belongs into the scope; what its end has to wait for."""
        self.close(scope)
        scope.ended = True
        if scope.left_out:
            pulumi.log.warn(
                f'Deployment "{scope.deployment.pulumi_resource_name}" does not see changes of '
                f"{', '.join(map(repr, scope.left_out))}: the program waited inside its scope before it declared "
                "these, or declares them in an apply",
                scope.deployment,
            )
        return scope.covered()

    def cover(self, scope: Scope, resource: pulumi.Resource) -> None:
        """Take a resource that was named by hand into a scope; it counts for that one alone."""
        declared = self._declaration(resource)
        if id(resource) in self._scopes:
            self._scopes[id(resource)].hand_over(declared)
        self._scopes[id(resource)] = scope
        scope.add(resource, declared)
        self._covered[declared.key] = (scope, declared)

    def declared_before(self) -> list[str]:
        """The names of the resources that have been declared so far."""
        free = [one for one in self._declarations.values() if id(one.resource) not in self._scopes]
        known = [(one.name, one.type) for one in free]
        early = [one for one in alive() if id(one) not in self._declarations and one is not get_root_resource()]
        known += [(one.pulumi_resource_name, one.pulumi_resource_type) for one in early]
        return sorted(name for name, kind in known if not kind.startswith((*NOT_COVERED, OWN_TYPES)))

    async def _close_where_it_waits(self, calls: Calls) -> None:
        try:
            await calls.have_ceased()
        finally:
            self._watcher = None
            for scope in list(self._open):
                self.close(scope)

    def _declared(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Runs in every resource's constructor: notes the resource, and makes it wait for the start that covers it."""
        if _is_only_read(args):
            return None
        ours = args.type_.startswith(OWN_TYPES)
        parent = args.opts.parent
        above = None if parent is None or parent is get_root_resource() else self._declaration(parent)
        declared = Declared.of(args, above)
        self._declarations[id(args.resource)] = declared
        self._unindexed.append(declared)
        self.resources.append(args.resource)
        scope = entered() or self._scopes.get(id(parent)) or self.rest
        if scope is not None and (args.resource is scope.deployment or (ours and parent is scope.deployment)):
            scope = None
        own = pulumi.ResourceOptions(depends_on=[])
        if declared.is_custom and not ours:
            own.hooks = self._on_error
        if scope is not None:
            own.depends_on = [scope.deployment if scope.registered is None else scope.registered]
            self._take_in(scope, declared, ours=ours)
        elif own.hooks is None:
            return None
        merged = pulumi.ResourceOptions.merge(args.opts, own)
        if scope is not None and scope.watch and declared.is_custom and not ours and self._look is not None:
            merged.hooks = Hooks.with_look(merged.hooks, self._look, scope)
        return pulumi.ResourceTransformationResult(args.props, merged)

    def _take_in(self, scope: Scope, declared: Declared, *, ours: bool) -> None:
        self._scopes[id(declared.resource)] = scope
        self._covered[declared.key] = (scope, declared)
        if not scope.ended:
            scope.add(declared.resource, None if ours else declared)
        elif declared.is_custom:
            pulumi.log.warn(
                f'"{declared.name}" is declared after the end of Deployment "{scope.deployment.pulumi_resource_name}", '
                "in an apply: it waits for the start, but the end does not wait for it; declare it outside the apply, "
                "or use bigpanda.record_program()"
            )

    def _declaration(self, resource: pulumi.Resource) -> Declared:
        """The resource as it was declared; where nobody looked then, what can be told of it now."""
        if id(resource) not in self._declarations:
            above: Declared | None = None
            for one in ancestors(resource):
                above = self._declarations.setdefault(id(one), Declared.unseen(one, above))
        return self._declarations[id(resource)]

    # -- hooks ---------------------------------------------------------------------------------------------------------

    def _make_hooks(self) -> tuple[pulumi.ResourceHookBinding | None, pulumi.ResourceHook | None]:
        """The hooks of every resource, and the look at a covered one; None where the engine is too old for them."""
        on_error = look = None
        if not is_dry_run() and _supports("RESOURCE_MONITOR_FEATURE_ERROR_HOOKS"):
            on_error = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(HOOK_NAME, self._failed)])
        if _supports("RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS"):
            options = pulumi.ResourceHookOptions(on_dry_run=True, ignore_errors=True)
            look = pulumi.ResourceHook(f"{HOOK_NAME}-changes", self._changes, options)
        return on_error, look

    async def _failed(self, args: pulumi.ErrorHookArgs) -> bool:
        """A resource failed: tell why. It never asks for a retry."""
        why = await reason.of_resource(args, self.secrets)
        self._failure = self._failure or why
        for action in self._on_failure:
            action(why)
        return False

    async def _changes(self, args: pulumi.ResourceHookArgs) -> None:
        """A covered resource is created or updated: where its Deployment reports nothing, say so."""
        key = args.urn.split("::", 2)[2]
        if key not in self._covered:
            return
        scope, declared = self._covered[key]
        if await self._reports(scope.deployment):
            return
        cause = "; it may have changed through an Output that it takes: name that in triggers=[...]"
        name = scope.deployment.pulumi_resource_name
        pulumi.log.warn(
            f'"{args.name}" changes, while Deployment "{name}" reports nothing{cause if declared.takes else ""}'
        )

    async def _registered(self, scope: Scope) -> pulumi.Resource:
        """The Deployment, once preview knows whether it reports: what it covers waits for that."""
        with contextlib.suppress(Exception):  # the engine has told the user why it failed
            scope.reports = await self._reports(scope.deployment)
        return scope.deployment

    async def _reports(self, deployment: Any) -> bool:
        """Whether the Deployment sends something in this run: its attempt is a new one, or not known yet in preview."""
        if is_dry_run():
            return not await deployment.attempt.is_known()
        return await deployment.attempt.future() not in (await self.checkpoint()).attempts


class Hooks(list[Any]):
    """Hooks of which the last looks at changes that nobody reports: a preview leaves it out where that is not needed.

    Each call of a hook is a round trip, for every resource. The SDK goes through the list when the resource has waited
    for its Deployment; should it ever do so earlier, or copy the list, the look is there. An update always has it:
    state names the hooks, and other ones than last time would be written anew for each resource.
    """

    def __init__(self, others: Sequence[Any] | None, look: pulumi.ResourceHook, scope: Scope) -> None:
        super().__init__([*(others or ()), look])
        self._scope = scope

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(super().__iter__(), len(self) - self._scope.reports)

    @classmethod
    def with_look(
        cls, hooks: pulumi.ResourceHookBinding | None, look: pulumi.ResourceHook, scope: Scope
    ) -> pulumi.ResourceHookBinding:
        """The hooks of a covered resource: its own, and the look before it is created or updated."""
        made = pulumi.ResourceHookBinding() if hooks is None else copy.copy(hooks)
        made.before_create = cls(made.before_create, look, scope)
        made.before_update = cls(made.before_update, look, scope)
        return made


_programs: weakref.WeakKeyDictionary[pulumi.Resource, Program] = weakref.WeakKeyDictionary()


def see_from_now() -> None:
    """See every resource from now on: of the program that is running, else of each that this process runs."""
    if get_root_resource() is None:
        _call_after(runtime_stack.Stack, "__init__", Program.current)
    else:
        Program.current()


def _supports(feature: str) -> bool:
    value = getattr(resource_pb2, feature, None)
    return value is not None and monitor_supports_feature(value)


def _is_only_read(args: pulumi.ResourceTransformationArgs) -> bool:
    """Providers, and what is looked up instead of made."""
    return args.type_.startswith(NOT_COVERED) or args.opts.id is not None or args.opts.urn is not None


def _call_before(target: Any, method: str, action: Callable[[BaseException | None], None]) -> None:
    """Make the instance's method run the action first, with the exception that is on its way, if one is."""
    original = getattr(target, method)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        action(sys.exc_info()[1])
        return original(*args, **kwargs)

    setattr(target, method, wrapped)


def _call_after(target: Any, method: str, action: Callable[[], object]) -> None:
    """Make the class's method run the action when it is done."""
    original = getattr(target, method)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        with contextlib.suppress(Exception):  # a program that has no Deployment is not to know of it
            action()
        return result

    setattr(target, method, wrapped)


def _wait_is_held() -> bool:
    """Have the SDK's wait for everything that is outstanding run the actions of `when_settled` and wait again.

    Whether that is possible: it is a private function of the SDK.
    """
    original = getattr(runtime_stack, "wait_for_rpcs", None)
    if original is None:
        return False
    if not hasattr(original, "held_by_bigpanda"):

        async def wait_for_rpcs(*args: Any, **kwargs: Any) -> None:
            # Registrations are on the SDK's list once the loop has gone round. Before, it finds none, and waits for
            # every single output of theirs instead: with hooks, at a cost that is the square of their number.
            await asyncio.sleep(0)
            raised: Exception | None = None
            root = get_root_resource()
            program = _programs.get(root) if root is not None else None
            while True:
                try:
                    await original(*args, **kwargs)
                except Exception as error:  # noqa: BLE001 - raised below: the first one is the user's own
                    raised = raised or error
                try:
                    if program is None or not program.settled(raised):
                        break
                except Exception as error:  # noqa: BLE001 - the same; the next action has its turn
                    raised = raised or error
            if raised is not None:
                raise raised

        wait_for_rpcs.held_by_bigpanda = True  # type: ignore[attr-defined]
        runtime_stack.wait_for_rpcs = wait_for_rpcs
    return True
