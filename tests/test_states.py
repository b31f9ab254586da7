"""States that earlier versions of this package wrote: this one previews, updates, refreshes and destroys them."""

from __future__ import annotations

import json
import pathlib

import pytest

from . import states
from .engine import Stack
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")

ALL = sorted(states.FOLDER.glob("*/*.json"))
NEXT_UPDATE = {
    "succeeded": [],
    "failed": ["failure 1", "start 1", "success 1"],
    "killed": ["failure 1", "start 1", "success 1"],
    "queued": ["start 1", "success 1"],
    "queued_twice": ["start 1", "success 1", "start 2", "success 2"],
    "rejected": [],
    "off": [],
}
"""What an update of the unchanged program sends, on a machine that has nothing but the state."""
DESTROY = {
    **NEXT_UPDATE,
    "failed": ["failure 1"],
    "killed": ["failure 1"],
}
EACH = pytest.mark.parametrize("state", ALL, ids=lambda path: f"{path.parent.name}-{path.stem}")


def imported(folder: pathlib.Path, bigpanda: Sandbox, state: pathlib.Path) -> Stack:
    """A stack with the state, and the program that it was written by."""
    made = states.prepared(folder / "stack", bigpanda.address)
    # One second, with which states are written, is short for a busy machine.
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "60"
    made.config(version="2" if state.stem == "queued_twice" else "1")
    done = made.pulumi("stack", "import", "--file", str(state))
    assert done.ok, done.output
    return made


@EACH
def test_update(tmp_path: pathlib.Path, bigpanda: Sandbox, state: pathlib.Path) -> None:
    """Preview shows what the update then sends; afterwards there is nothing more to do, and all can be refreshed."""
    made = imported(tmp_path, bigpanda, state)
    preview = made.preview()
    assert preview.ok, preview.output
    assert ("Deployment web" in preview.operations()) is bool(NEXT_UPDATE[state.stem])
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.story() == NEXT_UPDATE[state.stem]
    assert made.up("--expect-no-changes").ok
    assert made.refresh("--expect-no-changes").ok
    before = bigpanda.story()
    assert made.config(version="3").up().ok
    assert bigpanda.story() == [*before, "start 3", "success 3"]
    assert made.destroy().ok
    assert made.tells("hidden") == []


@EACH
def test_refresh_and_destroy(tmp_path: pathlib.Path, bigpanda: Sandbox, state: pathlib.Path) -> None:
    """What was left open or waits is sent when the stack goes."""
    made = imported(tmp_path, bigpanda, state)
    assert made.refresh().ok
    assert bigpanda.story() == []
    run = made.destroy()
    assert run.ok, run.output
    assert bigpanda.story() == DESTROY[state.stem]


def test_the_states_are_complete() -> None:
    """There is one of each kind for each version, each holds its Deployment, and none holds what is secret."""
    by_version: dict[str, set[str]] = {}
    for path in ALL:
        by_version.setdefault(path.parent.name, set()).add(path.stem)
        text = path.read_text()
        assert any(
            "bigpanda:Deployment" in resource["type"] for resource in json.loads(text)["deployment"]["resources"]
        )
        assert '"hidden"' not in text
    assert by_version
    assert all(kinds == set(NEXT_UPDATE) for kinds in by_version.values())
