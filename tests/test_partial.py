"""Updates of a part, by a plan, one at a time or of very many: nothing is left open, nothing is invented."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable

import pytest

from .engine import Stack
from .faults import FaultyBigPanda
from .servers import Sandbox
from .test_kill import UNFINISHED

pytestmark = pytest.mark.usefixtures("without_previews")
MakeStack = Callable[[str], Stack]

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Thing("thing", config.get("value"), hold=config.get("hold"), fail=config.get("fail"))
        Thing("other", config.get("value"))
    """
DEPLOYMENT, THING, UNCOVERED = "**Deployment::web", "**Resource::thing", "**Resource::uncovered"


def targets(*urns: str) -> list[str]:
    """The arguments that make an update run for these resources alone."""
    return [argument for urn in urns for argument in ("--target", urn)]


def test_target_of_a_covered_resource(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What it changes is recorded; the next whole update reports the version. A new Deployment has to be a target."""
    made = stack(WEB)
    assert not made.up(*targets(THING)).ok
    assert bigpanda.story() == []
    assert made.up().ok
    assert made.config(version="2", value="new").up(*targets(THING)).ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1"] + ["start 2", "success 2"] * 2
    assert made.up("--expect-no-changes").ok


@pytest.mark.parametrize("new", [True, False], ids=["new", "changed"])
@pytest.mark.parametrize("also", [[], [THING]], ids=["alone", "and_a_resource"])
def test_target_of_the_deployment(stack: MakeStack, bigpanda: Sandbox, also: list[str], new: bool) -> None:
    """Its Completion is no target and nothing failed, so it ends as a success; what is left to be made comes later."""
    made = stack(WEB)
    if not new:
        assert made.config(version="0").up().ok
    before = bigpanda.story()
    run = made.config(version="1").up(*targets(DEPLOYMENT, *also))
    assert run.ok, run.output
    assert bigpanda.story() == [*before, "start 1", "success 1"]
    assert made.up().ok
    assert bigpanda.story() == [*before, *["start 1", "success 1"] * (2 if new else 1)]
    assert made.up("--expect-no-changes").ok


def test_target_of_the_deployment_and_the_next_run_is_elsewhere(stack: MakeStack, bigpanda: Sandbox) -> None:
    """State does not hold that end, so another machine takes the attempt for one that was left open: documented."""
    made = stack(WEB)
    assert made.up(*targets(DEPLOYMENT)).ok
    assert made.elsewhere().up().ok
    assert bigpanda.story() == ["start 1", "success 1", "failure 1", "start 1", "success 1"]
    assert made.up("--expect-no-changes").ok


def test_target_of_the_deployment_and_a_resource_that_fails(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A failure among the targets is a failure."""
    made = stack(WEB)
    assert made.up().ok
    assert not made.config(version="2", fail="no space left", value="new").up(*targets(DEPLOYMENT, THING)).ok
    assert bigpanda.story()[2:] == ["start 2", "failure 2"]
    assert bigpanda.has()[1:] == ["web 2 on a: failure (thing: RuntimeError: no space left)"]
    assert made.config(fail="").up().ok
    assert bigpanda.story()[4:] == ["start 2", "success 2"]


def test_target_of_the_deployment_is_cancelled(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A cancelled update is a failure, though the Completion was no target."""
    made = stack(WEB)
    assert made.up().ok
    with made.config(version="2", hold="thing", value="new").running(*targets(DEPLOYMENT, THING)) as update:
        made.wait_until_held("thing")
        update.cancel()
        time.sleep(1)  # the engine tells program and provider process at once, which nothing shows
        made.let_go("thing")
        assert not update.end().ok
    assert bigpanda.story()[2:] == ["start 2", "failure 2"]
    assert bigpanda.has()[1:] == ["web 2 on a: failure (cancelled)"]


def test_target_of_the_deployment_and_its_process_is_killed_later(stack: MakeStack, bigpanda: Sandbox) -> None:
    """All that it covers went well before that, so the next run sends the success, and starts nothing anew."""
    made = stack(
        WEB
        + """
    Thing("uncovered", config.get("moment"), hold=config.get("hold_uncovered"))
    """
    )
    assert made.up().ok
    made.config(version="2", moment="later", hold_uncovered="uncovered")
    with made.running(*targets(DEPLOYMENT, UNCOVERED)) as update:
        with contextlib.closing(sqlite3.connect(made.outbox)) as outbox:
            update.wait_for(lambda: outbox.execute("SELECT * FROM bigpanda_note").fetchone())
        update.kill(update.provider())
        assert not update.end().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2"]
    made.let_go("uncovered")
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]
    assert made.up("--expect-no-changes").ok


def test_target_of_the_deployment_while_bigpanda_is_down(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """What waits of it is sent by the next run."""
    made = faulty_stack(WEB)
    assert made.up().ok
    faulty.go_away()
    assert made.config(version="2").up(*targets(DEPLOYMENT)).ok
    faulty.come_back()
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]
    assert made.up("--expect-no-changes").ok


def test_target_of_something_else_after_a_failure(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What a failed update left in state is not taken for a success by one, elsewhere, whose targets are others."""
    made = stack(
        WEB
        + """
    Thing("uncovered", config.get("value"))
    """
    )
    assert made.up().ok
    assert not made.config(version="2", value="new", fail="no space left").up().ok
    assert made.elsewhere().config(fail="").up(*targets(UNCOVERED)).ok
    assert made.up().ok
    assert bigpanda.story()[2:] == ["start 2", "failure 2", "failure 2", "start 2", "success 2"]


def test_by_a_plan(stack: MakeStack, bigpanda: Sandbox) -> None:
    """An update that is held to a saved plan does what was planned."""
    made = stack(WEB)
    for version in ("1", "2"):
        assert made.config(version=version).preview("--save-plan=plan.json").ok
        run = made.up("--plan=plan.json")
        assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]


def test_one_at_a_time(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Without parallelism nothing waits for itself."""
    made = stack(WEB)
    assert made.up("--parallel", "1").ok
    assert made.config(version="2", value="new").up("--parallel", "1").ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]


FIFTY = """
    for number in range(50):
        with bigpanda.Deployment(f"d{number}", component=f"c{number}", version="1", hosts=["a"]):
            Thing(f"t{number}", sleep=config.get_float("sleep"))
    """


@pytest.mark.parametrize("arguments", [[], ["--parallel", "1"]], ids=["parallel", "one_at_a_time"])
def test_fifty_deployments(stack: MakeStack, bigpanda: Sandbox, arguments: list[str]) -> None:
    """Each has one start and one end, and the next run sends nothing."""
    made = stack(FIFTY)
    run = made.up(*arguments)
    assert run.ok, run.output
    assert Counter(bigpanda.story()) == {"start 1": 50, "success 1": 50}
    assert sorted(bigpanda.has()) == sorted(f"c{number} 1 on a: success" for number in range(50))
    assert made.up("--expect-no-changes", *arguments).ok
    assert len(bigpanda.events()) == 100


def test_fifty_deployments_killed(stack: MakeStack, bigpanda: Sandbox) -> None:
    """All that are open when the engine is killed are ended within the guard's time."""
    made = stack(FIFTY).config(sleep=0.5)
    with made.running() as update:
        update.wait_for(lambda: len(bigpanda.events()) > 60)  # so at least 11 have ended, and the rest takes 4 s more
        update.signal(signal.SIGKILL)
        update.wait_for(lambda: not update.provider())
    assert {line.partition(": ")[2] for line in bigpanda.has()} == {"success", f"failure ({UNFINISHED})"}
