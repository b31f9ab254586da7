"""How a deployment ends that its Completion does not end: failures, cancellations, kills, and what follows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import faults
from tests.engine import Running, Stack, both_apis, wait_until
from tests.faults import FaultyBigPanda
from tests.servers import Sandbox

from .program import PLUGIN, Resources, completion, container, declare, deployment, shop

pytestmark = pytest.mark.usefixtures("without_previews")

MakeYaml = Callable[[Resources], Stack]
UNFINISHED = "the update ended before this deployment was complete"


def plugins(made: Stack) -> list[int]:
    """The process ids of the plugin."""
    return made.processes(PLUGIN.encode())


def held(made: Stack) -> Stack:
    """Let the covered resource wait, until the test lets it go."""
    made.environment["ECHO_HOLD"] = str(made.folder / "go")
    return made


def let_go(made: Stack) -> None:
    """Let the covered resource be done."""
    (made.folder / "go").touch()


def wait_until_covered(update: Running, bigpanda: Sandbox) -> None:
    """Wait until the covered resource is being created."""
    update.wait_for(lambda: bigpanda.story())
    update.wait_for_line("Container web creating (")


@both_apis
def test_a_covered_resource_fails(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """The guard ends the deployment; the next update says why it reports again, and succeeds."""
    made = yaml(shop())
    made.environment["ECHO_FAIL"] = "::web$"
    run = made.up()
    assert not run.ok
    assert "Sent the end of shop 1: failure" in run.output
    assert bigpanda.has() == [f"shop 1 on web-1, web-2: failure ({UNFINISHED})"]
    del made.environment["ECHO_FAIL"]
    assert made.refresh("--expect-no-changes").ok
    assert '"the last attempt failed"' in made.preview("--diff").output
    assert made.up().ok
    assert bigpanda.has()[1:] == ["shop 1 on web-1, web-2: success"]
    assert made.up("--expect-no-changes").ok


def test_continue_on_error(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """One failure, after the rest is done; another deployment ends as its own resources went."""
    other = {"billing": deployment(component="billing"), "api": container(after="billing")}
    made = yaml({**shop(), **other, "billed": completion("billing", "api")})
    made.environment["ECHO_FAIL"] = "::web$"
    assert not made.up("--continue-on-error").ok
    assert sorted(bigpanda.has()) == [
        "billing 1 on web-1, web-2: success",
        f"shop 1 on web-1, web-2: failure ({UNFINISHED})",
    ]


@both_apis
def test_an_update_is_cancelled(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """The engine waits for what runs; then the deployment ends as cancelled."""
    made = held(yaml(shop()))
    with made.running() as update:
        wait_until_covered(update, bigpanda)
        update.cancel()
        assert bigpanda.story() == ["start 1"]
        let_go(made)
        assert not update.end().ok
    assert bigpanda.has() == ["shop 1 on web-1, web-2: failure (cancelled)"]


def test_an_update_is_cancelled_twice(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """The engine waits for nothing then, and the deployment has its end all the same."""
    made = held(yaml(shop()))
    with made.running() as update:
        wait_until_covered(update, bigpanda)
        update.cancel()
        update.cancel()
        assert not update.end().ok
        update.wait_for(lambda: len(bigpanda.story()) == 2)
    assert bigpanda.has() == ["shop 1 on web-1, web-2: failure (cancelled)"]


@both_apis
def test_the_engine_is_killed(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """The plugin notices, ends the deployment at once, and goes; the next update reports again."""
    made = held(yaml(shop()))
    with made.running() as update:
        wait_until_covered(update, bigpanda)
        update.kill([update.process.pid])
        assert not update.end().ok
        update.wait_for(lambda: not plugins(made))
    assert bigpanda.has() == [f"shop 1 on web-1, web-2: failure ({UNFINISHED})"]
    let_go(made)
    assert made.unlock().up(skip_preview=True).ok
    assert bigpanda.has()[1:] == ["shop 1 on web-1, web-2: success"]


def test_the_plugin_is_killed(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """Nobody is left to end the deployment: the next update of this machine does, before its own start."""
    made = held(yaml(shop()))
    with made.running() as update:
        wait_until_covered(update, bigpanda)
        update.kill([update.process.pid, *plugins(made)])
        assert not update.end().ok
    assert bigpanda.story() == ["start 1"]
    let_go(made)
    run = made.unlock().up()
    assert run.ok, run.output
    assert bigpanda.has() == [
        "shop 1 on web-1, web-2: failure (the deployment did not complete)",
        "shop 1 on web-1, web-2: success",
    ]
    assert made.up("--expect-no-changes").ok


def test_the_completion_is_no_target(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """A plugin cannot know that nothing failed, so the deployment does not count as complete; documented."""
    made = yaml(shop())
    assert made.up().ok
    declare(made, shop("2"))
    name = "urn:pulumi:dev::test::bigpanda:index:Deployment::shop"
    assert made.up("--target", name).ok
    assert bigpanda.has()[1:] == [f"shop 2 on web-1, web-2: failure ({UNFINISHED})"]
    assert made.up().ok
    assert bigpanda.has()[2:] == ["shop 2 on web-1, web-2: success"]


def test_destroying_what_is_open(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """A deployment that was left open fails when its Deployment is deleted."""
    made = held(yaml(shop()))
    with made.running() as update:
        wait_until_covered(update, bigpanda)
        update.kill(plugins(made))
        let_go(made)
        assert not update.end().ok
    assert bigpanda.story() == ["start 1"]
    assert made.destroy(skip_preview=True).ok
    assert bigpanda.has() == ["shop 1 on web-1, web-2: failure (the deployment did not complete)"]


def test_the_end_of_a_slow_update(
    yaml_at: Callable[[str, Resources], Stack], faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """A plugin that is told to go while an event is on the wire ends in time, with the end written down."""
    made = yaml_at(faulty.address, shop())
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "30"
    faulty.fault = faults.hang
    with made.running() as update:
        update.wait_for_line("Deployment shop creating (")
        update.wait_for(lambda: faulty.asked)
        update.cancel()
        update.cancel()
        assert not update.end().ok
        wait_until(lambda: not plugins(made))
    faulty.fault = None
    assert made.unlock().up(skip_preview=True).ok
    assert bigpanda.has()[-1] == "shop 1 on web-1, web-2: success"
