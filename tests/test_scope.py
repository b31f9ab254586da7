"""What changes in a Deployment's scope is what it reports, with the hosts that it affects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .engine import Run, Stack
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")

MakeStack = Callable[[str], Stack]

FLEET = """
    bigpanda.host_name("pulumi-python:dynamic:Resource", "host")
    with bigpanda.Deployment("fleet", component="fleet", version=config.get("version") or "1"):
        one = Thing("one", config.get("one"), host="host-1")
        Thing("two", config.get("two"), host="host-2")
        Thing("three", one.value if config.get_bool("takes") else "x", host="host-3")
    """


def sent(bigpanda: Sandbox) -> list[tuple[str, list[str]]]:
    """Kind and hosts of every event."""
    return [(event["kind"], event["body"]["hosts"]) for event in bigpanda.events()]


def shown_is_sent(made: Stack, bigpanda: Sandbox, hosts: list[str] | None, name: str = "fleet") -> tuple[Run, Run]:
    """Preview shows an update of the Deployment with these hosts (None: none), and the update then sends it."""
    before = sent(bigpanda)
    preview = made.preview("--diff")
    assert preview.ok, preview.output
    shown = "bigpanda:Deployment: (update)\n        [id=" in preview.output
    assert shown is (hosts is not None), preview.output
    run = made.up()
    assert run.ok, run.output
    assert sent(bigpanda) == [*before, *([] if hosts is None else [("start", hosts), ("end", hosts)])]
    assert made.up("--expect-no-changes").ok
    return preview, run


@pytest.mark.parametrize(
    ("change", "hosts"),
    [
        ({}, None),
        ({"two": "new"}, ["host-2"]),
        ({"one": "new"}, ["host-1"]),
        ({"one": "new", "takes": True}, ["host-1", "host-3"]),
        ({"version": "2"}, ["host-1", "host-2", "host-3"]),
        ({"version": "2", "two": "new"}, ["host-1", "host-2", "host-3"]),
    ],
)
def test_a_change_is_reported_with_the_hosts_it_affects(
    stack: MakeStack, bigpanda: Sandbox, change: dict[str, Any], hosts: list[str] | None
) -> None:
    """A new Deployment and a new version affect all; a changed resource itself and what takes its Outputs."""
    made = stack(FLEET).config(one="v", takes=change.get("takes", False))
    assert made.up().ok
    assert sent(bigpanda) == [(kind, ["host-1", "host-2", "host-3"]) for kind in ("start", "end")]
    shown_is_sent(made.config(**change), bigpanda, hosts)


def test_preview_names_what_changed(stack: MakeStack) -> None:
    """By the resource, and no other."""
    made = stack(FLEET)
    assert made.up().ok
    shown = made.config(two="new").preview("--diff").output
    assert '"pulumi-python:dynamic:Resource two changed"' in shown
    assert "Resource one changed" not in shown


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ('Thing("one", host="host-1"); Thing("two", host="host-2"); Thing("new", host="host-9")', ["host-9"]),
        ('Thing("one", host="host-1")', ["host-2"]),
        ('Thing("two", host="host-2"); Thing("one", host="host-1")', None),
        ('Thing("one", host="host-9"); Thing("two", host="host-2")', ["host-9"]),
        ('Thing("uno", host="host-1"); Thing("two", host="host-2")', ["host-1"]),
        (
            'Thing("uno", host="host-1", name="one", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="one")]));'
            ' Thing("two", host="host-2")',
            None,
        ),
        (
            'Thing("one", host="x", opts=pulumi.ResourceOptions(ignore_changes=["host"])); Thing("two", host="host-2")',
            ["x"],
        ),
        ("pass", ["host-1", "host-2"]),
    ],
    ids=["added", "removed", "reordered", "host changed", "renamed", "renamed with an alias", "ignored", "all removed"],
)
def test_the_resources_of_a_scope(stack: MakeStack, bigpanda: Sandbox, text: str, hosts: list[str] | None) -> None:
    """Added, removed and changed ones are reported; an order or a rename with an alias is none of these."""
    program = """
    bigpanda.host_name("pulumi-python:dynamic:Resource", "host")
    with bigpanda.Deployment("fleet", component="fleet", version="1"):
        BODY
    """
    made = stack(program.replace("BODY", 'Thing("one", host="host-1"); Thing("two", host="host-2")'))
    assert made.up().ok
    shown_is_sent(made.program(program.replace("BODY", text)), bigpanda, hosts)


def test_ignored_changes_are_no_change(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What the engine does not change is not reported."""
    made = stack("""
        with bigpanda.Deployment("fleet", component="fleet", version="1", hosts=["h"]):
            Thing("one", config.get("one"), opts=pulumi.ResourceOptions(ignore_changes=["value"]))
        """)
    assert made.config(one="a").up().ok
    shown_is_sent(made.config(one="b"), bigpanda, None)


def test_nested_scopes(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The inner one starts after the outer and ends before it, and a change counts for the innermost alone."""
    made = stack("""
        with bigpanda.Deployment("outer", component="outer", version="1", hosts=["o"]):
            Thing("of-outer", config.get("outer"))
            with bigpanda.Deployment("inner", component="inner", version="1", hosts=["i"]):
                Thing("of-inner", config.get("inner"))
        """)
    assert made.up().ok
    assert sent(bigpanda) == [("start", ["o"]), ("start", ["i"]), ("end", ["i"]), ("end", ["o"])]
    assert made.config(inner="x").up().ok
    assert sent(bigpanda)[4:] == [("start", ["i"]), ("end", ["i"])]
    assert made.config(outer="x").up().ok
    assert sent(bigpanda)[6:] == [("start", ["o"]), ("end", ["o"])]


def test_a_scope_by_hand(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What `complete` names is covered: a change of it is reported."""
    made = stack("""
        release = bigpanda.Deployment("fleet", component="fleet", version="1", hosts=["h"])
        one = Thing("one", config.get("one"), opts=pulumi.ResourceOptions(depends_on=[release]))
        release.complete(after=[one])
        """)
    assert made.up().ok
    shown_is_sent(made.config(one="x"), bigpanda, ["h"])


def test_one_that_does_not_watch(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It is registered at once, looks at nothing and warns of nothing."""
    made = stack("""
        with bigpanda.Deployment("fleet", component="fleet", version="1", hosts=["h"], watch=False):
            Thing("one", config.get("one"))
        """)
    assert made.up().ok
    preview, _ = shown_is_sent(made.config(one="x"), bigpanda, None)
    assert "warning" not in preview.output


def test_triggers_show_a_change_in_the_diff_of_the_deployment(stack: MakeStack, bigpanda: Sandbox) -> None:
    """One that comes through an Output from outside is reported without them too, with a message in preview alone."""
    text = """
        outside = Thing("outside", config.get("outside"))
        with bigpanda.Deployment("fleet", component="fleet", version="1", hosts=["h"] TRIGGERS):
            Thing("one", outside.value)
            Thing("two", "x")
        """
    made = stack(text.replace("TRIGGERS", "")).config(outside="a")
    assert made.up().ok
    preview = made.config(outside="b").preview()
    assert "will also report h, since one changes through an Output" in preview.output
    assert "Deployment fleet" not in preview.operations()
    assert made.up().ok
    assert len(bigpanda.events()) == 4
    made.program(text.replace("TRIGGERS", ", triggers=[outside.value]"))
    assert made.up().ok
    preview, run = shown_is_sent(made.config(outside="c"), bigpanda, ["h"])
    assert "will also report" not in preview.output + run.output


def test_a_deployment_that_covers_nothing(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It looks like a forgotten `with`, so a warning shows the three ways; `watch=False` says that it is meant."""
    text = """
        bigpanda.Deployment("fleet", component="fleet", version="1", hosts=["h"] WATCH)
        Thing("one")
        """
    made = stack(text.replace("WATCH", ""))
    told = 'Deployment "fleet" covers no resources: they may change before it starts, and it ends with the program.'
    for run in (made.preview(), made.up(skip_preview=True)):
        assert run.ok, run.output
        assert told in run.output
        assert "Traceback" not in run.output
    assert bigpanda.story() == ["start 1", "success 1"]
    quiet = made.program(text.replace("WATCH", ", watch=False")).up()
    assert "warning" not in quiet.output
    by_hand = made.program("""
        fleet = bigpanda.Deployment("fleet", component="fleet", version="1", hosts=["h"])
        Thing("one")
        fleet.complete()
        """)
    assert told not in by_hand.up().output


@pytest.mark.parametrize("given", ['hosts=["a", "b"]', "hosts=[host, 'b']"], ids=["plain", "Output"])
def test_two_that_cannot_be_told_apart_are_refused(stack: MakeStack, bigpanda: Sandbox, given: str) -> None:
    """BigPanda joins start and end by component, version and hosts."""
    made = stack(f"""
        host = pulumi.Output.from_input("a")
        bigpanda.Deployment("one", component="fleet", version="1", hosts=["b", "a"])
        bigpanda.Deployment("two", component="fleet", version="1", {given})
        """)
    run = made.preview()
    assert not run.ok
    assert "of this program has the same component, version and hosts" in run.output
    assert "Traceback" not in run.output


def test_no_host_can_be_found(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A Deployment that covers nothing needs hosts."""
    made = stack('bigpanda.Deployment("one", component="fleet", version="1")')
    run = made.preview()
    assert not run.ok
    assert "hosts" in run.output
    assert "this Deployment covers no resource to name instead; pass hosts=[...]" in run.output


def test_names_stand_for_hosts(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Where none is known, the affected resources' names are sent, and one warning says how to do better."""
    made = stack("""
        with bigpanda.Deployment("fleet", component="fleet", version="1"):
            Thing("one", config.get("one"))
            Thing("two")
        """)
    run = made.up(skip_preview=True)  # which would say it too
    assert run.output.count("bigpanda.host_name(type, input)") == 2  # as it goes, and in the summary
    assert sent(bigpanda)[0] == ("start", ["one", "two"])
    preview, _ = shown_is_sent(made.config(one="x"), bigpanda, ["one"])
    assert "bigpanda.host_name(type, input)" in preview.output
    assert "warning" not in made.up().output


def test_hosts_of_a_failed_attempt_are_affected_too(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The next attempt names them beside those of its own changes."""
    text = FLEET.replace('config.get("two"),', 'config.get("two"), fail=config.get("fail"),')
    made = stack(text)
    assert made.up().ok
    assert not made.config(two="new", fail="x").up().ok
    assert sent(bigpanda)[2:] == [("start", ["host-2"]), ("end", ["host-2"])]
    shown_is_sent(made.config(one="new", fail=""), bigpanda, ["host-1", "host-2"])


def test_a_scope_inside_a_component(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A component that records itself: the Deployment is a child of it, beside what it covers."""
    made = stack("""
        class Service(pulumi.ComponentResource):
            def __init__(self, name, value=None):
                super().__init__("acme:index:Service", name)
                inside = pulumi.ResourceOptions(parent=self)
                with bigpanda.Deployment(name, component=name, version="1", opts=inside):
                    Thing(f"{name}-1", value, opts=inside)
                self.register_outputs({})

        Service("shop", config.get("one"))
        Service("pay")
        """)
    assert made.up().ok
    assert sorted(sent(bigpanda)) == [
        ("end", ["pay-1"]),
        ("end", ["shop-1"]),
        ("start", ["pay-1"]),
        ("start", ["shop-1"]),
    ]
    assert bigpanda.unmatched() == []
    shown_is_sent(made.config(one="x"), bigpanda, ["shop-1"], name="shop")
