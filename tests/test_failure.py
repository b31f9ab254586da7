"""An update that fails or is cancelled: every start has one end, with the right status and the reason."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from .engine import Stack, wait_until
from .faults import FaultyBigPanda
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")
BOTH_APIS = True

MakeStack = Callable[[str], Stack]

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a", "b"]):
        Thing("first")
        Thing("second", config.get("value"), sleep=config.get_float("sleep"), hold=config.get("hold"),
              fail=config.get("fail"))
    """


def the_next_run_reports_again(made: Stack, bigpanda: Sandbox, before: list[str], version: str = "1") -> None:
    """The unchanged program is shown as an update, sent as a new start and a success, and then there is no change."""
    assert bigpanda.story() == before
    had = bigpanda.has()
    assert made.preview().operations()["Deployment web"] in ("update", "create")
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.story() == [*before, f"start {version}", f"success {version}"]
    again = made.up("--expect-no-changes")
    assert again.ok, again.output
    assert bigpanda.story() == [*before, f"start {version}", f"success {version}"]
    assert bigpanda.has() == [*had, f"web {version} on a, b: success"]


def test_a_covered_resource_fails(stack: MakeStack, bigpanda: Sandbox) -> None:
    """One end, failure, with the resource and the last line of its error."""
    made = stack(WEB).config(fail="no space left")
    assert not made.up().ok
    assert bigpanda.has() == ["web 1 on a, b: failure (second: RuntimeError: no space left)"]
    made.config(fail="")
    the_next_run_reports_again(made, bigpanda, ["start 1", "failure 1"])


def test_a_covered_resource_is_tried_again(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A hook of the user's has the engine try it again, and it does well: a success."""
    made = stack("""
        from tests.things import tried_again

        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            Thing("first", fail="no space left", opts=tried_again())
        """)
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.has() == ["web 1 on a: success"]


def test_two_covered_resources_fail(stack: MakeStack, bigpanda: Sandbox) -> None:
    """One end, with the first reason."""
    made = stack("""
        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            Thing("later", sleep=1, fail="second fault")
            Thing("sooner", fail="first fault")
        """)
    assert not made.up().ok
    assert bigpanda.has() == ["web 1 on a: failure (sooner: RuntimeError: first fault)"]


def test_one_fails_while_others_go_on(stack: MakeStack, bigpanda: Sandbox) -> None:
    """With --continue-on-error the one failure comes after the rest is done."""
    made = stack("""
        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            Thing("fails", fail="fault")
            Thing("slow", sleep=3)
        """)
    assert not made.up("--continue-on-error").ok
    assert bigpanda.has() == ["web 1 on a: failure (fails: RuntimeError: fault)"]
    ((_, _, slow_done),) = made.did()
    assert bigpanda.events()[1]["received"] > slow_done


def test_a_resource_elsewhere_fails(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What a failure outside its scope holds up has that as its reason; what is done before is a success."""
    made = stack("""
        with bigpanda.Deployment("done", component="done", version="done", hosts=["a"]):
            Thing("quick")
        with bigpanda.Deployment("open", component="open", version="open", hosts=["a"]):
            Thing("slow", sleep=2)
        Thing("elsewhere", sleep=1, fail="fault")
        """)
    assert not made.up().ok
    assert sorted(bigpanda.has()) == [
        "done done on a: success",
        "open open on a: failure (elsewhere: RuntimeError: fault)",
    ]


RAISING = """
    with bigpanda.Deployment("closed", component="closed", version="closed", hosts=["a"]):
        Thing("one")
    alone = bigpanda.Deployment("alone", component="alone", version="alone", hosts=["a"])
    with bigpanda.Deployment("open", component="open", version="open", hosts=["a"]):
        Thing("two")
        {statement}
    """


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ('raise ValueError("no such\\nflavour")', "ValueError: flavour"),
        ("import sys; sys.exit(1)", "the program exited with code 1"),
        ("import sys; sys.exit('no zone')", "the program exited: no zone"),
    ],
)
def test_the_program_raises(stack: MakeStack, bigpanda: Sandbox, statement: str, reason: str) -> None:
    """What is open fails with that error; what was closed ends as its own scope went; the user sees their own error."""
    made = stack(RAISING.format(statement=statement))
    shown = made.preview()
    assert not shown.ok
    assert bigpanda.events() == []
    run = made.up(skip_preview=True)  # which would be the end of it
    assert not run.ok
    assert sorted(bigpanda.has()) == [
        f"alone alone on a: failure ({reason})",
        "closed closed on a: success",
        f"open open on a: failure ({reason})",
    ]
    assert len(bigpanda.events()) == 6
    if "ValueError" in statement:
        assert "ValueError: no such" in run.output
        assert "bigpanda_provider" not in run.output


def test_the_program_leaves_with_exit_code_0(stack: MakeStack, bigpanda: Sandbox) -> None:
    """`sys.exit(0)` is no failure."""
    made = stack(RAISING.format(statement="import sys; sys.exit(0)"))
    assert made.up().ok
    assert sorted(bigpanda.has()) == [f"{name} {name} on a: success" for name in ("alone", "closed", "open")]


def wait_until_covered(made: Stack, bigpanda: Sandbox) -> None:
    """Wait until the quick resource is there, and the slow one is being created; the start was sent before."""
    made.wait_until_held("second")
    wait_until(made.did)
    assert bigpanda.events()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelled_once(stack: MakeStack, bigpanda: Sandbox, number: signal.Signals) -> None:
    """After one signal the engine waits for the running create; then there is one end, "cancelled"."""
    made = stack(WEB).config(hold="second")
    with made.running() as update:
        wait_until_covered(made, bigpanda)
        update.cancel(number)
        time.sleep(1)  # it tells program and provider process at once, which nothing shows
        made.let_go("second")
        assert not update.end().ok
    assert [name for _, name, _ in made.did()] == ["first", "second"]
    assert bigpanda.has() == ["web 1 on a, b: failure (cancelled)"]
    the_next_run_reports_again(made, bigpanda, ["start 1", "failure 1"])


@pytest.mark.parametrize("slow_s", [0, 2])
def test_cancelled_twice(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, slow_s: float) -> None:
    """After two signals the engine does not wait; it gives us 5 s, in which there is one end, BigPanda slow or not."""
    made = faulty_stack(WEB).config(hold="second")
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "10"
    with made.running() as update:
        wait_until_covered(made, bigpanda)
        faulty.slow_s = slow_s
        update.cancel()
        update.cancel()
        assert not update.end().ok
    assert bigpanda.has() == ["web 1 on a, b: failure (cancelled)"]
    assert [name for _, name, _ in made.did()] == ["first"]


def test_cancelled_while_the_success_is_on_the_wire(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The end that is under way is waited for, and is the only one."""
    made = faulty_stack(WEB)
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "30"
    cancelled = threading.Event()
    faulty.before_answer = lambda: "end" not in faulty.asked or cancelled.wait(60)
    with made.running() as update:
        update.wait_for(lambda: "end" in faulty.asked)
        update.cancel()
        update.cancel()
        time.sleep(1)  # long enough for the guard to send another one
        cancelled.set()
        update.end()
        update.wait_for(lambda: not update.provider())
    assert bigpanda.story() == ["start 1", "success 1"]


def test_the_reason_holds_no_secret(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The token, secret config and the failing resource's secret inputs are masked in the error that quotes them."""
    made = stack("""
        inner = pulumi.Output.secret("inner-secret")
        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            Thing("one", {"deep": [inner]}, fail="no {value} or config-secret or my-token")
        """)
    made.environment["BIGPANDA_API_TOKEN"] = "my-token"
    made.pulumi("config", "set", "--secret", "test:secret", "config-secret")
    assert not made.up().ok
    assert bigpanda.has() == ["web 1 on a: failure (one: RuntimeError: no {'deep': ['***']} or *** or ***)"]


def test_the_reason_does_not_hold_the_password_of_the_outbox(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Neither that of the URL, as it is written and as it is, nor libpq's own."""
    made = stack("""
        import os
        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            raise RuntimeError(f"{os.environ['BIGPANDA_OUTBOX']} s3cret@db {os.environ['PGPASSWORD']}")
        """)
    made.environment |= {"BIGPANDA_OUTBOX": "postgresql://ann:s3cret%40db@127.0.0.1:1/x", "PGPASSWORD": "an0ther"}
    assert not made.up(skip_preview=True).ok
    (reason,) = [change["reason"] for change in bigpanda.changes()]
    assert reason == "RuntimeError: postgresql://ann:***@127.0.0.1:1/x *** ***"


def test_a_long_reason_is_cut(stack: MakeStack, bigpanda: Sandbox) -> None:
    """At most 500 characters, and the cut is marked."""
    made = stack(WEB).config(fail="x" * 2000)
    assert not made.up().ok
    reason = bigpanda.changes()[0]["reason"]
    assert len(reason) == 500
    assert reason.endswith("x…")
