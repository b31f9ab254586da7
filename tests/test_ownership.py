"""Who looks after an attempt: a state that is older than the outbox, an outbox that is locked, several who find it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

import pytest

from bigpanda_provider.bigpanda.events import StartEvent
from bigpanda_provider.delivery.attempt import Attempt
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Place, Recorder
from bigpanda_provider.state import DeliveryStatus

from .engine import Stack
from .faults import FaultyBigPanda
from .release.command import COMMAND, Release
from .servers import Sandbox
from .test_outbox_file import locked

pytestmark = pytest.mark.usefixtures("without_previews")
MakeStack = Callable[[str], Stack]

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Thing("thing", config.get("version"), hold=config.get("hold"))
    """
IN_A_CONTAINER = ["unshare", "--pid", "--fork", "--mount-proc"]


def in_a_container() -> list[str]:
    """What runs a command in a process table of its own."""
    tried = [*IN_A_CONTAINER, "true"]
    if shutil.which("unshare") is None or subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: another process table, which this machine does not allow to be made")
    return IN_A_CONTAINER


@pytest.mark.parametrize("how", ["import", "delete"])
def test_state_is_older_than_the_outbox(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, how: str
) -> None:
    """What waits of an attempt that state does not know any more is sent, before anything new."""
    made = faulty_stack(WEB)
    assert made.up().ok
    older = made.folder / "older.json"
    older.write_text(made.exported())
    faulty.go_away()
    assert made.config(version="2").up().ok
    faulty.come_back()
    if how == "import":
        assert made.pulumi("stack", "import", "--file", str(older)).ok
    else:
        assert made.pulumi("state", "delete", "--all", "--yes").ok
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2", "start 2", "success 2"]
    assert bigpanda.unmatched() == []
    assert made.up("--expect-no-changes").ok


def test_the_outbox_is_locked_while_a_deployment_ends(stack: MakeStack, bigpanda: Sandbox) -> None:
    """State says that it succeeded, and counts over a record that could not be written: the next run sends nothing."""
    made = stack(WEB).config(hold="thing")
    with made.running() as update:
        made.wait_until_held("thing")
        assert bigpanda.story() == ["start 1"]
        with locked(made.outbox):
            made.let_go("thing")
            run = update.end()
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1"]
    again = made.up("--expect-no-changes")
    assert again.ok, again.output
    assert made.config(version="2").up().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]


def test_several_find_one_orphan(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """Two `flush`, a `status` and a `history` at the same moment: who claims it sends it."""
    made = faulty_stack("pass")
    start = StartEvent(component="shop", version="1", hosts=("a",), timestamp=1)
    attempt = Attempt(uuid.uuid4().hex, start, DeliveryStatus.DELIVERED)
    with Outbox(made.outbox, holder=Holder(0, "gone")) as outbox:
        place = Place("organization/test/dev", "bigpanda-release", faulty.address)
        outbox.begin(place, attempt, recorder=Recorder.RUNNER, folder=str(made.folder))
    finders = [Release(made)] * 4
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda find, command: find(command), finders, ("flush", "flush", "status", "history")))
    assert all(run.ok for run in runs), [run.output for run in runs]
    assert [event["kind"] for event in bigpanda.events()] == ["end"]


@pytest.mark.parametrize("asleep", [False, True], ids=["awake", "asleep"])
def test_a_running_update_is_seen_from_another_container(stack: MakeStack, bigpanda: Sandbox, asleep: bool) -> None:
    """Where its processes cannot be seen its lease tells, so nobody takes it over; here a stopped process lives."""
    container = [] if asleep else in_a_container()
    made = stack(WEB).config(hold="thing")
    with made.running() as update:
        made.wait_until_held("thing")
        assert bigpanda.story() == ["start 1"]
        if asleep:
            os.kill(update.provider()[0], signal.SIGSTOP)
        told = subprocess.run(
            [*container, COMMAND, "flush"],
            cwd=made.folder,
            env=made.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "not sent: the events of web 1, since it is in progress" in told.stdout, told.stderr
        for pid in update.provider():
            os.kill(pid, signal.SIGCONT)
        made.let_go("thing")
        assert update.end().ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_a_killed_update_in_another_container(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Its lease runs out, and then the next run ends it; not before."""
    container = in_a_container()
    made = stack(WEB)
    code = "import pathlib, sys; from tests.test_ownership import leave; leave(pathlib.Path(sys.argv[1]), sys.argv[2])"
    command = [*container, sys.executable, "-c", code, str(made.outbox), made.environment["BIGPANDA_BASE_URL"]]
    subprocess.run(command, env=made.environment, check=False, timeout=60)
    assert made.up().ok
    assert bigpanda.story() == []
    with contextlib.closing(sqlite3.connect(made.outbox)) as db, db:
        assert db.execute("UPDATE bigpanda_attempt SET lease = ? WHERE id = '0'", (time.time() - 1,)).rowcount == 1
    assert made.up().ok
    assert bigpanda.story() == ["failure 0", "start 1", "success 1"]


def leave(outbox: pathlib.Path, address: str) -> None:
    """Begin an attempt of the Deployment web, and be killed."""
    start = StartEvent(component="web", version="0", hosts=("a",), timestamp=1)
    place = Place("organization/test/dev", "web", address)
    Outbox(outbox).begin(place, Attempt("0", start, DeliveryStatus.DELIVERED))
    os.kill(os.getpid(), signal.SIGKILL)
