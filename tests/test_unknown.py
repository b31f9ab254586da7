"""Values that are not known before the update: preview shows them as outputs, and the update sends what they become."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .engine import Stack
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

PROGRAM = """
    server = Thing(config.get("server") or "server")
    later = server.id.apply(lambda id: "server-name")
    given = {"component": "web", "version": "1", "hosts": ["a"]}
    given[config.require("property")] = eval(config.require("as"))
    with bigpanda.Deployment("web", **given):
        Thing("thing")
    """


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("component", "later", "server-name"),
        ("version", "later", "server-name"),
        ("hosts", "[later]", ["server-name"]),
        ("hosts", "['a', later]", ["a", "server-name"]),
        ("hosts", "later.apply(lambda name: [name])", ["server-name"]),
        ("description", "later", "server-name"),
        ("owner", "later", "server-name"),
        ("source", "later", "server-name"),
        ("timestamp", "server.id.apply(lambda _: 1700000000)", 1700000000),
    ],
)
def test_a_property_is_an_output(stack: MakeStack, bigpanda: Sandbox, name: str, value: str, sent: object) -> None:
    """It is shown as one, `up` with its preview sends what it becomes, and the next run sends nothing."""
    made = stack(PROGRAM).config(**{"property": name, "as": value})
    shown = made.preview("--diff")
    assert shown.ok, shown.output
    assert "[unknown]" in shown.output
    run = made.up()
    assert run.ok, run.output
    assert [event["kind"] for event in bigpanda.events()] == ["start", "end"]
    assert bigpanda.events()[0]["body"][name] == sent
    assert made.up("--expect-no-changes").ok


@pytest.mark.parametrize(
    "triggers",
    ["[later]", "[[later]]", "[{'a': {'b': [1, later]}}]", "later.apply(lambda name: [name])"],
    ids=["in_a_list", "nested_list", "in_a_map", "whole"],
)
def test_triggers_hold_an_output(stack: MakeStack, bigpanda: Sandbox, triggers: str) -> None:
    """However deep it stands: not known yet, it counts as changed where it may be."""
    made = stack(PROGRAM).config(**{"property": "triggers", "as": triggers})
    run = made.up()
    assert run.ok, run.output
    made.config(server="other")
    shown = made.preview()
    assert shown.operations()["Deployment web"] == "update", shown.output
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1"]  # it became what it was, so nothing changed


@pytest.mark.parametrize(("name", "shown"), [("hosts", True), ("version", True), ("description", False)])
def test_an_output_that_may_change(stack: MakeStack, bigpanda: Sandbox, name: str, shown: bool) -> None:
    """Preview shows an update where a start may follow, and none where only a description may change."""
    made = stack(PROGRAM).config(**{"property": name, "as": "[later]" if name == "hosts" else "later"})
    assert made.up().ok
    run = made.config(server="other").preview()
    assert run.ok, run.output
    assert ("Deployment web" in run.operations()) is shown
    assert made.up().ok
    assert len(bigpanda.events()) == 2


def test_status_and_reason_of_a_completion_are_outputs(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What its own properties become is sent."""
    made = stack("""
        thing = Thing("thing")
        deployment = bigpanda.Deployment("web", component="web", version="1", hosts=["a"])
        deployment._recording._completion = bigpanda.Completion(
            "web", deployment, status=thing.id.apply(lambda _: "failure"), error_message=thing.id)
        """)
    run = made.up()
    assert run.ok, run.output
    assert [(change["state"], change["reason"]) for change in bigpanda.changes()] == [("failure", "thing")]
