"""How a late change ends: as any attempt, with one end, its true status and the reason, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from . import faults
from .engine import Running, Stack
from .faults import Fault, FaultyBigPanda
from .servers import Sandbox
from .test_kill import UNFINISHED
from .test_late import HOSTS, nothing_more

pytestmark = pytest.mark.usefixtures("without_previews")
MakeStack = Callable[[str], Stack]

SHOP = (
    HOSTS
    + """
    with bigpanda.Deployment("shop", component="shop", version="1"):
        Thing("web-1", outside.value, fail=outside.value.apply(lambda value: "no space" if value == "full" else None),
              hold=outside.value.apply(lambda value: value if value.startswith("held") else None))
        Thing("web-2", "x")
    """
)
GOES_ON = "outside.value, sleep=1"
ONCE = ["shop 1 on web-1, web-2: success"]


def ready(made: Stack, outside: str) -> Stack:
    """The stack after its first update, with another value for what web-1 takes."""
    run = made.config(outside="a").up()
    assert run.ok, run.output
    return made.config(outside=outside)


def with_secret_version(make: MakeStack, program: str) -> Stack:
    """A stack whose Deployment has a version that is secret."""
    made = make(program.replace('version="1"', 'version=config.require_secret("version")'))
    made.pulumi("config", "set", "--secret", "test:version", "secret-1")
    return made


def mended(made: Stack, bigpanda: Sandbox, hosts: str = "web-1") -> None:
    """The next run, with nothing in its way, records one success more; then there is nothing to do."""
    had = bigpanda.has()
    run = made.config(outside="b").up()
    assert run.ok, run.output
    assert bigpanda.has() == [*had, f"shop 1 on {hosts}: success"]
    assert bigpanda.unmatched() == []
    nothing_more(made, bigpanda)


def test_it_fails(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A failure, with the resource and the last line of its error; the next run reports it anew."""
    made = ready(stack(SHOP), "full")
    assert not made.up().ok
    assert bigpanda.has() == [*ONCE, "shop 1 on web-1: failure (web-1: RuntimeError: no space)"]
    mended(made, bigpanda)


def test_one_fails_while_others_go_on(stack: MakeStack, bigpanda: Sandbox) -> None:
    """With --continue-on-error those that share a start share its end, a failure."""
    made = ready(stack(SHOP.replace('"x"', GOES_ON)), "full")
    run = made.up("--continue-on-error")
    assert not run.ok
    assert bigpanda.has() == [*ONCE, "shop 1 on web-1, web-2: failure (web-1: RuntimeError: no space)"]
    mended(made, bigpanda, "web-1, web-2")


def test_a_failure_elsewhere(stack: MakeStack, bigpanda: Sandbox) -> None:
    """One end. The engine lets go on what is under way; that did well, if the program is told so before it goes."""
    made = stack(
        SHOP.replace('"x"', 'outside.value, hold="web-2"')
        + """
    later = pulumi.ResourceOptions(depends_on=[outside])
    Thing("elsewhere", config.get("outside"), fail=config.get("broken"), hold=config.get("broken"), opts=later)
    """
    )
    made.let_go("web-2")
    ready(made, "b").config(broken="fault")
    (made.folder / "journal.web-2").unlink()
    with made.running("--parallel", "10") as update:
        made.wait_until_held("web-2")
        update.wait_for(lambda: ("update", "web-1") in [(operation, name) for operation, name, _ in made.did()])
        assert "shop 1 on web-1, web-2: in progress" in bigpanda.has()
        made.let_go("fault")
        update.wait_for_line("updating failed")
        time.sleep(1)
        made.let_go("web-2")
        assert not update.end().ok
    late = "shop 1 on web-1, web-2: "
    ended = [[*ONCE, late + how] for how in ("success", "failure (elsewhere: RuntimeError: fault)")]
    assert bigpanda.has() in ended
    assert bigpanda.unmatched() == []


@pytest.mark.parametrize(("times", "ended"), [(1, "success"), (2, "failure (cancelled)")], ids=["once", "twice"])
def test_cancelled(stack: MakeStack, bigpanda: Sandbox, times: int, ended: str) -> None:
    """After one signal the engine waits for the change, which does well; after two it breaks it off."""
    made = ready(stack(SHOP), "held")
    with made.running() as update:
        made.wait_until_held("held")
        assert len(bigpanda.events()) > 2
        for _ in range(times):
            update.cancel()
        time.sleep(1)
        made.let_go("held")
        assert not update.end().ok
        update.wait_for(lambda: not update.provider())  # after two signals the engine is gone before it
    assert bigpanda.has() == [*ONCE, f"shop 1 on web-1: {ended}"]
    mended(made.unlock(), bigpanda)


PROCESSES: dict[str, Callable[[Running], list[int]]] = {
    "program": Running.program,
    "provider": Running.provider,
    "engine": lambda update: [update.process.pid],
    "all": lambda update: [update.process.pid, *update.program(), *update.provider()],
}


@pytest.mark.parametrize("what", PROCESSES)
def test_killed(stack: MakeStack, bigpanda: Sandbox, what: str) -> None:
    """SIGKILL while the resource changes: one end, by this run where a process of ours is left, else by the next."""
    made = ready(stack(SHOP), "held")
    with made.running() as update:
        made.wait_until_held("held")
        assert len(bigpanda.events()) > 2
        update.kill(PROCESSES[what](update))
        made.let_go("held")
        assert not update.end().ok
        update.wait_for(lambda: not update.provider() and not update.program())
    made.unlock()
    late = bigpanda.has()[1]
    if what in ("program", "engine"):
        assert late == f"shop 1 on web-1: failure ({UNFINISHED})"
        mended(made, bigpanda)
        return
    assert late == "shop 1 on web-1: in progress"
    assert made.config(outside="b").up().ok
    assert len(bigpanda.has()) == 3
    assert bigpanda.has()[1].startswith("shop 1 on web-1: failure (")
    assert bigpanda.has()[2] == "shop 1 on web-1: success"
    nothing_more(made, bigpanda)


def test_killed_while_the_start_is_on_the_wire(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """Nothing has changed, and whether the start arrived is not known: it is sent again with its end."""
    made = ready(faulty_stack(SHOP), "b")
    with made.running() as update:

        def kill() -> None:
            faulty.before_answer = None
            update.kill([update.process.pid, *update.provider(), *update.program()])

        update.wait_for_line("Updating")
        faulty.before_answer = kill
        assert not update.end().ok
    assert ("update", "web-1") not in [(operation, name) for operation, name, _ in made.did()]
    mended_after_kill = made.unlock().up()
    assert mended_after_kill.ok
    assert bigpanda.has() == [
        *ONCE,
        "shop 1 on web-1: failure (the deployment did not complete)",
        "shop 1 on web-1: success",
    ]
    nothing_more(made, bigpanda)


@pytest.mark.parametrize("fault", [None, faults.hang, faults.answer(503)], ids=["down", "hanging", "busy"])
def test_bigpanda_does_not_answer(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, fault: Fault | None
) -> None:
    """The change goes on within a time limit; start and end wait, and the next run sends both, as they were."""
    made = ready(faulty_stack(SHOP), "b")
    if fault is None:
        faulty.go_away()
    faulty.fault = fault
    run = made.up()
    assert run.ok, run.output
    assert "events are queued and will be sent by the next" in run.output
    assert ("update", "web-1") in [(operation, name) for operation, name, _ in made.did()]
    assert bigpanda.has() == ONCE
    faulty.fault = None
    faulty.come_back()
    assert made.preview().operations()["Deployment shop"] == "update"
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.has() == [*ONCE, "shop 1 on web-1: success"]
    assert bigpanda.story() == ["start 1", "success 1"] * 2
    nothing_more(made, bigpanda)


def test_bigpanda_comes_back(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """While the resource changes: start and end are sent by this run, in order."""
    made = ready(faulty_stack(SHOP), "held")
    faulty.go_away()
    with made.running() as update:
        update.wait_for_line("events are queued")
        faulty.come_back()
        time.sleep(faults.QUIET_S)
        made.let_go("held")
        assert update.end().ok
    assert bigpanda.story() == ["start 1", "success 1"] * 2
    assert bigpanda.has() == [*ONCE, "shop 1 on web-1: success"]
    nothing_more(made, bigpanda)


def test_beside_a_start_that_waits(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """Events of one Deployment keep their order: the late start waits behind the Deployment's own."""
    made = ready(faulty_stack(SHOP.replace('"x"', 'config.get("web")')).config(web="a"), "b").config(web="b")
    faulty.go_away()
    began = time.time()
    run = made.up()
    assert run.ok, run.output
    assert time.time() - began < 30
    faulty.come_back()
    assert made.up().ok
    assert bigpanda.has() == [*ONCE, "shop 1 on web-2: success", "shop 1 on web-1: success"]
    nothing_more(made, bigpanda)


@pytest.mark.parametrize("fault", [faults.answer(503), faults.answer(401), faults.answer(400)])
def test_required(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, fault: Fault) -> None:
    """The resource is not touched where its start does not get through, and the update fails with a sentence."""
    made = ready(faulty_stack(SHOP), "b")
    made.environment["BIGPANDA_DELIVERY"] = "required"
    faulty.fault = fault
    run = made.up()
    assert not run.ok
    told = "the start of shop 1 for web-1 did not get through, and delivery is required (BIGPANDA_DELIVERY), so nothing"
    assert told in run.output
    assert "or set BIGPANDA_DELIVERY to bestEffort to deploy anyway" in run.output
    assert "Traceback" not in run.output
    assert ("update", "web-1") not in [(operation, name) for operation, name, _ in made.did()]
    faulty.fault = None
    mended(made, bigpanda)


def test_required_and_the_end_does_not_get_through(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The end waits, and the update fails; the next one sends it, and no other start."""
    made = ready(faulty_stack(SHOP), "b")
    made.environment["BIGPANDA_DELIVERY"] = "required"
    faulty.script = [None]
    faulty.fault = faults.answer(503)
    run = made.up()
    assert not run.ok
    assert "the end of shop 1 did not get through, and delivery is required" in run.output
    assert "Traceback" not in run.output
    faulty.fault = None
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.has() == [*ONCE, "shop 1 on web-1: success"]
    nothing_more(made, bigpanda)


def test_a_signal_to_the_program_alone(stack: MakeStack, bigpanda: Sandbox) -> None:
    """SIGTERM ends it without a word: the guard ends what it began."""
    made = ready(stack(SHOP), "held")
    with made.running() as update:
        made.wait_until_held("held")
        assert len(bigpanda.events()) > 2
        for pid in update.program():
            os.kill(pid, signal.SIGTERM)
        made.let_go("held")
        assert not update.end().ok
    assert bigpanda.has() == [*ONCE, f"shop 1 on web-1: failure ({UNFINISHED})"]
    mended(made, bigpanda)


def test_without_an_outbox(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What did not go well is known to the program alone, so that ends it itself."""
    made = stack(SHOP)
    made.environment["BIGPANDA_OUTBOX"] = "/proc/none/outbox.db"
    ready(made, "full")
    assert not made.up().ok
    assert bigpanda.has() == [*ONCE, "shop 1 on web-1: failure (web-1: RuntimeError: no space)"]
    mended(made, bigpanda)


def test_a_secret_property(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It is in no file: the program ends it itself, and nothing tells it."""
    made = with_secret_version(stack, SHOP)
    ready(made, "full")
    assert not made.up().ok
    assert bigpanda.has()[1] == "shop secret-1 on web-1: failure (web-1: RuntimeError: no space)"
    assert made.tells("secret-1") == []
    assert made.config(outside="b").up().ok
    nothing_more(made, bigpanda)


def test_a_secret_property_and_one_fails_while_others_go_on(stack: MakeStack, bigpanda: Sandbox) -> None:
    """With --continue-on-error the first failure ends what they share, once."""
    made = with_secret_version(stack, SHOP.replace('"x"', GOES_ON))
    ready(made, "full")
    assert not made.up("--continue-on-error").ok
    assert ("update", "web-2") in [(operation, name) for operation, name, _ in made.did()]
    assert bigpanda.has()[1:] == ["shop secret-1 on web-1, web-2: failure (web-1: RuntimeError: no space)"]
    assert bigpanda.unmatched() == []


def test_a_secret_property_and_one_that_is_tried_again(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What a hook of the user's has the engine try again has not failed yet."""
    shop = SHOP.replace("hold=", "opts=tried_again(), hold=")
    made = with_secret_version(stack, f"    from tests.things import tried_again\n{shop}")
    ready(made, "full")
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.has()[1:] == ["shop secret-1 on web-1: success"]


def test_a_secret_property_and_bigpanda_takes_its_time(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The engine kills the program when the update is over; until the end is sent, it is not."""
    made = with_secret_version(faulty_stack, SHOP)
    ready(made, "full")
    faulty.script = [None, faults.answer(503), faults.answer(503)]
    assert not made.up().ok
    assert bigpanda.has()[1] == "shop secret-1 on web-1: failure (web-1: RuntimeError: no space)"


def test_a_secret_property_and_bigpanda_is_down(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """Nobody could send it later, and a warning says so."""
    made = with_secret_version(faulty_stack, SHOP)
    ready(made, "b")
    faulty.go_away()
    run = made.up()
    assert run.ok, run.output
    told = "the start of shop (secret) for web-1 did not get through; it has secret properties, so it is not stored"
    assert told in run.output
    assert "Queued" not in run.output
    assert made.tells("secret-1") == []
    faulty.come_back()
    nothing_more(made, bigpanda)
