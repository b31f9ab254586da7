"""Two stacks on one machine, which share an outbox: each reports its own events, to its own BigPanda."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from . import faults, servers
from .engine import Stack
from .faults import FaultyBigPanda
from .servers import Recorder, Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")
PROGRAM = """
    with bigpanda.Deployment("web", component=pulumi.get_stack(), version=config.get("version") or "1", hosts=["a"]):
        Thing("thing", config.get("version"), hold=config.get("hold"))
    """


@pytest.fixture
def other(tmp_path: pathlib.Path) -> Iterator[FaultyBigPanda]:
    """A second BigPanda."""
    with servers.sandbox() as behind, faults.faulty(behind) as running:
        yield running


def pair(folder: pathlib.Path, addresses: tuple[str, str]) -> tuple[Stack, Stack]:
    """Two stacks of one program name, with tokens of their own and one outbox."""
    made = []
    for name, address in zip(("blue", "green"), addresses, strict=True):
        stack = Stack(folder / name, address, name=name, token=f"token-of-{name}").program(PROGRAM)
        stack.environment |= {
            "BIGPANDA_OUTBOX": str(folder / "outbox.db"),
            "BIGPANDA_TIMEOUT_SECONDS": str(faults.EVENT_LIMIT_S),
        }
        made.append(stack)
    return made[0], made[1]


@pytest.mark.parametrize("at_once", [True, False])
def test_one_bigpanda_is_down(
    tmp_path: pathlib.Path, faulty: FaultyBigPanda, bigpanda: Sandbox, other: FaultyBigPanda, at_once: bool
) -> None:
    """The other stack's update sends its own alone; what waits stays until its own stack runs again."""
    blue, green = pair(tmp_path, (faulty.address, other.address))
    faulty.go_away()
    with ThreadPoolExecutor(2 if at_once else 1) as pool:
        assert all(run.ok for run in pool.map(Stack.up, [blue, green]))
    assert other.behind.story() == ["start 1", "success 1"]
    faulty.come_back()
    assert green.config(version="2").up().ok
    assert bigpanda.story() == []
    assert blue.up().ok
    assert bigpanda.story() == ["start 1", "success 1"]
    assert {change["component"] for change in bigpanda.changes()} == {"blue"}
    assert {change["component"] for change in other.behind.changes()} == {"green"}


@pytest.mark.parametrize("at_once", [True, False])
def test_one_address_and_two_tokens(tmp_path: pathlib.Path, recorder: Recorder, at_once: bool) -> None:
    """What one could not send is never sent with the other's token."""
    blue, green = pair(tmp_path, (recorder.address, recorder.address))
    recorder.status = 503
    with ThreadPoolExecutor(2 if at_once else 1) as pool:
        assert all(run.ok for run in pool.map(Stack.up, [blue, green]))
    recorder.status = 201
    recorder.requests.clear()
    for stack in (green, blue):
        assert stack.up().ok
    sent = [(json.loads(r.body)["component"], r.headers["Authorization"]) for r in recorder.requests]
    assert sent == [("green", "Bearer token-of-green")] * 2 + [("blue", "Bearer token-of-blue")] * 2


def test_one_stack_is_killed_while_the_other_runs(
    tmp_path: pathlib.Path, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """Nobody ends what the other stack has open; what a killed one left waits for its own next run."""
    blue, green = pair(tmp_path, (faulty.address, faulty.address))
    with blue.config(hold="thing").running() as update:
        blue.wait_until_held("thing")
        assert "start 1" in bigpanda.story()
        assert green.up().ok
        update.kill(update.provider())
        assert not update.end().ok
    states = {change["component"]: change["state"] for change in bigpanda.changes()}
    assert states == {"blue": "in_progress", "green": "success"}
    assert green.config(version="2").up().ok
    assert [c["state"] for c in bigpanda.changes() if c["component"] == "blue"] == ["in_progress"]
    blue.let_go("thing")
    assert blue.unlock().up().ok
    assert [c["state"] for c in bigpanda.changes() if c["component"] == "blue"] == ["failure", "success"]
    assert bigpanda.unmatched() == []
