"""The private parts of Pulumi's SDK and of Python that the program's process uses; no other module of it does.

Each docstring says what a door is for, and what is done where it is closed: none of them raises then. All were seen in
SDK 3.260 to 3.272. `tests/test_sdk_program.py` has a test for each; it fails by name when a new SDK closes one.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import itertools
import sys
import weakref
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Any

import pulumi
from google.protobuf import json_format, struct_pb2
from pulumi import _types
from pulumi import output as sdk_output
from pulumi.runtime import _callbacks as sdk_callbacks
from pulumi.runtime import config as sdk_config
from pulumi.runtime import get_root_resource, mocks, settings
from pulumi.runtime import stack as sdk_stack
from pulumi.runtime.proto import callback_pb2, resource_pb2

from ..dataclass import dataclass

READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs"
DYNAMIC_PROVIDERS = "pulumi-python:dynamic:none"
"""A function that is not there, of the plugin whose resources are dynamic ones."""
STARTING_LIMIT_S = 60.0

# -- the run -----------------------------------------------------------------------------------------------------------


def under_mocks() -> bool:
    """Whether `pulumi.runtime.set_mocks` stands in for the engine: the end of a program is not seen then.

    The SDK keeps what speaks to the engine in `SETTINGS.monitor`. Closed: there are no mocks.
    """
    mock, store = getattr(mocks, "MockMonitor", None), getattr(settings, "SETTINGS", None)
    return mock is not None and isinstance(getattr(store, "monitor", None), mock)


def when_run_begins(action: Callable[[], object]) -> bool:
    """Run the action whenever a program begins in this process, before its first statement; whether that is possible.

    The stack is the program's first resource: the constructor of `Stack` is wrapped. Closed: what is declared before
    the first Deployment is found by `alive`, and only its children are seen.
    """
    stack = getattr(sdk_stack, "Stack", None)
    if stack is None:
        return False
    original = stack.__init__

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        with contextlib.suppress(Exception):  # a program that has no Deployment is not to know of it
            action()

    stack.__init__ = wrapped
    return True


def has_ended(root: pulumi.Resource) -> bool:
    """Whether the program's last statement has run: a callback of an Output may declare a Deployment afterwards.

    The stack notes in `_outputs_registered` that its outputs are registered. Closed: it has not ended; the scope of
    such a Deployment is closed once nothing is in flight, and the provider's guard ends it.
    """
    return getattr(root, "_outputs_registered", False) is True


def when_program_ends(root: pulumi.Resource, action: Callable[[BaseException | None], None]) -> bool:
    """Run the action once the program's last statement has run, with the error that it ended with.

    Whether that is possible: the SDK calls `register_outputs` of the stack then, also after an exception and
    `sys.exit`; it is wrapped on the instance. Closed: scopes that are not left are closed once nothing is in flight,
    and the provider's guard ends what is still open.
    """
    original = getattr(root, "register_outputs", None)
    if original is None:
        return False

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        action(sys.exc_info()[1])
        return original(*args, **kwargs)

    root.register_outputs = wrapped  # type: ignore[attr-defined]
    return True


@dataclass(frozen=True)
class Steps:
    """What a run does once everything that its program has begun is done.

    Attributes:
        next: takes the next step, given the error of a callback that raised; says whether there was one to take.
        finish: the last one.
        abandon: instead of it, where the program is broken off, as by Ctrl-C.
    """

    next: Callable[[BaseException | None], bool]
    finish: Callable[[], Awaitable[None]]
    abandon: Callable[[], None]


_steps: weakref.WeakKeyDictionary[pulumi.Resource, Steps] = weakref.WeakKeyDictionary()
"""By the stack of the run: two programs may run in two threads of one process."""


def when_settled(root: pulumi.Resource, steps: Steps) -> bool:
    """Take the next step once everything that the program has begun is done, then wait again, as long as there is one.

    Whether that is possible: `wait_for_rpcs` of the SDK is wrapped. Closed: the caller does at the program's end what
    it would do then, and what it leaves open is ended by the provider's guard.
    """
    original = getattr(sdk_stack, "wait_for_rpcs", None)
    if original is None:
        return False
    _steps[root] = steps
    if not hasattr(original, "held_by_bigpanda"):
        held = _held(original)
        held.held_by_bigpanda = True  # type: ignore[attr-defined]
        sdk_stack.wait_for_rpcs = held
    return True


def _held(original: Callable[..., Any]) -> Callable[..., Any]:
    """The SDK's wait, with the steps of the run between."""

    async def wait_for_rpcs(*args: Any, **kwargs: Any) -> None:
        # Registrations are on the SDK's list once the loop has gone round. Before, it finds none, and waits for
        # every single output of theirs instead: with hooks, at a cost that is the square of their number.
        await asyncio.sleep(0)
        root = get_root_resource()
        steps = _steps.get(root) if root is not None else None
        if steps is None:
            await original(*args, **kwargs)
            return
        try:
            raised = await _taken(steps, lambda: original(*args, **kwargs))
        except BaseException:
            steps.abandon()
            raise
        if raised is not None:
            raise raised

    return wait_for_rpcs


async def _taken(steps: Steps, wait: Callable[[], Awaitable[None]]) -> Exception | None:
    """Wait, and take each step once all is done; the first error is the user's own."""
    raised: Exception | None = None
    more = True
    while more:
        try:
            await wait()
        except Exception as error:  # noqa: BLE001 - returned: every step has its turn
            raised = raised or error
        try:
            more = steps.next(raised)
        except Exception as error:  # noqa: BLE001 - the same
            raised = raised or error
    try:
        await steps.finish()
    except Exception as error:  # noqa: BLE001 - the same
        raised = raised or error
    return raised


def outstanding() -> frozenset[asyncio.Future[Any]]:
    """The Outputs whose value, or whose callback, is still to come: the SDK waits for them before the program's end.

    It keeps them in `SETTINGS.outputs`. Closed: none is known, and a callback that raises makes no scope a failure.
    """
    return frozenset(getattr(getattr(settings, "SETTINGS", None), "outputs", ()))


class Calls:
    """The calls that are in flight to the engine: the SDK makes each in the event loop's executor.

    `run_in_executor` is wrapped on the instance of the loop. Closed (a loop that is written in C takes no attribute):
    none is in flight, so a scope that a slow call is made in may be closed early, with a warning.

    Attributes:
        count: how many are in flight.
        made: how many there have been.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.count = 0
        self.made = 0
        original = loop.run_in_executor

        def run_in_executor(*args: Any) -> Any:
            future = original(*args)
            self.count += 1
            self.made += 1
            future.add_done_callback(self._done)
            return future

        with contextlib.suppress(AttributeError):
            loop.run_in_executor = run_in_executor  # type: ignore[method-assign, assignment]

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Calls:
        """Those of this event loop."""
        if loop not in _calls:
            _calls[loop] = cls(loop)
        return _calls[loop]

    def _done(self, _future: Any) -> None:
        self.count -= 1


_calls: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Calls] = weakref.WeakKeyDictionary()


# -- resources ---------------------------------------------------------------------------------------------------------


def is_registered(resource: pulumi.Resource) -> bool:
    """Whether the resource's constructor got as far as handing it to the engine: `urn` raises before.

    Closed (`urn` is there always): one whose constructor raised counts as registered.
    """
    try:
        return resource.urn is not None
    except (KeyError, AttributeError):
        return False


def alive() -> list[pulumi.Resource]:
    """Every resource of this program; for what was declared before anybody looked.

    Python's garbage collector lists them. Another program that runs in this process has another event loop, and the
    futures in an Output tell which. Closed: none is known.
    """
    every = [one for one in gc.get_objects() if issubclass(type(one), pulumi.Resource) and is_registered(one)]
    loop = asyncio.get_event_loop()
    return [one for one in every if any(future.get_loop() is loop for future in _futures(one.urn))]


def _futures(output: pulumi.Output[Any]) -> Iterator[asyncio.Future[Any]]:
    return (value for value in getattr(output, "__dict__", {}).values() if asyncio.isfuture(value))


def children(resource: pulumi.Resource) -> Iterable[pulumi.Resource]:
    """The children of a resource, which does not know its parent: `_childResources`.

    Closed: none; a resource that was declared before anybody looked counts as one of the stack.
    """
    return getattr(resource, "_childResources", ())


def inherit(resource: pulumi.Resource, transformation: pulumi.ResourceTransformation) -> bool:
    """Have children of a resource that is declared already go through the transformation; whether that is possible.

    Each has a copy of its parent's list, `_transformations`. Closed: such children are not seen.
    """
    inherited = getattr(resource, "_transformations", None)
    if not isinstance(inherited, list):
        return False
    inherited.append(transformation)
    return True


def aliases(resource: pulumi.Resource) -> Sequence[pulumi.Input[str]]:
    """The URNs that a resource had before, as its options and its parents' tell: `_aliases`.

    Closed: none; a Deployment that was renamed is a new one, as far as its last attempt goes.
    """
    return tuple(getattr(resource, "_aliases", ()))


def outputs(resource: pulumi.Resource) -> list[pulumi.Output[Any]]:
    """The Outputs that are properties of the resource: they stand in its `__dict__`.

    Closed: none; of a secret output nothing is masked.
    """
    return [value for value in list(getattr(resource, "__dict__", {}).values()) if isinstance(value, pulumi.Output)]


def output(resource: pulumi.Resource, name: str) -> pulumi.Output[Any]:
    """The output of this name in state, where the resource's class declares none: it stands in its `__dict__`.

    Closed: an Output of None.
    """
    return pulumi.Output.from_input(getattr(resource, "__dict__", {}).get(name))


async def has_values(resource: pulumi.Resource) -> bool:
    """Whether the engine has given a resource any output beside its URN and id: of one that failed all are unknown.

    They stand in its `__dict__`. Closed: it has none.
    """
    identity = (resource.urn, getattr(resource, "id", None))
    own = [one for one in outputs(resource) if not any(one is other for other in identity)]
    return any([await one.is_known() for one in own])


class LateHooks(list[Any]):
    """Hooks of which the last is left out if that turns out to be right by the time the resource is registered.

    The SDK goes through the list after it has waited for what the resource depends on. Closed (it copies the list, or
    goes through it earlier): the hook is there, which is right as well, but costs a call.

    Args:
        others: the hooks before it; may be None.
        last: the hook.
        is_needless: whether it can be left out, asked when the list is gone through.
    """

    def __init__(self, others: Iterable[Any] | None, last: Any, is_needless: Callable[[], bool]) -> None:
        super().__init__([*(others or ()), last])
        self._is_needless = is_needless

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(super().__iter__(), len(self) - self._is_needless())


class _Answer:
    """Answers the engine's calls of a hook.

    Args:
        action: called with the resource's URN and name; what it raises fails the change, as in a hook.
    """

    def __init__(self, action: Callable[[str, str], Awaitable[None]]) -> None:
        self._action = action

    async def __call__(self, asked: bytes) -> resource_pb2.ResourceHookResponse:
        request = resource_pb2.ResourceHookRequest.FromString(asked)
        try:
            await self._action(request.urn, request.name)
        except Exception as error:  # noqa: BLE001 - the engine tells it, as that of a hook
            return resource_pb2.ResourceHookResponse(error=str(error))
        return resource_pb2.ResourceHookResponse()


async def skip_arguments(hook: pulumi.ResourceHook, action: Callable[[str, str], Awaitable[None]]) -> bool:
    """Have the engine call an action in place of a hook, without the resource's properties; whether that is possible.

    For each call the SDK takes apart the properties of the resource, old and new, inputs and outputs: 15 ms for a
    Kubernetes manifest of 12 kB. What answers the engine is among the `_callbacks` of a servicer, and has the hook
    among its variables. It is replaced as soon as it is there, before a resource with the hook is registered. Closed:
    the hook is called as any other.

    Args:
        hook: the hook, which has just been made.
        action: as in `_Answer`.
    """
    with contextlib.suppress(Exception):
        await getattr(hook, "_registered")  # noqa: B009
        for servicer in sdk_callbacks._CallbackServicer._servicers:
            for token, callback in list(servicer._callbacks.items()):
                if inspect.isfunction(callback) and inspect.getclosurevars(callback).nonlocals.get("hook") is hook:
                    servicer._callbacks[token] = _Answer(action)
                    return True
    return False


def skip_log_of_hooks() -> bool:
    """Have no line written to the engine's log for each call that `skip_arguments` answers; whether that is possible.

    The event loop waits for the engine while the SDK writes such a line: 1.8 ms for each resource that changes.
    `_CallbackServicer.Invoke` writes it, and is wrapped for the servicers that are made from now on. Closed, or where
    the program has made its servicer before, by a hook or a transform of its own: the lines are written.
    """
    servicer = getattr(sdk_callbacks, "_CallbackServicer", None)
    original = getattr(servicer, "Invoke", None)
    if original is None:
        return False
    if not hasattr(original, "held_by_bigpanda"):

        @functools.wraps(original)
        async def invoke(self: Any, request: Any, context: Any) -> Any:
            answer = self._callbacks.get(request.token)
            if not isinstance(answer, _Answer):
                return await original(self, request, context)
            response = await answer(request.request)
            return callback_pb2.CallbackInvokeResponse(response=response.SerializeToString())

        invoke.held_by_bigpanda = True  # type: ignore[attr-defined]
        servicer.Invoke = invoke  # type: ignore[union-attr]
    return True


# -- what an Output comes from -----------------------------------------------------------------------------------------
#
# All that an Output knows comes as one future, and is known once the engine has answered, which is too late here. Until
# then the future is the task of a coroutine of the SDK's, and what that awaits is among its variables.


def state_of(output: pulumi.Output[Any]) -> asyncio.Future[Any] | None:
    """The future of all that an Output knows: `_data`.

    Closed: None; what takes the Output is affected by no other resource's change.
    """
    state = getattr(output, "__dict__", {}).get("_data")
    return state if asyncio.isfuture(state) else None


def own_states(resource: pulumi.Resource) -> list[asyncio.Future[Any]]:
    """The futures of those Outputs that the engine's answer for this resource gives their values.

    They are `urn` and `id`, and the Outputs among its attributes that were made by the constructor of `Output`; all
    others are derived. Closed: those of all its Outputs; a derived one belongs to the resource that holds it.
    """
    made = frozenset(_inner(pulumi.Output.__init__.__code__))
    found = []
    for name, value in list(getattr(resource, "__dict__", {}).items()):
        state = state_of(value) if isinstance(value, pulumi.Output) else None
        if state is None:
            continue
        if not made or name in ("urn", "id") or getattr(_coroutine(state), "cr_code", None) in made:
            found.append(state)
    return found


def behind(state: asyncio.Future[Any]) -> tuple[Iterable[pulumi.Resource], list[asyncio.Future[Any]]]:
    """One step back from an Output's future: the resources that it is known to come from, and futures that it awaits.

    It is known once it is resolved. Before, the coroutine's own variables of the functions around it are looked at
    (`Output.apply` has `self` there, `Output.all` its parts), and where one is a callback of the SDK's, its variables
    too (`Output.from_input` has the values of a map there). A callback of the program's is not looked into. Closed:
    neither; what takes the Output is affected by no other resource's change.
    """
    if state.done():
        with contextlib.suppress(AttributeError):
            if not state.cancelled() and state.exception() is None:
                return frozenset(state.result().resources), []
        return (), []
    coroutine = _coroutine(state)
    frame = getattr(coroutine, "cr_frame", None)
    if not inspect.iscoroutine(coroutine) or frame is None or not _of_sdk(frame.f_globals):
        return (), []
    variables = inspect.getcoroutinelocals(coroutine)
    return (), [one for name in coroutine.cr_code.co_freevars for one in _states(variables.get(name))]


def wrapped(output: Any) -> Mapping[str, Any]:
    """The texts in a map or an args class of which a provider's SDK has made a secret Output; none for anything else.

    The connection of a remote command is such an input, and its host is no secret. Only what the program gave as it is
    counts: not the parts that are Outputs themselves. It is asked in the constructor of the resource, before anything
    has run: the variables of `Output.secret`, `Output.from_input` and `Output.all` have it. Closed: none, so such a
    command is no known host.
    """
    with contextlib.suppress(Exception):
        inner = _variables(state_of(output))["o"]
        applied = _variables(state_of(inner))
        parts = _variables(state_of(applied["self"]))["all_outputs"]
        if isinstance(parts, list):  # of a map: its keys are taken first
            values = inspect.getclosurevars(applied["func"]).nonlocals["values"]
            return {_constant(key): one for key, one in zip(parts, values, strict=True) if isinstance(one, str)}
        return {name: part for name, one in parts.items() if isinstance(part := _constant(one), str)}
    return {}


def _variables(state: asyncio.Future[Any] | None) -> Mapping[str, Any]:
    return {} if state is None else inspect.getcoroutinelocals(_coroutine(state))


def _constant(output: pulumi.Output[Any]) -> Any:
    """The value of an Output that was made from a plain one; None for any other."""
    state = state_of(output)
    return state.result().value if state is not None and state.done() and _coroutine(state) is None else None


def _coroutine(state: asyncio.Future[Any]) -> Any:
    """What the task runs; None where the future is no task."""
    return state.get_coro() if isinstance(state, asyncio.Task) else None


def _states(value: Any) -> Iterator[asyncio.Future[Any]]:
    """The futures that stand anywhere in a variable of the SDK's."""
    if isinstance(value, pulumi.Output):
        state = state_of(value)
        if state is not None:
            yield state
    elif asyncio.isfuture(value):
        yield value
    elif isinstance(value, Mapping):
        for inner in (*value.keys(), *value.values()):
            yield from _states(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _states(inner)
    elif inspect.isfunction(value):
        if _of_sdk(value.__globals__):
            for cell in value.__closure__ or ():
                with contextlib.suppress(ValueError):  # an empty cell
                    yield from _states(cell.cell_contents)
    elif (values := input_values(value)) is not None:
        yield from _states(values)


def _of_sdk(names: Mapping[str, Any]) -> bool:
    """Whether these are the global names of a module of the SDK."""
    return str(names.get("__name__")).startswith("pulumi.")


# -- values ------------------------------------------------------------------------------------------------------------


def input_values(value: Any) -> Mapping[str, Any] | None:
    """What is in an object of an input type (an args class of a provider's SDK), untranslated; None for anything else.

    `pulumi._types` knows them. Closed: None, so the type alone counts in a digest, and its Outputs are not seen.
    """
    is_input_type = getattr(_types, "is_input_type", None)
    translate = getattr(_types, "input_type_to_untranslated_dict", None)
    if is_input_type is None or translate is None or not is_input_type(type(value)):
        return None
    values: Mapping[str, Any] = translate(value)
    return values


def when_secret(action: Callable[[Any], None]) -> bool:
    """Run the action with each value that becomes secret from now on; whether that is possible.

    The SDK makes an `_OutputData` for each Output whose value is known; its `__post_init__` is wrapped. `Output.secret`
    is wrapped too: a program may raise before any Output has its value. Closed: the caller looks at the secret outputs
    of resources.
    """
    data = getattr(sdk_output, "_OutputData", None)
    original = getattr(data, "__post_init__", None)
    if original is None:
        return False
    if hasattr(original, "watched_by_bigpanda"):
        return True
    derived = frozenset([*_inner(pulumi.Output.all.__code__), *_inner(pulumi.Output.apply.__code__)])
    secret = pulumi.Output.secret

    def __post_init__(self: Any) -> None:  # noqa: N807
        original(self)
        # A list or map that is put together is secret as soon as one part is; each part has been here before.
        if self.is_secret and (isinstance(self.value, str) or sys._getframe(2).f_code not in derived):
            action(self.value)

    @functools.wraps(secret)
    def noting(val: Any) -> Any:
        action(val)
        return secret(val)

    __post_init__.watched_by_bigpanda = True  # type: ignore[attr-defined]
    data.__post_init__ = __post_init__  # type: ignore[union-attr]
    pulumi.Output.secret = staticmethod(noting)  # type: ignore[method-assign]
    return True


def _inner(code: CodeType) -> Iterator[CodeType]:
    """The code of the functions in a function."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inner(constant)


# -- the engine --------------------------------------------------------------------------------------------------------


def config() -> Mapping[str, Any]:
    """The stack's config as the program sees it, by whole keys; `pulumi.Config` shows keys that are known alone.

    Closed: it is empty; nothing of it is masked or complained about.
    """
    variable = getattr(sdk_config, "CONFIG", None)
    found: Mapping[str, Any] = {} if variable is None else variable.get()
    return found


def supports(feature: str) -> bool:
    """Whether the SDK and the engine know a feature, named as in the protocol: `RESOURCE_MONITOR_FEATURE_ERROR_HOOKS`.

    Closed: they do not, so no hooks are registered.
    """
    value, ask = getattr(resource_pb2, feature, None), getattr(settings, "monitor_supports_feature", None)
    return value is not None and ask is not None and bool(ask(value))


def start_dynamic_providers() -> bool:
    """Have the engine start the process of the dynamic providers now, while the program goes on with its declarations.

    It is started by the first thing that needs it: usually a registration, and these wait for the program. An invoke
    is answered at once. The engine refuses this one, for a dependency that is no URN, when the process is there and
    before it is asked for anything, so nothing is shown and state does not change. Closed, or an engine that does not
    look at dependencies and would pass the invoke on: the process is started as usual.

    Returns:
        Whether it was asked to, now or before. The call lasts as long as the stack of this run.
    """
    root = get_root_resource()
    if root is None:
        return False
    if root in _starting:
        return True
    with contextlib.suppress(Exception):  # the import of this package is not to fail for it
        if not under_mocks() and supports("RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON"):
            request = resource_pb2.ResourceInvokeRequest(tok=DYNAMIC_PROVIDERS, dependsOn=["none"])
            monitor: Any = settings.get_monitor()
            _starting[root] = monitor.Invoke.future(request, timeout=STARTING_LIMIT_S)
            return True
    return False


_starting: weakref.WeakKeyDictionary[pulumi.Resource, object] = weakref.WeakKeyDictionary()
"""The calls that start them, by the stack of the run: one that nobody keeps is cancelled."""


async def checkpoint_outputs(
    stack: str, type_prefix: str, wanted: Callable[[str], Sequence[str]]
) -> Mapping[str, Mapping[str, Any]]:
    """The resources in the last checkpoint of a stack, by URN, each with `type` and `outputs`.

    All outputs of those whose types begin with the prefix; of others the texts that are wanted, and no resource that
    has none: a stack may hold 1,000s of resources, of some MB.

    The SDK's own invoke would look up each resource that an output refers to; it is not registered yet, so that fails,
    and the program with it. The monitor's `Invoke` takes a request that says that references are to be plain values.

    Args:
        stack: the stack's full name.
        type_prefix: the beginning of types.
        wanted: the paths of the outputs that are wanted of any other type: "tags.Name".

    Raises:
        Exception: whatever the engine or the SDK raises, a closed door included: the look-up has failed.
    """
    monitor = settings.get_monitor()
    return await asyncio.get_running_loop().run_in_executor(None, _ask, monitor, stack, type_prefix, wanted)


def _ask(monitor: Any, stack: str, type_prefix: str, wanted: Callable[[str], Sequence[str]]) -> dict[str, Any]:
    arguments = struct_pb2.Struct()
    arguments["stackName"] = stack
    request = resource_pb2.ResourceInvokeRequest(tok=READ_OUTPUTS, args=arguments, acceptResources=False)
    answer: struct_pb2.Struct = getattr(monitor.Invoke(request), "return")
    found: dict[str, Any] = {}
    for urn, one in answer.fields["outputs"].struct_value.fields.items():
        kind = one.struct_value["type"]
        if kind.startswith(type_prefix):
            found[urn] = json_format.MessageToDict(one)
        elif (paths := wanted(kind)) and (texts := _texts(one.struct_value.fields["outputs"], paths)):
            found[urn] = {"type": kind, "outputs": texts}
    return found


def _texts(outputs: struct_pb2.Value, paths: Iterable[str]) -> dict[str, Any]:
    """What is a text at one of the paths, as maps in maps."""
    found: dict[str, Any] = {}
    for path in paths:
        *maps, last = path.split(".")
        value, into = outputs, found
        for name in (*maps, last):
            value = value.struct_value.fields.get(name, struct_pb2.Value())
        if value.HasField("string_value"):
            for name in maps:
                into = into.setdefault(name, {})
            into[last] = value.string_value
    return found
