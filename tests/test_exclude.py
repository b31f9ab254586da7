"""`up --exclude`: as with `--target`, the record is of what the update was told to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .engine import Stack
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")

MakeStack = Callable[[str], Stack]

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Thing("thing", config.get("value"))
        Thing("other", config.get("value"))
    """
DEPLOYMENT, COMPLETION, THING = "**Deployment::web", "**Completion::web", "**Resource::thing"


def test_exclude_of_a_covered_resource(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The deployment of the rest is a success; an update that changes it later records that."""
    made = stack(WEB)
    assert made.up().ok
    run = made.config(version="2", value="new").up("--exclude", THING)
    assert run.ok, run.output
    assert [name for _, name, _ in made.did()].count("thing") == 1
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]
    later = made.up()
    assert later.ok
    assert bigpanda.story() == ["start 1", "success 1"] + ["start 2", "success 2"] * 2
    assert made.up("--expect-no-changes").ok


def test_exclude_of_the_deployment(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What it covers changes all the same, so that is recorded; the next whole update reports the new version."""
    made = stack(WEB)
    assert made.up().ok
    run = made.config(version="2", value="new").up("--exclude", DEPLOYMENT)
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1"] + ["start 2", "success 2"] * 2


def test_exclude_of_the_completion(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What the Deployment covers went well, so it ends as a success, once."""
    made = stack(WEB)
    assert made.up().ok
    assert made.config(version="2").up("--exclude", COMPLETION).ok
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]
    assert made.up("--expect-no-changes").ok
