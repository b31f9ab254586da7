"""Hosts as operators know them: a cloud's own name is known from the second update on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .engine import Stack
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")

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


AFFECTED = """
    bigpanda.host_name("pulumi-python:dynamic:Resource", "host")
    zone = Thing("zone", config.get("zone"))
    with bigpanda.Deployment("shop", component="shop", version="1"):
        base = Thing("base", config.get("base") or "old", host="base")
        image = Thing("image", config.get("image") or "old", host="image")
        Thing("upper", base.value.apply(str), host="upper")
        Thing("both", pulumi.Output.all(base.value, image.value), host="both")
        Thing("text", pulumi.Output.concat("x", image.value), host="text")
        Thing("json", pulumi.Output.json_dumps({"zone": zone.value}), host="json")
        with bigpanda.Deployment("inner", component="inner", version="1"):
            between = Thing("between", image.value.apply(str), host="between")
        Thing("through", pulumi.Output.format("{}", between.value), host="through")
        Thing("alone", config.get("alone"), host="alone")
    """


def test_a_change_names_the_hosts_that_it_can_reach(stack: MakeStack, bigpanda: Sandbox) -> None:
    """And no other: an Output belongs to the resource that it comes from, also through a resource of another scope."""
    made = stack(AFFECTED)
    assert made.up(skip_preview=True).ok
    for name, hosts in {
        "alone": ["alone"],
        "base": ["base", "both", "upper"],
        "image": ["both", "image", "text", "through"],
    }.items():
        before = len(bigpanda.events())
        assert made.config(**{name: "new"}).up(skip_preview=True).ok
        events = [event["body"] for event in bigpanda.events()[before:]]
        assert [event["hosts"] for event in events if event["component"] == "shop"] == [hosts] * 2
        # what the inner scope takes of it is a late change there
        late = [["between"]] * 2 if name == "image" else []
        assert [event["hosts"] for event in events if event["component"] == "inner"] == late
