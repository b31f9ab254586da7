"""Signals: Ctrl-C cancels, a killed engine is a failure, a killed runner leaves the truth to the next call."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest

from tests.servers import Sandbox

from .command import EVENT, UP, Release, without_times
from .test_interrupts import shown

pytestmark = pytest.mark.usefixtures("cold")
MakeRelease = Callable[[str], Release]

SLOW = """
    a = Thing("a", hold="a")
    Thing("b", hold=config.get("hold"), opts=pulumi.ResourceOptions(depends_on=[a]))
    """


def under_way(shop: Release, bigpanda: Sandbox) -> None:
    """Wait until the first resource is being created; the start was sent before."""
    shop.stack.wait_until_held("a")
    assert bigpanda.story() == ["start 1"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_cancels_cleanly(release: MakeRelease, bigpanda: Sandbox, number: signal.Signals) -> None:
    """What is being made is finished, nothing more is begun, and the end says so."""
    shop = release(SLOW)
    with shop.running(*UP) as update:
        under_way(shop, bigpanda)
        update.signal(number)
        shown(update, shop, "cancelling")
        shop.stack.let_go("a")
        run = update.end()
    assert run.code == 130
    by = "cancelling: waiting for 1 operation; press Ctrl-C again to stop now"
    if number is not signal.SIGINT:
        by = f"cancelling on {number.name}: waiting for 1 operation; send it again to stop now"
    assert by in run.output.splitlines()
    assert without_times(run.output).endswith("\nend sent: failure\ncancelled (N s): 1 created\n")
    assert [name for _, name, _ in shop.stack.did()] == ["a"]
    assert [(c["state"], c["reason"]) for c in bigpanda.changes()] == [("failure", "cancelled")]
    assert shop(*UP).ok
    assert bigpanda.story() == ["start 1", "failure 1", "start 1", "success 1"]


def test_ctrl_c_during_the_preview_sends_nothing(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Nothing was begun."""
    shop = release("import time\ntime.sleep(30)")
    with shop.running(*UP) as update:
        update.wait_for(lambda: shop.stack.processes(b"pulumi-language-python-exec"))
        update.signal(signal.SIGINT)
        run = update.end()
    assert run.code == 130
    assert bigpanda.events() == []


def test_the_engine_is_killed(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The runner tells what it saw; Pulumi's SDK warns of the events that it does not get any more."""
    shop = release(SLOW)
    with shop.running(*UP) as update:
        under_way(shop, bigpanda)
        for pid in update.engines():
            os.kill(pid, signal.SIGKILL)
        shop.stack.let_go("a")
        run = update.end()
    assert run.code == 1
    assert "UserWarning" not in run.output
    assert [(c["state"], c["reason"]) for c in bigpanda.changes()] == [("failure", "the engine was killed by signal 9")]


def killed(shop: Release, bigpanda: Sandbox, *, engine_too: bool = False) -> None:
    """Kill the runner in the midst of an update, and its engine at once or never."""
    with shop.running(*UP) as update:
        under_way(shop, bigpanda)
        engines = update.engines()
        update.process.kill()
        update.end()
        if engine_too:
            for pid in engines:
                os.kill(pid, signal.SIGKILL)
        else:
            (record,) = json.loads(shop.printed("status", "--json"))
            assert record["state"] == "in progress"
            assert bigpanda.story() == ["start 1"]
        shop.stack.let_go("a")
        update.wait_for(lambda: not shop.stack.processes(b"--skip-preview"))


def test_the_runner_is_killed_and_its_engine_succeeds(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The engine goes on, the attempt is not left open, and the next call sends the true end."""
    shop = release(SLOW)
    killed(shop, bigpanda)
    assert "nothing is in progress" in shop("status").output
    assert [c["state"] for c in bigpanda.changes()] == ["success"]
    assert shop(*UP).ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_the_runner_is_killed_and_its_engine_fails(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The stack's history says so."""
    shop = release("a = Thing('a', hold='a')\nThing('b', fail='full', opts=pulumi.ResourceOptions(depends_on=[a]))")
    killed(shop, bigpanda)
    assert shop("history").ok
    assert [(c["state"], c["reason"]) for c in bigpanda.changes()] == [
        ("failure", "the update failed after the release runner was killed")
    ]


def test_the_runner_and_its_engine_are_killed(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The next release ends the old attempt before it starts its own."""
    shop = release(SLOW)
    killed(shop, bigpanda, engine_too=True)
    shop.stack.unlock()
    assert shop(*UP).ok
    assert bigpanda.story() == ["start 1", "failure 1", "start 1", "success 1"]
    assert [c["reason"] for c in bigpanda.changes()] == [
        "the release runner was killed before the update was over",
        None,
    ]


def test_a_release_while_another_runs(release: MakeRelease, bigpanda: Sandbox) -> None:
    """What the other one holds open is not touched; a sentence says so, and nothing is sent of what did not begin."""
    shop = release(SLOW)
    shop.stack.config(hold="b").let_go("a")
    with shop.running(*UP) as update:
        shop.stack.wait_until_held("b")
        run = shop("up", "--yes", "--component", "shop", "--version", "2")
        assert run.code == 1
        assert "another update of this stack is running; wait for it, or end it with `pulumi cancel`" in run.output
        shop.stack.let_go("b")
        assert update.end().ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_a_killed_runner_of_a_stack_that_cannot_be_asked(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The end is a failure that says what is not known."""
    shop = release(SLOW)
    killed(shop, bigpanda, engine_too=True)
    assert shop("flush", env={"PULUMI_BACKEND_URL": "file:///nowhere"}).ok
    assert [c["reason"] for c in bigpanda.changes()] == [
        "the release runner was killed, and the result of the update is unknown"
    ]


def test_preview_leaves_what_was_left_open(release: MakeRelease, bigpanda: Sandbox) -> None:
    """It sends nothing, whatever there is."""
    shop = release(SLOW)
    killed(shop, bigpanda, engine_too=True)
    shop.stack.unlock()
    assert shop("preview", *EVENT).ok
    assert bigpanda.story() == ["start 1"]
