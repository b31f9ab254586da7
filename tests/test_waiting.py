"""Programs that wait inside an open scope for what it covers: none hangs, and what is left out is named."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from .engine import Stack
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")

MakeStack = Callable[[str], Stack]

SCOPES = pytest.mark.parametrize(
    "scope",
    [
        'with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):',
        'if bigpanda.record_program("web", component="web", version="1", hosts=["h"]):',
    ],
    ids=["with", "record_program"],
)
LEFT_OUT = "does not see when 'after' is removed"
WAIT = """
    from pulumi.runtime.sync_await import _sync_await
    SCOPE
        one = Thing("one", "v")
        WAIT
        Thing("after")
    """


def ends(made: Stack, bigpanda: Sandbox, *, left_out: bool) -> None:
    """Preview and update end, say what is left out, and the next run has nothing to do."""
    for run in (made.preview(), made.up()):
        assert run.ok, run.output
        assert (LEFT_OUT in run.output) is left_out, run.output
    assert bigpanda.story() == ["start 1", "success 1"]
    assert sorted(name for _, name, _ in made.did()) == ["after", "one"]
    assert made.up("--expect-no-changes").ok


@SCOPES
def test_it_waits_for_an_output(stack: MakeStack, bigpanda: Sandbox, scope: str) -> None:
    """What a synchronous invoke does that needs a covered resource: it pumps the event loop until it is there."""
    made = stack(WAIT.replace("SCOPE", scope).replace("WAIT", "_sync_await(one.value.future())"))
    ends(made, bigpanda, left_out=True)


@SCOPES
def test_it_makes_a_slow_call(stack: MakeStack, bigpanda: Sandbox, scope: str) -> None:
    """A call that is in flight to the engine is no reason to close the scope, however long it takes."""
    slow = """_sync_await(asyncio.get_event_loop().run_in_executor(None, time.sleep, 4))"""
    text = "    import asyncio, time\n" + WAIT.replace("SCOPE", scope).replace("WAIT", slow)
    ends(stack(text), bigpanda, left_out=False)


@SCOPES
def test_it_asks_the_engine(stack: MakeStack, bigpanda: Sandbox, scope: str) -> None:
    """A synchronous invoke, through an explicit provider too, waits for nothing that is covered."""
    ask = """pulumi.runtime.invoke("pulumi:pulumi:getResource", {"urn": "urn:x"})"""
    made = stack(WAIT.replace("SCOPE", scope).replace("WAIT", f"try: {ask}\n        except Exception: pass"))
    ends(made, bigpanda, left_out=False)


@SCOPES
def test_it_awaits_an_output(stack: MakeStack, bigpanda: Sandbox, scope: str) -> None:
    """An asynchronous program that awaits what is covered."""
    made = stack(f"""
        async def main():
            {scope}
                one = Thing("one", "v")
                await one.value.future()
                Thing("after")
            return {{}}
        pulumi.run(main)
        """)
    ends(made, bigpanda, left_out=True)


def test_two_coroutines(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Each has its own scope."""
    made = stack("""
        import asyncio
        async def deploy(name):
            with bigpanda.Deployment(name, component=name, version="1", hosts=[name]):
                await asyncio.sleep(0.1)
                Thing(f"{name}-1")
                await asyncio.sleep(0.1)
                Thing(f"{name}-2", config.get(name))
        async def main():
            await asyncio.gather(deploy("a"), deploy("b"))
            return {}
        pulumi.run(main)
        """)
    assert made.up().ok
    assert len(bigpanda.events()) == 4
    assert made.config(b="new").up().ok
    assert [event["body"]["component"] for event in bigpanda.events()[4:]] == ["b", "b"]


@pytest.mark.parametrize("entered", [True, False])
def test_declared_in_an_apply(stack: MakeStack, bigpanda: Sandbox, entered: bool) -> None:
    """A Deployment that is made when the program has ended, entered or not."""
    body = 'with made: Thing("covered")' if entered else "pass"
    made = stack(f"""
        def deploy(value):
            made = bigpanda.Deployment("late", component="late", version=value, hosts=["h"])
            {body}
        Thing("first", "1").value.apply(deploy)
        """)
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1"]
    assert made.up("--expect-no-changes").ok


def test_exit_in_a_scope(stack: MakeStack, bigpanda: Sandbox) -> None:
    """`sys.exit(0)` is no failure."""
    made = stack("""
        import sys
        with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):
            Thing("one")
            sys.exit(0)
        """)
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_an_error_that_the_program_catches(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The scope failed, and the program goes on."""
    made = stack("""
        try:
            with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):
                Thing("one")
                raise ValueError("no room")
        except ValueError:
            Thing("instead")
        """)
    assert made.up().ok
    (change,) = bigpanda.changes()
    assert (change["state"], change["reason"]) == ("failure", "ValueError: no room")
    assert sorted(name for _, name, _ in made.did()) == ["instead", "one"]


def test_a_program_that_raises_ends_at_once(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Nothing is waited for before the user's own error is shown."""
    made = stack("""
        with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):
            Thing("one")
            raise ValueError("no room")
        """)
    begun = time.monotonic()
    run = made.preview()
    assert not run.ok
    assert "ValueError: no room" in run.output
    assert time.monotonic() - begun < 10
    assert bigpanda.story() == []


def test_a_resource_whose_constructor_raises(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It is in no scope, and its error is the user's to see or to catch."""
    made = stack("""
        class Broken(Thing):
            def __init__(self, name):
                super().__init__(name, opts=pulumi.ResourceOptions(parent="no resource"))
        with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):
            Thing("one")
            try:
                Broken("two")
            except Exception:
                pass
        """)
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1"]
    assert made.up("--expect-no-changes").ok


def test_declared_in_an_apply_after_the_scope(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It waits for the start, the end does not wait for it, and a warning names it."""
    made = stack("""
        with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):
            Thing("one", "v").value.apply(lambda value: Thing("late"))
        """)
    run = made.up()
    assert run.ok
    assert '"late" is declared after the end of Deployment "web", in an apply' in run.output
    assert bigpanda.story() == ["start 1", "success 1"]
