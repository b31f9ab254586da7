"""Ctrl-C is answered at once: what happens now, what a second one does; errors of a cancelled program are not shown."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from bigpanda_provider.release.engine.cancelling import sentence
from bigpanda_provider.release.engine.process import Asked, Interrupts
from tests.engine import wait_until
from tests.servers import Sandbox

from .command import EVENT, UP, Release, RunningRelease, without_times

pytestmark = pytest.mark.usefixtures("cold")
MakeRelease = Callable[[str], Release]

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
NOTICED_S = 0.3


@pytest.mark.parametrize(
    ("asked", "operations", "told"),
    [
        (Asked(False, INT, 1), 2, "cancelling: waiting for 2 operations; press Ctrl-C again to stop now"),
        (Asked(False, INT, 1), 1, "cancelling: waiting for 1 operation; press Ctrl-C again to stop now"),
        (Asked(False, INT, 1), 0, "cancelling: waiting for the engine; press Ctrl-C again to stop now"),
        (Asked(False, INT, 0), 0, "cancelling; nothing more is started"),
        (Asked(False, TERM, 1), 2, "cancelling on SIGTERM: waiting for 2 operations; send it again to stop now"),
        (Asked(False, HUP, 0), 0, "cancelling on SIGHUP; nothing more is started"),
        (
            Asked(True, INT, 1),
            2,
            "stopping now: 2 operations may be incomplete; check their resources, then run `pulumi refresh`",
        ),
        (
            Asked(True, TERM, 1),
            1,
            "stopping now: 1 operation may be incomplete; check its resource, then run `pulumi refresh`",
        ),
        (Asked(True, INT, 1), 0, "stopping now"),
    ],
)
def test_what_is_said(asked: Asked, operations: int, told: str) -> None:
    """What is waited for, and how to stop at once; then what that leaves."""
    assert sentence(asked, operations) == told


@contextlib.contextmanager
def caught(found: list[tuple[Asked, threading.Thread]]) -> Iterator[Interrupts]:
    """Interrupts that tell a list."""
    interrupts = Interrupts()
    interrupts.on_asked = lambda asked: found.append((asked, threading.current_thread()))
    with interrupts:
        yield interrupts


def test_the_answer_comes_at_once() -> None:
    """The first and the second one are told, no third; never by the handler, which may hold any lock up."""
    found: list[tuple[Asked, threading.Thread]] = []
    with caught(found) as interrupts:
        for number in (1, 2):
            signal.raise_signal(signal.SIGINT)
            wait_until(lambda number=number: len(found) == number, NOTICED_S)  # type: ignore[misc]
        signal.raise_signal(signal.SIGINT)
        time.sleep(NOTICED_S)
    assert [asked for asked, _ in found] == [Asked(False, INT, 0), Asked(True, INT, 0)]
    assert threading.main_thread() not in [thread for _, thread in found]
    with interrupts:  # asked once, it stays asked, and is not told again
        time.sleep(NOTICED_S)
    assert interrupts.asked
    assert len(found) == 2


def shown(update: RunningRelease, shop: Release, part: str) -> None:
    """Wait until the runner has shown this."""
    update.wait_for(lambda: part in (shop.stack.folder / "release.log").read_text())


def test_a_program_that_is_busy(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Neither its traceback nor the engine's error: the cancellation is said once."""
    shop = release(
        "import time\nprint('busy')\nif not pulumi.runtime.is_dry_run(): time.sleep(60)\nThing('a')",
    )
    with shop.running(*UP, "--host", "web") as update:
        update.wait_for(lambda: bigpanda.story() == ["start 1"])
        shown(update, shop, "busy")
        update.signal(signal.SIGINT)
        run = update.end()
    assert run.code == 130
    lines = without_times(run.output).splitlines()
    assert lines[lines.index("busy") + 1 :] == [
        "cancelling: waiting for the engine; press Ctrl-C again to stop now",
        "end sent: failure",
        "cancelled (N s)",
    ]
    assert [(c["state"], c["reason"]) for c in bigpanda.changes()] == [("failure", "cancelled")]


def test_a_second_one_leaves_pending_operations(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The sentence tells the truth: what is under way is not waited for, and the engine does not know its outcome."""
    shop = release("Thing('a', sleep=60)\nThing('b')")
    with shop.running(*UP, "--host", "web") as update:
        shown(update, shop, "Resource b created")
        shown(update, shop, "Resource a creating")
        update.signal(signal.SIGINT)
        shown(update, shop, "cancelling")
        update.signal(signal.SIGINT)
        run = update.end()
    assert run.code == 130
    assert without_times(run.output).splitlines()[-4:] == [
        "cancelling: waiting for 1 operation; press Ctrl-C again to stop now",
        "stopping now: 1 operation may be incomplete; check its resource, then run `pulumi refresh`",
        "end sent: failure",
        "cancelled (N s): 1 created, 1 not completed",
    ]
    (pending,) = json.loads(shop.stack.exported())["deployment"]["pending_operations"]
    assert (pending["type"], pending["resource"]["urn"].split("::")[-1]) == ("creating", "a")


@pytest.mark.parametrize("process", [b"whoami", b"pulumi-language-python-exec"], ids=["asked", "previewing"])
def test_before_anything_has_begun(release: MakeRelease, process: bytes) -> None:
    """A cancellation is no failure of one of the engine's commands."""
    shop = release("import time\ntime.sleep(60)")
    with shop.running("preview", *EVENT) as update:
        update.wait_for(lambda: shop.stack.processes(process))
        update.signal(signal.SIGINT)
        run = update.end()
    assert run.code == 130
    assert run.output.splitlines()[-1] == "bigpanda-release: cancelled"
    assert set(run.output.splitlines()[:-1]) <= {"cancelling: waiting for the engine; press Ctrl-C again to stop now"}
