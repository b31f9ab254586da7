"""Processes killed with SIGKILL: the guard ends what is open at once, or the next run does."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from bigpanda_provider.state import Api

from .engine import Running, Stack
from .faults import FaultyBigPanda
from .servers import Sandbox
from .test_failure import WEB, the_next_run_reports_again, wait_until_covered

pytestmark = pytest.mark.usefixtures("cold", "without_previews")
BOTH_APIS = True

MakeStack = Callable[[str], Stack]

UNFINISHED = "the update ended before this deployment was complete"


def killed(made: Stack, bigpanda: Sandbox, what: Callable[[Running], list[int]]) -> None:
    """Run an update and kill some of its processes while a covered resource is being created."""
    with made.config(hold="second").running() as update:
        wait_until_covered(made, bigpanda)
        update.kill(what(update))
        made.let_go("second")  # an engine that is left waits for it
        assert not update.end().ok
        update.wait_for(lambda: not update.provider() and not update.program())
    made.unlock()


def test_the_engine_is_killed(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The provider process notices, ends the attempt at once, and goes."""
    made = stack(WEB)
    killed(made, bigpanda, lambda update: [update.process.pid])
    assert bigpanda.has() == [f"web 1 on a, b: failure ({UNFINISHED})"]
    the_next_run_reports_again(made, bigpanda, ["start 1", "failure 1"])


def test_the_program_is_killed(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The engine ends the update, and the guard the attempt."""
    made = stack(WEB)
    killed(made, bigpanda, Running.program)
    assert bigpanda.has() == [f"web 1 on a, b: failure ({UNFINISHED})"]
    the_next_run_reports_again(made, bigpanda, ["start 1", "failure 1"])


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("what", ["provider", "all"])
def test_the_provider_is_killed(stack: MakeStack, bigpanda: Sandbox, what: str, elsewhere: bool) -> None:
    """Nobody is left to end the attempt: the next run does, here or on another machine, before its own start."""
    made = stack(WEB)
    killed(
        made,
        bigpanda,
        Running.provider if what == "provider" else lambda u: [u.process.pid, *u.program(), *u.provider()],
    )
    assert bigpanda.story() == ["start 1"]
    if elsewhere:
        made.elsewhere()
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "failure 1", "start 1", "success 1"]
    noted = what == "provider" and not elsewhere  # the program saw its resource fail
    failed, *after = bigpanda.has()
    if noted:  # in grpc's words: its connection ended, or was reset
        assert failed.startswith("web 1 on a, b: failure (second: error reading from server: ")
    else:
        assert failed == "web 1 on a, b: failure (the deployment did not complete)"
    assert after == ["web 1 on a, b: success"]
    assert made.up("--expect-no-changes").ok


def test_the_engine_is_killed_before_it_stored_the_start(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, api: Api
) -> None:
    """The next run ends the old attempt, which only its outbox knows, and starts a new one.

    Whether the old start arrived cannot be known, so it is sent once more, as it was, before its end; with the Changes
    API the end alone says all.
    """
    made = faulty_stack(WEB)
    killed_by_the_answer(made, faulty)
    assert not any("Deployment" in resource["urn"] for resource in made.state())
    assert bigpanda.story() == ["start 1"]
    assert made.up().ok
    assert bigpanda.story() == ["start 1", *again(api, "start 1"), "failure 1", "start 1", "success 1"]
    assert bigpanda.has() == [
        "web 1 on a, b: failure (the deployment did not complete)",
        "web 1 on a, b: success",
    ]
    assert made.up("--expect-no-changes").ok


def test_a_killed_change_that_is_taken_back(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, api: Api
) -> None:
    """An attempt that only the outbox knows is ended by the next run, though the program is again as it was."""
    made = faulty_stack(WEB)
    assert made.config(version="1").up().ok
    killed_by_the_answer(made.config(version="2"), faulty)
    assert bigpanda.story() == ["start 1", "success 1", "start 2"]
    assert made.config(version="1").preview().operations()["Deployment web"] == "update"
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", *again(api, "start 2"), "failure 2"]
    assert bigpanda.has() == [
        "web 1 on a, b: success",
        "web 2 on a, b: failure (the deployment did not complete)",
    ]
    assert made.up("--expect-no-changes").ok


def again(api: Api, event: str) -> list[str]:
    """An event of which nobody knows whether it arrived, and whose API needs it before its end."""
    return [event] if api is Api.DEPLOYMENTS else []


def killed_by_the_answer(made: Stack, faulty: FaultyBigPanda) -> None:
    """Run an update whose processes are all killed between BigPanda's taking the start and its answer."""
    with made.running() as update:

        def kill() -> None:
            faulty.before_answer = None
            update.kill([update.process.pid, *update.provider(), *update.program()])

        faulty.before_answer = kill
        assert not update.end().ok
    made.unlock()


def test_deleted_while_it_is_open(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Removing a Deployment whose attempt was left open ends the attempt as a failure."""
    made = stack(WEB)
    killed(made, bigpanda, Running.provider)
    made.program("Thing('first')")
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "failure 1"]


def test_no_process_is_left_behind(stack: MakeStack, bigpanda: Sandbox) -> None:
    """After the engine was killed, program and provider process end by themselves, whatever a create waits for."""
    made = stack(WEB).config(hold="second")
    with made.running() as update:
        wait_until_covered(made, bigpanda)
        pids = [*update.program(), *update.provider()]
        update.kill([update.process.pid])
        update.wait_for(lambda: not [pid for pid in pids if os.path.exists(f"/proc/{pid}/exe")])  # noqa: PTH110


def test_the_engine_is_killed_before_any_event(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The provider process ends by itself then too, once our code has run in it."""
    text = (
        WEB.replace('"b"]):', '"b"]) as web:')
        + """
    Thing("uncovered", hold="for ever", opts=pulumi.ResourceOptions(depends_on=[web]))
    """
    )
    made = stack(text.replace('hold="for ever", ', ""))
    assert made.up().ok
    before = bigpanda.story()
    with made.program(text).running() as update:
        update.wait_for_line("uncovered updating")
        update.kill([update.process.pid])
        update.wait_for(lambda: not update.provider() and not update.program())
    assert bigpanda.story() == before
