"""From the engine's steps to what changes and on which hosts; no engine here."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation.events import OpType, StepEventMetadata, StepEventStateMetadata

from bigpanda_provider.hosts import SECRET
from bigpanda_provider.release.engine.plan import UNKNOWN, Op, Plan
from bigpanda_provider.release.engine.rows import rows, short_type

CONTAINER = "docker:index/container:Container"
NETWORK = "docker:index/network:Network"


def state(kind: str, inputs: dict[str, Any] | None, *, custom: bool = True) -> StepEventStateMetadata:
    """A resource's state in an event."""
    return StepEventStateMetadata.from_json({"type": kind, "urn": "", "custom": custom, "inputs": inputs or {}})


def step(
    op: OpType,
    name: str,
    kind: str = CONTAINER,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    custom: bool = True,
) -> StepEventMetadata:
    """A step of the engine; old and new are the resource's inputs."""
    return StepEventMetadata(
        op=op,
        urn=f"urn:pulumi:dev::test::{kind}::{name}",
        type=kind,
        provider="",
        old=None if old is None else state(kind, old, custom=custom),
        new=None if new is None else state(kind, new, custom=custom),
    )


def test_what_stays_is_no_change() -> None:
    """Nor is what is only read, or looked at by a refresh."""
    plan = Plan.of([step(op, "web", new={"name": "w"}) for op in (OpType.SAME, OpType.READ, OpType.REFRESH)])
    assert plan.changes == ()


def test_stack_providers_and_components_are_no_infrastructure() -> None:
    """They only group or configure others."""
    steps = [
        step(OpType.CREATE, "test-dev", "pulumi:pulumi:Stack", new={}, custom=False),
        step(OpType.UPDATE, "default", "pulumi:providers:docker", old={}, new={}),
        step(OpType.CREATE, "group", "my:index:Group", new={}, custom=False),
        step(OpType.READ, "other", "pulumi:pulumi:StackReference", new={}),
    ]
    assert Plan.of(steps).changes == ()


def test_hosts_are_those_of_the_resources_that_change() -> None:
    """By the table of host types; others are not named beside them."""
    plan = Plan.of(
        [
            step(OpType.CREATE, "web", new={"name": "web-1"}),
            step(OpType.UPDATE, "net", NETWORK, old={"name": "a"}, new={"name": "b"}),
            step(OpType.DELETE, "old", old={"name": "web-0"}),
            step(OpType.SAME, "same", old={"name": "web-9"}, new={"name": "web-9"}),
        ]
    )
    assert plan.hosts == ["web-0", "web-1"]
    assert plan.knows_hosts


def test_without_a_known_host_the_names_stand_for_them() -> None:
    """And the plan says so."""
    plan = Plan.of([step(OpType.CREATE, "net", NETWORK, new={})])
    assert (plan.hosts, plan.knows_hosts) == (["net"], False)


def test_names_as_other_languages_write_them() -> None:
    """The engine's events have the provider's own spelling of inputs."""
    kind = "aws:eks/nodeGroup:NodeGroup"
    assert Plan.of([step(OpType.CREATE, "nodes", kind, new={"nodeGroupName": "pool-1"})]).hosts == ["pool-1"]


def test_a_host_that_is_renamed_counts_with_both_names() -> None:
    """What it was, and what it is."""
    assert Plan.of([step(OpType.UPDATE, "web", old={"name": "a"}, new={"name": "b"})]).hosts == ["a", "b"]


def test_a_replacement_is_one_change() -> None:
    """However many steps the engine makes of it."""
    plan = Plan.of(
        [
            step(OpType.CREATE_REPLACEMENT, "web", old={"name": "a"}, new={"name": "b"}),
            step(OpType.REPLACE, "web", old={"name": "a"}, new={"name": "b"}),
            step(OpType.DELETE_REPLACED, "web", old={"name": "a"}),
        ]
    )
    (change,) = plan.changes
    assert (change.op, change.hosts) == (Op.REPLACE, ("a", "b"))


def test_a_name_that_is_unknown_or_secret_is_the_resources() -> None:
    """Nothing that the engine hides is sent."""
    for value in (UNKNOWN, SECRET):
        assert Plan.of([step(OpType.CREATE, "web", new={"name": value})]).hosts == ["web"]


@pytest.mark.parametrize("kind", ["pulumi-python:dynamic/bigpanda:Deployment", "bigpanda:index:Deployment"])
def test_a_program_with_a_deployment_records_itself(kind: str) -> None:
    """Unless the Deployment is going away; it is no change itself."""
    assert Plan.of([step(OpType.CREATE, "shop", kind, new={"name": "shop"})]).changes == ()
    assert Plan.of([step(OpType.SAME, "shop", kind, old={}, new={})]).records_itself
    assert not Plan.of([step(OpType.DELETE, "shop", kind, old={})]).records_itself
    assert Plan.of([step(OpType.CREATE, "shop", kind, new={})]).changes == ()


# -- the plan as lines -------------------------------------------------------------------------------------------------


def test_a_type_is_short_as_pulumi_shows_it() -> None:
    """Where its module repeats the name."""
    assert short_type("docker:index/container:Container") == "docker:index:Container"
    assert short_type("aws:ec2/securityGroup:SecurityGroup") == "aws:ec2:SecurityGroup"
    assert short_type("pulumi-python:dynamic:Resource") == "pulumi-python:dynamic:Resource"
    assert short_type("kubernetes:apps/v1:Deployment") == "kubernetes:apps/v1:Deployment"


def test_a_row_names_what_changes() -> None:
    """Inputs that are added, changed and removed; what stays as it is has no row, several changes are a replacement."""
    old, new = {"image": "1", "size": 1, "gone": True}, {"image": "2", "size": 1, "more": True}
    steps = [
        step(OpType.SAME, "net", NETWORK, old=old, new=old),
        step(OpType.UPDATE, "web", old=old, new=new),
        step(OpType.CREATE_REPLACEMENT, "web-2", old=old, new=new),
        step(OpType.DELETE_REPLACED, "web-2", old=old),
    ]
    assert rows(steps) == [
        " ~  docker:index:Container web update [diff: -gone~image+more]",
        "+-  docker:index:Container web-2 replace [diff: -gone~image+more]",
    ]
