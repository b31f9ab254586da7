"""Hosts as operators know them: a cloud's own name is known from the second update on."""

from __future__ import annotations

from collections.abc import Callable

from .engine import Stack
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

PROGRAM = """
    bigpanda.host_name("pulumi-python:dynamic:Resource", "host")
    zone = Thing("zone", "internal")
    with bigpanda.Deployment("shop", component="shop", version="1"):
        for name in ("web-1", "web-2"):
            Thing(name, config.get(name), host=pulumi.Output.concat(name, ".", zone.value))
        Thing("db", config.get("db"), host="db-1")
    """


def test_a_name_from_the_last_checkpoint(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It alone changes nothing and sends nothing; the next change is reported by it, and so is its end."""
    made = stack(PROGRAM)
    assert made.up().ok
    assert [event["body"]["hosts"] for event in bigpanda.events()] == [["db-1", "web-1", "web-2"]] * 2
    again = made.up("--expect-no-changes")
    assert again.ok, again.output
    assert len(bigpanda.events()) == 2

    shown = made.config(**{"web-1": "new", "web-2": "new"}).preview("--diff")
    assert '"web-2.internal"' in shown.output
    assert made.up(skip_preview=True).ok
    assert [event["body"]["hosts"] for event in bigpanda.events()[2:]] == [["web-1.internal", "web-2.internal"]] * 2
