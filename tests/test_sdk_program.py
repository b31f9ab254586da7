"""The private parts of Pulumi's SDK that the program's process uses: each is there, and can be done without.

A test is named after its door in `bigpanda_provider/program/sdk/`. One that fails with a new SDK says which door is
closed; what happens then is in the door's docstring, and in the test `..._closed`.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pulumi
import pytest
from google.protobuf import struct_pb2
from pulumi import _types
from pulumi import output as sdk_output
from pulumi.runtime import _callbacks as sdk_callbacks
from pulumi.runtime import config as sdk_config
from pulumi.runtime import mocks, settings
from pulumi.runtime import stack as sdk_stack
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, provider_pb2, resource_pb2, resource_pb2_grpc
from pulumi.runtime.settings import SETTINGS

import bigpanda_provider
from bigpanda_provider.program.sdk import engine
from bigpanda_provider.program.sdk import outputs as outputs_door
from bigpanda_provider.program.sdk.engine import checkpoint_outputs, stack_config, start_dynamic_providers, supports
from bigpanda_provider.program.sdk.hooks import LateHooks, skip_arguments, skip_log_of_hooks
from bigpanda_provider.program.sdk.outputs import behind, own_states, state_of, wrapped
from bigpanda_provider.program.sdk.resources import aliases, alive, children, inherit, is_registered, output, outputs
from bigpanda_provider.program.sdk.run import (
    Calls,
    Steps,
    has_ended,
    outstanding,
    under_mocks,
    when_program_ends,
    when_run_begins,
    when_settled,
)
from bigpanda_provider.program.sdk.values import input_values, when_secret

from .mocked import mocked

pytestmark = pytest.mark.filterwarnings(  # mocks leave an event loop in each thread
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


class Thing(pulumi.CustomResource):
    """A resource with one property."""

    value: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Thing", name, {"value": "v", "undeclared": "u"}, opts)


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.AbstractEventLoop]:
    """A program without an engine, in an event loop of its own; what a door wraps is as before afterwards."""
    monkeypatch.setattr(sdk_stack.Stack, "__init__", sdk_stack.Stack.__init__)
    monkeypatch.setattr(sdk_stack, "wait_for_rpcs", sdk_stack.wait_for_rpcs)
    with mocked() as loop:
        yield loop
        loop.run_until_complete(sdk_stack.wait_for_rpcs())


def in_stack(program: Callable[[], object], loop: asyncio.AbstractEventLoop) -> None:
    """Run a program as the SDK does."""

    async def run() -> None:
        program()

    loop.run_until_complete(sdk_stack.run_in_stack(run))


def test_no_other_module_touches_them() -> None:
    """Of the modules of the program's process, those of `sdk` alone use a private name of another package."""
    root = pathlib.Path(bigpanda_provider.__file__).parent
    ours = {"_recording"}
    paths = [root / "__init__.py", root / "deployment.py", root / "record.py", *(root / "program").glob("*.py")]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                of_itself = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
                assert of_itself or node.attr in ours or ast.unparse(node.value) in ("super()", "self.parent"), (
                    f"{path.name}:{node.lineno}: {ast.unparse(node)}"
                )
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pulumi"):
                private = [name.name for name in node.names if name.name.startswith("_")]
                assert not private, f"{path.name}:{node.lineno}"
                assert node.module in ("pulumi", "pulumi.runtime", "pulumi.automation"), f"{path.name}:{node.lineno}"


# -- the run -----------------------------------------------------------------------------------------------------------


def test_under_mocks() -> None:
    """`SETTINGS.monitor` is a `MockMonitor` under mocks."""
    assert under_mocks()
    SETTINGS.monitor = resource_pb2  # anything else
    assert not under_mocks()


@pytest.mark.parametrize("door", [(mocks, "MockMonitor"), (settings, "SETTINGS")], ids=lambda door: door[1])
def test_under_mocks_closed(monkeypatch: pytest.MonkeyPatch, door: tuple[Any, str]) -> None:
    """There are no mocks."""
    monkeypatch.delattr(*door)
    found = under_mocks()
    monkeypatch.undo()
    assert not found


def test_when_run_begins(program: asyncio.AbstractEventLoop) -> None:
    """The constructor of `Stack` runs first of all, and the stack is the root then; errors of ours are kept away."""
    seen: list[object] = []

    def begins() -> None:
        seen.append(settings.get_root_resource())
        raise ZeroDivisionError

    assert when_run_begins(begins)
    in_stack(lambda: seen.append("program"), program)
    assert isinstance(seen[0], sdk_stack.Stack)
    assert seen[1:] == ["program"]


def test_when_run_begins_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so."""
    monkeypatch.delattr(sdk_stack, "Stack")
    assert not when_run_begins(lambda: None)


def test_has_ended(program: asyncio.AbstractEventLoop) -> None:
    """`_outputs_registered` is false while the program runs, true in a callback that runs later."""
    seen: list[bool] = []

    def run() -> None:
        root = settings.get_root_resource()
        assert root is not None
        seen.append(has_ended(root))
        assert vars(root)["_outputs_registered"] is False
        Thing("thing").value.apply(lambda _: seen.append(has_ended(root)))

    in_stack(run, program)
    assert seen == [False, True]


def test_has_ended_closed() -> None:
    """It has not."""
    assert not has_ended(object())  # type: ignore[arg-type]


@pytest.mark.parametrize("raised", [None, ValueError("no room"), SystemExit(3)], ids=["ends", "raises", "exits"])
def test_when_program_ends(program: asyncio.AbstractEventLoop, raised: BaseException | None) -> None:
    """The stack's `register_outputs` is called in any case, while the error is on its way."""
    seen: list[object] = []

    def run() -> None:
        root = settings.get_root_resource()
        assert root is not None
        assert when_program_ends(root, seen.append)
        seen.append("program")
        if raised is not None:
            raise raised

    with contextlib.suppress(ValueError, SystemExit):
        in_stack(run, program)
    assert seen == ["program", raised]


def test_when_program_ends_closed() -> None:
    """It says so."""
    assert not when_program_ends(object(), lambda _: None)  # type: ignore[arg-type]


def test_when_settled(program: asyncio.AbstractEventLoop) -> None:
    """`wait_for_rpcs` is called by its module's name after the program's end, and waits for callbacks of Outputs."""
    seen: list[object] = []
    more = iter([True, True, False])

    def step(error: BaseException | None) -> bool:
        seen.append(error)
        if len(seen) == 2:
            Thing("later").value.apply(seen.append)
        return next(more)

    async def finish() -> None:
        seen.append("end")

    def run() -> None:
        root = settings.get_root_resource()
        assert root is not None
        steps = Steps(step, finish, abandon)
        assert when_settled(root, steps)
        assert when_settled(root, steps)  # it is wrapped once
        Thing("thing").value.apply(seen.append)

    in_stack(run, program)
    assert seen in (["v", None, "v", None, None, "end"], ["v", None, None, "v", None, "end"])


def test_when_settled_broken_off(program: asyncio.AbstractEventLoop) -> None:
    """What is raised past all steps, as by Ctrl-C, has the run abandoned instead of finished."""
    seen: list[object] = []

    def step(_: BaseException | None) -> bool:
        raise KeyboardInterrupt

    def run() -> None:
        root = settings.get_root_resource()
        assert root is not None
        when_settled(root, Steps(step, finish, lambda: seen.append("abandoned")))

    with pytest.raises(KeyboardInterrupt):
        in_stack(run, program)
    assert seen == ["abandoned"]


def test_when_settled_with_an_error(program: asyncio.AbstractEventLoop) -> None:
    """The step is given the error of a callback, and the program ends with it, whatever the step raises."""
    seen: list[object] = []

    def step(error: BaseException | None) -> bool:
        seen.append(type(error))
        if len(seen) == 1:
            raise KeyError
        return False

    async def finish() -> None:
        seen.append("end")
        raise LookupError

    def run() -> None:
        root = settings.get_root_resource()
        assert root is not None
        when_settled(root, Steps(step, finish, abandon))
        Thing("thing").value.apply(lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        in_stack(run, program)
    assert seen == [ZeroDivisionError, ZeroDivisionError, "end"]
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()


async def finish() -> None:
    """Do nothing at the end."""


def abandon() -> None:
    """Do nothing where the run is broken off."""


def test_when_settled_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so."""
    with monkeypatch.context() as closed:
        closed.delattr(sdk_stack, "wait_for_rpcs")
        assert not when_settled(Thing("thing"), Steps(lambda _: False, finish, abandon))


def test_outstanding(program: asyncio.AbstractEventLoop) -> None:
    """`SETTINGS.outputs` has the tasks of Outputs that are not done."""

    async def run() -> None:
        before = outstanding()
        gate: asyncio.Future[str] = asyncio.Future()
        value: pulumi.Input[str] = gate
        made = pulumi.Output.from_input(value).apply(lambda value: value)
        assert all(asyncio.isfuture(one) for one in outstanding() - before)
        assert outstanding() - before
        gate.set_result("v")
        assert await made.future() == "v"
        await asyncio.sleep(0.01)
        assert not outstanding() - before

    program.run_until_complete(run())


def test_outstanding_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is known."""
    with monkeypatch.context() as closed:
        closed.delattr(settings, "SETTINGS")
        assert outstanding() == frozenset()


def test_calls(program: asyncio.AbstractEventLoop) -> None:
    """Calls to the engine go through `run_in_executor` of the event loop; that of the SDK's own invoke too."""
    program.run_until_complete(sdk_stack.wait_for_rpcs())  # the stack of the mocks is registered
    calls = Calls.of(program)
    assert Calls.of(program) is calls

    async def run() -> None:
        call = asyncio.get_running_loop().run_in_executor(None, lambda: None)
        assert (calls.count, calls.made) == (1, 1)
        await call
        await asyncio.sleep(0)
        assert (calls.count, calls.made) == (0, 1)
        await pulumi.runtime.invoke_async("test:index:ask", {})
        await asyncio.sleep(0)
        assert (calls.count, calls.made) == (0, 2)

    program.run_until_complete(run())


def test_calls_closed() -> None:
    """A loop that takes no attribute: none is in flight."""

    class Loop:
        __slots__ = ("__weakref__",)

        def run_in_executor(self, *args: Any) -> None:
            """As a loop has it."""

    assert Calls(Loop()).count == 0  # type: ignore[arg-type]


# -- resources ---------------------------------------------------------------------------------------------------------


def test_is_registered() -> None:
    """`urn` raises in a resource whose constructor did not get to the engine."""
    assert is_registered(Thing("thing"))
    assert not is_registered(Thing.__new__(Thing))


def test_is_registered_closed() -> None:
    """One without such a property is not; one that always has a URN is."""

    class Always(Thing):
        urn = pulumi.Output.from_input("urn")

    assert is_registered(Always.__new__(Always))
    assert not is_registered(object())  # type: ignore[arg-type]


def test_alive(program: asyncio.AbstractEventLoop) -> None:
    """The resources of this event loop alone."""
    thing = Thing("thing")
    assert [one for one in alive() if isinstance(one, Thing)] == [thing]
    asyncio.set_event_loop(other := asyncio.new_event_loop())
    found = [one for one in alive() if isinstance(one, Thing)]
    asyncio.set_event_loop(program)
    other.close()
    assert found == []


def test_alive_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the futures in an Output cannot be seen, none is known."""
    thing = Thing("thing")
    monkeypatch.setattr(asyncio, "isfuture", lambda _: False)
    found = alive()
    monkeypatch.undo()
    assert thing not in found


def test_children() -> None:
    """`_childResources` of a parent."""
    parent = Thing("parent")
    child = Thing("child", pulumi.ResourceOptions(parent=parent))
    assert list(children(parent)) == [child]
    assert list(children(child)) == []


def test_children_closed() -> None:
    """None."""
    assert list(children(object())) == []  # type: ignore[arg-type]


def test_inherit() -> None:
    """A child takes `_transformations` of its parent when it is constructed."""
    parent, seen = Thing("parent"), []

    def transformation(args: pulumi.ResourceTransformationArgs) -> None:
        seen.append(args.name)

    assert inherit(parent, transformation)
    Thing("child", pulumi.ResourceOptions(parent=parent))
    Thing("other")
    assert seen == ["child"]


def test_inherit_closed() -> None:
    """It says so."""
    assert not inherit(object(), lambda _: None)  # type: ignore[arg-type]


def test_aliases(program: asyncio.AbstractEventLoop) -> None:
    """`_aliases` has URNs, for each way in which aliases can be given."""
    urn = "urn:pulumi:stack::project::test:index:Thing::oldest"
    thing = Thing("thing", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old"), urn]))
    named, given = [program.run_until_complete(pulumi.Output.from_input(alias).future()) for alias in aliases(thing)]
    assert str(named).endswith("::test:index:Thing::old")
    assert given == urn


def test_aliases_closed() -> None:
    """None."""
    assert list(aliases(object())) == []  # type: ignore[arg-type]


def test_outputs() -> None:
    """The property that a program takes is the very object that stands in the resource."""
    thing = Thing("thing")
    assert {id(thing.urn), id(thing.id), id(thing.value)} <= {id(output) for output in outputs(thing)}


def test_outputs_closed() -> None:
    """None."""

    class Other:
        __slots__ = ()

    assert outputs(Other()) == []  # type: ignore[arg-type]


def test_output(program: asyncio.AbstractEventLoop) -> None:
    """Also one that the resource's class does not declare."""
    thing = Thing("thing")
    assert program.run_until_complete(output(thing, "undeclared").future()) == "u"


def test_output_closed(program: asyncio.AbstractEventLoop) -> None:
    """An Output of None."""
    assert program.run_until_complete(output(object(), "undeclared").future()) is None  # type: ignore[arg-type]


def test_state_of(program: asyncio.AbstractEventLoop) -> None:
    """Of an Output, the future of all that it knows."""
    output = pulumi.Output.from_input("x")
    state = state_of(output)
    assert state is not None
    assert program.run_until_complete(state).value == "x"


def test_state_of_closed() -> None:
    """None."""
    assert state_of(object.__new__(pulumi.Output)) is None


def test_own_states(program: asyncio.AbstractEventLoop) -> None:
    """URN, id and the declared properties; not what the program hangs on it."""

    async def declare() -> None:
        thing = Thing("thing")
        vars(thing)["derived"] = pulumi.Output.concat(thing.value)
        vars(thing)["other"] = pulumi.Output.from_input("x")
        own = {state_of(output) for output in (thing.urn, thing.id, thing.value, thing.__dict__["undeclared"])}
        assert set(own_states(thing)) == own

    program.run_until_complete(declare())


def test_own_states_closed(program: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of all its Outputs."""
    monkeypatch.setattr(outputs_door, "inner_code", lambda _: iter(()))

    async def declare() -> None:
        thing = Thing("thing")
        derived = vars(thing)["derived"] = pulumi.Output.from_input("x")
        assert state_of(derived) in own_states(thing)

    program.run_until_complete(declare())


def test_behind(program: asyncio.AbstractEventLoop) -> None:
    """Before it is resolved, what it awaits; afterwards its resources. `tests/test_origins.py` has each form."""

    async def declare() -> None:
        thing = Thing("thing")
        derived = thing.value.apply(str)
        state, parent = state_of(derived), state_of(thing.value)
        assert state is not None
        assert behind(state) == ((), [parent])
        await derived.future()
        assert behind(state) == ({thing}, [])

    program.run_until_complete(declare())


def test_behind_closed(program: asyncio.AbstractEventLoop) -> None:
    """Nothing, of a future without a coroutine of the SDK's, and of one with another result, an error or none."""

    async def fails() -> None:
        raise ZeroDivisionError

    async def declare() -> None:
        ended, failed, cancelled = (asyncio.ensure_future(one) for one in (asyncio.sleep(0), fails(), asyncio.sleep(9)))
        assert behind(ended) == ((), [])
        cancelled.cancel()
        await asyncio.wait([ended, failed, cancelled])
        never: asyncio.Future[None] = asyncio.Future()
        for state in (ended, failed, cancelled, never):
            assert behind(state) == ((), [])

    program.run_until_complete(declare())


@pulumi.input_type
class Connection:
    """An args class."""

    def __init__(self, host: pulumi.Input[str], user: pulumi.Input[str] | None = None) -> None:
        pulumi.set(self, "host", host)
        pulumi.set(self, "user", user)


def test_wrapped(program: asyncio.AbstractEventLoop) -> None:
    """What stands in a secret Output as it is; neither what is an Output itself, nor what the program made secret."""

    async def declare() -> None:
        secret, later = pulumi.Output.secret, pulumi.Output.secret("x")
        assert wrapped(secret(Connection("h"))) == {"host": "h"}
        assert wrapped(secret({"host": "h", "port": 1, "user": later})) == {"host": "h"}
        assert wrapped(secret(Connection("h", later))) == {"host": "h"}
        assert wrapped(secret(Connection(later))) == {}
        assert wrapped(secret(secret(Connection("h")))) == {}

    program.run_until_complete(declare())


def test_wrapped_closed(program: asyncio.AbstractEventLoop) -> None:
    """Nothing, of what is no such Output."""

    async def declare() -> None:
        for value in (None, "x", {"host": "h"}, pulumi.Output.from_input("x"), pulumi.Output.secret("x")):
            assert wrapped(value) == {}

    program.run_until_complete(declare())


def test_late_hooks(program: asyncio.AbstractEventLoop) -> None:
    """The SDK goes through the list itself, when the resource has waited for what it depends on."""
    needless, asked = False, []

    def is_needless() -> bool:
        asked.append(needless)
        return needless

    gate: asyncio.Future[Any] = program.create_future()
    hooks = pulumi.ResourceHookBinding()
    hooks.before_create = LateHooks(None, pulumi.ResourceHook("look", lambda _: None), is_needless)

    async def run() -> None:
        nonlocal needless
        Thing("thing", pulumi.ResourceOptions(hooks=hooks, depends_on=gate))
        await asyncio.sleep(0.05)
        assert asked == []
        needless = True
        gate.set_result([])

    settings_features = settings.SETTINGS.monitor_features
    settings.SETTINGS.monitor_features = {*settings_features, resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS}
    try:
        program.run_until_complete(run())
        program.run_until_complete(sdk_stack.wait_for_rpcs())
    finally:
        settings.SETTINGS.monitor_features = settings_features
    assert asked
    assert all(asked)


def test_late_hooks_closed() -> None:
    """A list that is gone through at once, or copied before it is known, has the hook."""
    hooks = LateHooks(["theirs"], "ours", lambda: False)
    assert list(hooks) == ["theirs", "ours"]
    assert list(LateHooks(["theirs"], "ours", lambda: True)) == ["theirs"]


def test_skip_arguments(program: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A servicer's `_callbacks` has what answers for a hook; it is answered without a look at the properties."""
    told: list[tuple[str, str]] = []

    async def action(urn: str, name: str) -> None:
        told.append((urn, name))
        if name == "bad":
            raise RuntimeError("it fails")

    async def ask() -> list[str]:
        hook, callbacks = await registered_hook()
        assert await skip_arguments(hook, action)
        monkeypatch.delattr(sdk_callbacks, "deserialize_properties")
        answers = []
        for name in ("web", "bad"):
            request = resource_pb2.ResourceHookRequest(urn=f"urn:{name}", name=name, new_inputs=struct_pb2.Struct())
            (answer,) = [await callback(request.SerializeToString()) for callback in callbacks.values()]
            answers.append(answer.error)
        return answers

    assert program.run_until_complete(ask()) == ["", "it fails"]
    assert told == [("urn:web", "web"), ("urn:bad", "bad")]


def test_skip_arguments_closed(program: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and the hook is called as any other."""

    async def never(_urn: str, _name: str) -> None:
        raise AssertionError

    async def ask() -> bool:
        hook, callbacks = await registered_hook()
        before = dict(callbacks)
        monkeypatch.delattr(sdk_callbacks._CallbackServicer, "_servicers")
        found = await skip_arguments(hook, never)
        assert callbacks == before
        return found

    assert not program.run_until_complete(ask())


def test_skip_log_of_hooks(program: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Invoke` of a servicer answers a call; a line is written before that of any other callback."""
    written: list[str] = []
    monkeypatch.setattr(pulumi.log, "debug", written.append)
    monkeypatch.setattr(sdk_callbacks._CallbackServicer, "Invoke", sdk_callbacks._CallbackServicer.Invoke)

    async def fail(_urn: str, _name: str) -> None:
        raise RuntimeError("it fails")

    async def asked(servicer: Any, token: str) -> tuple[str, int]:
        written.clear()
        request = resource_pb2.ResourceHookRequest(urn="urn:web", name="web").SerializeToString()
        answer = await servicer.Invoke(callback_pb2.CallbackInvokeRequest(token=token, request=request), None)
        return resource_pb2.ResourceHookResponse.FromString(answer.response).error, len(written)

    async def ask() -> list[tuple[str, int]]:
        assert skip_log_of_hooks()
        assert skip_log_of_hooks()  # as in the second run of a process
        hook, callbacks = await registered_hook()
        servicer, (token,) = sdk_callbacks._CallbackServicer._servicers[-1], callbacks
        before = await asked(servicer, token)
        assert await skip_arguments(hook, fail)
        return [before, await asked(servicer, token)]

    assert program.run_until_complete(ask()) == [("", 1), ("it fails", 0)]


def test_skip_log_of_hooks_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so."""
    monkeypatch.delattr(sdk_callbacks._CallbackServicer, "Invoke")
    monkeypatch.delattr(callback_pb2_grpc.CallbacksServicer, "Invoke")
    assert not skip_log_of_hooks()


async def registered_hook() -> tuple[pulumi.ResourceHook, dict[str, Any]]:
    """A hook that the SDK has registered, and what it answers the engine's calls with."""

    class Monitor:
        def RegisterResourceHook(self, _request: object) -> None:  # noqa: N802 - the protocol's name
            """Take it."""

    servicer = sdk_callbacks._CallbackServicer(Monitor())  # type: ignore[arg-type]
    hook = pulumi.ResourceHook.__new__(pulumi.ResourceHook)
    hook.name, hook.callback, hook.opts = "look", lambda _args: None, None
    hook._registered = asyncio.get_running_loop().create_future()
    servicer.register_resource_hook(hook)
    hook._registered.set_result(None)
    return hook, servicer._callbacks


# -- values ------------------------------------------------------------------------------------------------------------


@pulumi.input_type
class Args:
    """An args class, as providers' SDKs have them."""

    def __init__(self, name: str) -> None:
        pulumi.set(self, "name", name)


def test_input_values() -> None:
    """`pulumi._types` knows an args class, and what is in it."""
    assert input_values(Args("web")) == {"name": "web"}
    assert input_values({"name": "web"}) is None


@pytest.mark.parametrize("name", ["is_input_type", "input_type_to_untranslated_dict"])
def test_input_values_closed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is no such object."""
    made = Args("web")
    with monkeypatch.context() as closed:
        closed.delattr(_types, name)
        assert input_values(made) is None


def test_when_secret(monkeypatch: pytest.MonkeyPatch, program: asyncio.AbstractEventLoop) -> None:
    """`_OutputData.__post_init__` runs for each value; a list that is secret because of one item is not told."""
    post_init = inspect.unwrap(sdk_output._OutputData.__post_init__)
    if hasattr(post_init, "watched_by_bigpanda"):  # by the import of this package
        (post_init,) = [
            cell.cell_contents
            for cell in post_init.__closure__ or ()
            if inspect.isfunction(cell.cell_contents) and cell.cell_contents.__name__ == "__post_init__"
        ]
    monkeypatch.setattr(sdk_output._OutputData, "__post_init__", post_init)
    monkeypatch.setattr(pulumi.Output, "secret", staticmethod(pulumi.Output.secret))
    told: list[object] = []
    assert when_secret(told.append)
    assert when_secret(told.append)  # it is wrapped once

    async def run() -> None:
        await pulumi.Output.all("plain", pulumi.Output.secret("hidden")).future()
        await pulumi.Output.concat("not ", pulumi.Output.secret("alone")).future()

    program.run_until_complete(run())
    assert set(map(str, told)) == {"hidden", "alone", "not alone"}


def test_when_secret_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so."""
    with monkeypatch.context() as closed:
        closed.delattr(sdk_output, "_OutputData")
        found = when_secret(lambda _: None)
    assert not found


# -- the engine --------------------------------------------------------------------------------------------------------


def test_stack_config() -> None:
    """`CONFIG` has whole keys."""
    pulumi.runtime.set_all_config({"test:name": "web"}, [])
    assert stack_config() == {"test:name": "web"}
    pulumi.runtime.set_all_config({}, [])


def test_stack_config_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is empty."""
    with monkeypatch.context() as closed:
        closed.delattr(sdk_config, "CONFIG")
        assert stack_config() == {}


@pytest.mark.parametrize("feature", ["RESOURCE_MONITOR_FEATURE_ERROR_HOOKS", "RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS"])
def test_supports(feature: str) -> None:
    """The protocol has a number for each feature; the engine says which it knows."""
    before = SETTINGS.monitor_features
    SETTINGS.monitor_features = {getattr(resource_pb2, feature)}
    assert supports(feature)
    SETTINGS.monitor_features = set()
    assert not supports(feature)
    SETTINGS.monitor_features = before


def test_supports_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is."""
    assert not supports("RESOURCE_MONITOR_FEATURE_OF_THE_FUTURE")
    monkeypatch.delattr(settings, "monitor_supports_feature")
    assert not supports("RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS")


def test_start_dynamic_providers(program: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The monitor's stub makes calls that nobody waits for; `tests/test_start_of_process.py` runs it."""
    root = pulumi.ComponentResource("tests:index:Root", "root")
    monkeypatch.setattr(engine, "get_root_resource", lambda: root)
    with grpc.insecure_channel("localhost:1") as channel:
        SETTINGS.monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
        monkeypatch.setattr(SETTINGS, "monitor_features", {resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON})
        assert start_dynamic_providers()
        call: Any = engine._starting[root]
        assert isinstance(call, grpc.Future)
        call.cancel()


def test_start_dynamic_providers_closed(program: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call is made; nor with an engine that would pass it on to the provider, which would show a traceback."""
    root = pulumi.ComponentResource("tests:index:Root", "root")
    monkeypatch.setattr(engine, "get_root_resource", lambda: root)
    SETTINGS.monitor = object()
    monkeypatch.setattr(SETTINGS, "monitor_features", {resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON})
    assert not start_dynamic_providers()
    with grpc.insecure_channel("localhost:1") as channel:
        SETTINGS.monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
        monkeypatch.setattr(SETTINGS, "monitor_features", set())
        assert not start_dynamic_providers()


def test_checkpoint_outputs(program: asyncio.AbstractEventLoop) -> None:
    """The monitor takes a request whose references come back as plain values."""
    asked: list[resource_pb2.ResourceInvokeRequest] = []

    class Monitor:
        def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:  # noqa: N802 - the protocol's name
            asked.append(request)
            answer = struct_pb2.Struct()
            server = {"name": "s", "ip": "10.0.0.1", "tags": {"Name": "t", "n": 1}, "spec": {"size": 2}}
            answer.update(
                {
                    "outputs": {
                        "a": {"type": "ours:A", "outputs": {"n": 1}},
                        "b": {"type": "theirs:B", "outputs": {"name": "b"}},
                        "c": {"type": "theirs:C", "outputs": server},
                        "d": {"type": "theirs:C"},
                    }
                }
            )
            return provider_pb2.InvokeResponse(**{"return": answer})

    SETTINGS.monitor = Monitor()
    wanted = {"theirs:C": ("name", "tags.Name", "tags.n", "spec", "spec.size.x", "ip.x", "no")}
    found = program.run_until_complete(
        checkpoint_outputs("organization/project/stack", "ours:", lambda kind: wanted.get(kind, ()))
    )
    assert found == {
        "a": {"type": "ours:A", "outputs": {"n": 1}},
        "c": {"type": "theirs:C", "outputs": {"name": "s", "tags": {"Name": "t"}}},
    }
    (request,) = asked
    assert request.tok == engine.READ_OUTPUTS
    assert not request.acceptResources
    assert request.args["stackName"] == "organization/project/stack"


def test_checkpoint_outputs_closed(program: asyncio.AbstractEventLoop) -> None:
    """The look-up fails, which is no failure of the program's: nothing is found."""
    from bigpanda_provider.program.lookup import last_checkpoint

    SETTINGS.monitor = object()
    assert program.run_until_complete(last_checkpoint("organization/project/stack")).attempts == frozenset()
