"""Stacks whose state holds references to resources, as Helm charts, ConfigGroups and awsx leave them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .engine import Stack, write_program
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

GROUP = """
    class Group(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("demo:index:Group", name, None, opts)
            if opts is not None:
                return  # made from a reference
            child = Thing(f"{name}-child", opts=pulumi.ResourceOptions(parent=self))
            self.register_outputs(OUTPUTS)
    class Module:  # as an SDK that is generated has it: what a reference is turned into
        def version(self):
            return None
        def construct(self, name, typ, urn):
            return Group(name, pulumi.ResourceOptions(urn=urn))
    pulumi.runtime.register_resource_module("demo", "index", Module())
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Group("group")
    """


@pytest.mark.parametrize(
    "outputs",
    ['{"r": self}', '{"r": [child, {"again": self}]}', '{"r": pulumi.Output.secret(self)}'],
    ids=["plain", "nested", "secret"],
)
def test_state_holds_a_reference_to_a_resource(stack: MakeStack, bigpanda: Sandbox, outputs: str) -> None:
    """Every later preview, update and destroy works as if it were not there."""
    made = stack(GROUP.replace("OUTPUTS", outputs))
    for version in ("1", "2"):
        run = made.config(version=version).up()
        assert run.ok, run.output
    assert made.preview("--expect-no-changes").ok
    assert made.destroy().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]


def test_a_failed_attempt_is_found_beside_a_reference(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What the last checkpoint says of the last attempt is still read."""
    made = stack(
        GROUP.replace("OUTPUTS", '{"r": self}').replace('Group("group")', 'Group("group"); Thing("t", fail=FAIL)')
    )
    text = (made.folder / "__main__.py").read_text()
    write_program(made.folder, text.replace("FAIL", "'no room'"))
    assert not made.up().ok
    write_program(made.folder, text.replace("FAIL", "None"))
    assert made.elsewhere().up().ok
    assert bigpanda.story() == ["start 1", "failure 1", "failure 1", "start 1", "success 1"]
