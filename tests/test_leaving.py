"""Preview, refresh, destroy and removal: they work without BigPanda, send nothing, and leave nothing open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .engine import Run, Running, Stack
from .faults import FaultyBigPanda, answer
from .servers import Sandbox
from .test_failure import WEB
from .test_kill import killed

pytestmark = pytest.mark.usefixtures("without_previews")
MakeStack = Callable[[str], Stack]

REST = "Thing('rest')"


def without_a_token(made: Stack, faulty: FaultyBigPanda) -> None:
    """There is none any more."""
    del made.environment["BIGPANDA_API_TOKEN"]


def with_another_token(made: Stack, faulty: FaultyBigPanda) -> None:
    """BigPanda does not know the token."""
    made.environment["BIGPANDA_API_TOKEN"] = "another-token"
    faulty.fault = answer(401)


def with_bigpanda_down(made: Stack, faulty: FaultyBigPanda) -> None:
    """Nobody listens."""
    faulty.go_away()


def mend(made: Stack, faulty: FaultyBigPanda, token: str) -> None:
    """Everything is as it was in the beginning."""
    made.environment["BIGPANDA_API_TOKEN"] = token
    faulty.fault = None
    faulty.come_back()


def refresh(made: Stack) -> Run:
    """Run a refresh."""
    return made.refresh()


def up_without_a_change(made: Stack) -> Run:
    """Run an update that has nothing to do."""
    return made.up("--expect-no-changes")


def preview(made: Stack) -> Run:
    """Run a preview, of a change."""
    run = made.config(version="2").preview()
    made.config(version="1")
    return run


def remove(made: Stack) -> Run:
    """Take the Deployment out of the program."""
    return made.program(REST).up()


def destroy(made: Stack) -> Run:
    """Destroy the stack."""
    return made.destroy()


def destroy_by_the_program(made: Stack) -> Run:
    """Destroy the stack, running the program."""
    return made.destroy("--run-program")


TROUBLES = pytest.mark.parametrize("trouble", [without_a_token, with_another_token, with_bigpanda_down])
Trouble = Callable[[Stack, FaultyBigPanda], None]


@TROUBLES
@pytest.mark.parametrize(
    "act",
    [preview, refresh, up_without_a_change, remove, destroy, destroy_by_the_program],
    ids=lambda act: act.__name__,
)
def test_nothing_is_sent(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, act: Callable[[Stack], Run], trouble: Trouble
) -> None:
    """What is recorded is history; where there is nothing to send, nobody misses BigPanda."""
    made = faulty_stack(WEB)
    assert made.up().ok
    asked = list(faulty.asked)
    trouble(made, faulty)
    run = act(made)
    assert run.ok, run.output
    if act is not preview:
        assert "warning" not in run.output
    assert faulty.asked == asked
    assert bigpanda.story() == ["start 1", "success 1"]


@TROUBLES
@pytest.mark.parametrize("act", [preview, refresh, remove, destroy], ids=lambda act: act.__name__)
def test_an_open_attempt_is_ended_later(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, act: Callable[[Stack], Run], trouble: Trouble
) -> None:
    """The end of what was left open waits, and is sent by the next update of the stack, whatever is left of it."""
    made = faulty_stack(WEB)
    token = made.environment["BIGPANDA_API_TOKEN"]
    killed(made, bigpanda, Running.provider)
    trouble(made, faulty)
    run = act(made)
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1"]
    mend(made, faulty, token)
    assert made.program(WEB).up().ok
    assert bigpanda.story() == ["start 1", "failure 1", "start 1", "success 1"]
    assert [change["state"] for change in bigpanda.changes()] == ["failure", "success"]
    assert made.up("--expect-no-changes").ok


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("act", [remove, destroy], ids=lambda act: act.__name__)
def test_an_open_attempt_is_ended_when_its_deployment_goes(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, act: Callable[[Stack], Run], elsewhere: bool
) -> None:
    """It failed, and BigPanda is told so at once."""
    made = faulty_stack(WEB)
    killed(made, bigpanda, Running.provider)
    if elsewhere:
        made.elsewhere()
    assert act(made).ok
    assert bigpanda.story() == ["start 1", "failure 1"]


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("act", [remove, destroy], ids=lambda act: act.__name__)
def test_what_waits_is_sent_when_its_deployment_goes(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, act: Callable[[Stack], Run], elsewhere: bool
) -> None:
    """A success that waits is a success, also when the Completion is deleted before."""
    made = faulty_stack(WEB)
    faulty.go_away()
    assert made.up().ok
    faulty.come_back()
    if elsewhere:
        made.elsewhere()
    assert act(made).ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_killed_while_a_deployment_goes(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """A success that waits in state stays one, though the Completion is gone and the Deployment is still there."""
    made = faulty_stack("""
        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            Thing("thing", hold_delete="thing")
        """)
    faulty.go_away()
    assert made.up().ok
    with made.elsewhere().program(REST).running() as update:
        update.wait_for_line("Completion web deleted")
        update.kill(update.provider())
        assert not update.end().ok
    made.let_go("thing")
    faulty.come_back()
    assert made.unlock().up().ok
    assert bigpanda.story() == ["start 1", "success 1"]
