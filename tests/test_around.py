"""The user's own infrastructure: with the package or without, its resources are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .engine import Stack
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")
MakeStack = Callable[[str], Stack]

PLAIN = """
    class Group(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("demo:index:Group", name, {"size": 2}, opts)
            for number in range(2):
                Thing(f"{name}-{number}", config.get("value"), opts=pulumi.ResourceOptions(parent=self))
            self.register_outputs({})
    shared = pulumi.ResourceOptions(protect=False)
    one = Thing("one", "v", opts=shared)
    two = Thing("two", one.value, opts=shared)
    group = Group("group", opts=pulumi.ResourceOptions(depends_on=one))
    Thing("after", opts=pulumi.ResourceOptions(depends_on=(one, two)))
    Thing("output", opts=pulumi.ResourceOptions(depends_on=pulumi.Output.from_input([one, group])))
    Thing("outputs", opts=pulumi.ResourceOptions(depends_on=[pulumi.Output.from_input(two)]))
    Thing("parented", opts=pulumi.ResourceOptions(parent=two))
    """


def recorded(plain: str) -> str:
    """The same program, recorded by one line."""
    return '    bigpanda.record_program(version="1", hosts=["h"])\n' + plain


def users(made: Stack) -> list[dict[str, Any]]:
    """What state has of the user's own resources, without what adding the package may change."""
    ours = ("bigpanda:Deployment", "bigpanda:Completion")
    found = []
    for resource in made.state():
        if any(name in resource["type"] for name in ours) or resource["type"].startswith("pulumi:"):
            continue
        resource["dependencies"] = sorted(urn for urn in resource.get("dependencies", []) if "bigpanda:" not in urn)
        for name in ("resourceHooks", "modified", "sourcePosition", "stackTrace"):
            resource.pop(name, None)
        found.append(resource)
    return sorted(found, key=lambda resource: str(resource["urn"]))


def test_the_package_is_added_and_removed(stack: MakeStack, bigpanda: Sandbox) -> None:
    """No resource of the user changes; nothing is left of it but what was sent."""
    made = stack(PLAIN)
    assert made.up().ok
    before, did = users(made), made.did()
    run = made.program(recorded(PLAIN)).up()
    assert run.ok, run.output
    assert set(run.operations()) <= {"Deployment program", "Completion program"}
    assert users(made) == before
    run = made.program(PLAIN).up()
    assert run.ok, run.output
    assert users(made) == before
    assert made.did() == did
    assert bigpanda.story() == ["start 1", "success 1"]
    assert made.up("--expect-no-changes").ok


def test_what_is_covered_waits_for_the_start_and_the_end_for_it(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Whatever way a resource is declared."""
    made = stack(recorded(PLAIN))
    assert made.up().ok
    start, end = (event["received"] for event in bigpanda.events())
    assert len(made.did()) == 8
    assert all(start <= at <= end for _, _, at in made.did())
    assert made.up("--expect-no-changes").ok


def test_a_local_component(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A change of its children is reported, by whatever way they come to be; an empty one is fine."""
    made = stack("""
        class Group(pulumi.ComponentResource):
            def __init__(self, name, *children, opts=None):
                super().__init__("demo:index:Group", name, None, opts)
                for child in children:
                    Thing(child, config.get(child), opts=pulumi.ResourceOptions(parent=self))
        outside = Group("outside")
        with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):
            inside = Group("inside", "in")
            Group("empty")
            Thing("of-outside", config.get("of-outside"), opts=pulumi.ResourceOptions(parent=outside))
        Thing("later", config.get("later"), opts=pulumi.ResourceOptions(parent=inside))
        """)
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1"]
    for number, child in enumerate(("in", "of-outside"), start=2):
        assert made.config(**{child: "new"}).up().ok
        assert bigpanda.story() == ["start 1", "success 1"] * number


def test_the_users_own_hooks_are_kept(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Theirs and ours run."""
    made = stack("""
        def mine(args):
            print("HOOK of", args.name)
        with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):
            Thing("one", fail="no room", opts=pulumi.ResourceOptions(
                hooks=pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("mine", mine)])))
        """)
    run = made.up()
    assert not run.ok
    assert "HOOK of one" in run.output
    assert bigpanda.changes()[0]["reason"] == "one: RuntimeError: no room"


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ('aliases=[pulumi.Alias(name="web")]', []),
        ("protect=True", []),
        ('replace_on_changes=["description"]', []),
        ("delete_before_replace=True", []),
        ("", ["--replace", "**Deployment::web"]),
    ],
    ids=["renamed", "protect", "replace_on_changes", "delete_before_replace", "replace"],
)
def test_options_of_a_deployment(stack: MakeStack, bigpanda: Sandbox, options: str, arguments: list[str]) -> None:
    """Covered resources stay as they are, whatever becomes of the Deployment."""
    text = """
        with bigpanda.Deployment(NAME, component="web", version="1", hosts=["h"], description=config.get("about"),
                                 opts=pulumi.ResourceOptions(OPTIONS)):
            Thing("one")
        """
    made = stack(text.replace("NAME", '"web"').replace("OPTIONS", ""))
    assert made.config(about="old").up().ok
    before = [resource["id"] for resource in users(made)]
    name = '"renamed"' if "aliases" in options else '"web"'
    run = made.program(text.replace("NAME", name).replace("OPTIONS", options)).config(about="new").up(*arguments)
    assert run.ok, run.output
    assert made.did() == [did for did in made.did() if did[:2] == ("create", "one")]
    assert [resource["id"] for resource in users(made)] == before
    assert [change["state"] for change in bigpanda.changes()] == ["success"] * (len(bigpanda.events()) // 2)
    if not arguments:
        assert bigpanda.story() == ["start 1", "success 1"]
    assert made.up("--expect-no-changes").ok


def test_a_component_is_renamed_with_an_alias(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Its children follow, and nothing is reported."""
    text = """
        class Group(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("demo:index:Group", name, None, opts)
                Thing(f"{name}-1", opts=pulumi.ResourceOptions(parent=self), name="same")
        with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):
            Group("old")
        """
    made = stack(text)
    assert made.up().ok
    alias = 'Group("new", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))'
    run = made.program(text.replace('Group("old")', alias)).up()
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1"]
    assert len(made.did()) == 1
    assert made.program(text.replace('"old"', '"new"')).up().ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_names_are_not_unique(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Resources of two types with one name, and components of two types with children of one name."""
    made = stack("""
        class First(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__(f"demo:index:{type(self).__name__}", name)
                Thing("child", config.get(type(self).__name__), opts=pulumi.ResourceOptions(parent=self))
        class Second(First):
            pass
        with bigpanda.Deployment("web", component="web", version="1", hosts=["h"]):
            First("same"); Second("same"); Thing("same")
        """)
    assert made.up().ok
    shown = made.config(Second="new").preview("--diff")
    assert shown.output.count('Resource child changed"') == 1
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1"] * 2
