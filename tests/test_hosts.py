"""Host names: where each resource type has its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import bigpanda_provider as bigpanda
from bigpanda_provider import hosts

OUTPUT: Any = object()
"""Stands for an Output, which the event loop of another test would wait for."""


@pytest.fixture(autouse=True)
def _own_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hosts, "_rules", {})
    monkeypatch.setattr(hosts, "_finders", {})
    return iter(())


@pytest.mark.parametrize(
    ("kind", "props", "names"),
    [
        ("aws:ec2/instance:Instance", {"tags": {"Name": "prod-1"}}, ["prod-1"]),
        ("aws:ec2/instance:Instance", {"tags": {}}, ["res"]),
        ("aws:ec2/instance:Instance", {}, ["res"]),
        ("aws:ec2/instance:Instance", {"tags": OUTPUT}, ["res"]),
        ("azure-native:compute/v20230301:VirtualMachine", {"os_profile": {"computer_name": "vm"}}, ["vm"]),
        ("azure-native:compute:VirtualMachine", {"vm_name": "a", "os_profile": {"computer_name": "vm"}}, ["a"]),
        ("docker:index/container:Container", {"name": "c", "hostname": "h"}, ["h"]),
        ("kubernetes:apps/v1:Deployment", {"metadata": {"name": "web"}}, ["web"]),
        ("hcloud:index/server:Server", {"name": " "}, ["res"]),
        ("kubernetes:apps/v1beta2:Deployment", {"metadata": {"name": "web"}}, ["web"]),
        ("kubernetes:helm.sh/v3:Chart", {}, ["res"]),
        ("command:remote:Command", {"connection": {"host": "10.0.0.1"}}, ["10.0.0.1"]),
        ("command:remote:Command", {"connection": OUTPUT}, None),
        ("command:remote:Command", {"connection": {"host": OUTPUT}}, None),
        ("aws:s3/bucket:Bucket", {"name": "b"}, None),
    ],
)
def test_a_host_is_found(kind: str, props: dict[str, Any], names: list[str] | None) -> None:
    """By the table; the resource's own name stands for one that is not given or not known yet."""
    assert hosts.names(kind, "res", props) == names


@pytest.mark.parametrize(
    ("kind", "props", "outputs", "names"),
    [
        ("aws:ec2/instance:Instance", {}, {"privateDns": "ip-10-0-0-1.internal"}, ["ip-10-0-0-1.internal"]),
        ("aws:ec2/instance:Instance", {}, {"tags": {"Name": "x"}, "privateDns": "ip"}, ["x"]),
        ("aws:ec2/instance:Instance", {}, {"tagsAll": {"Name": "x"}, "privateDns": "ip"}, ["x"]),
        ("aws:ec2/instance:Instance", {"tags": {"Name": "mine"}}, {"tags": {"Name": "x"}}, ["mine"]),
        ("aws:eks/nodeGroup:NodeGroup", {}, {"nodeGroupName": "workers-1a2b3c4"}, ["workers-1a2b3c4"]),
        ("aws:rds/instance:Instance", {}, {"identifier": "[secret]"}, ["res"]),
        ("aws:rds/instance:Instance", {}, {"identifier": None}, ["res"]),
        ("azure-native:compute/v20230301:VirtualMachine", {}, {"name": "vm1a2b3c4"}, ["vm1a2b3c4"]),
        ("kubernetes:apps/v1:Deployment", {}, {"metadata": {"name": "web-1a2b3c4"}}, ["web-1a2b3c4"]),
        ("kubernetes:apps/v1:Deployment", {}, {"metadata": "[secret]"}, ["res"]),
        ("docker:index/container:Container", {}, {"hostname": "3f2504e04f89", "name": "web-1a2b3c4"}, ["web-1a2b3c4"]),
        ("nomad:index/job:Job", {}, {"name": "batch"}, ["batch"]),
        ("command:remote:Command", {}, {"connection": {"host": "10.0.0.1"}}, ["10.0.0.1"]),
        ("command:remote:Command", {}, {"connection": "[secret]"}, None),
        ("aws:s3/bucket:Bucket", {}, {"name": "b"}, None),
    ],
)
def test_a_host_is_called_what_the_last_checkpoint_says(
    kind: str, props: dict[str, Any], outputs: dict[str, Any], names: list[str] | None
) -> None:
    """Where no input names it; in the provider's own spelling. What is secret is no name."""
    assert hosts.names(kind, "res", props, outputs) == names


def test_a_rule_goes_first() -> None:
    """Before the table's inputs, and before its outputs."""
    bigpanda.host_name("aws:ec2/instance:Instance", "tags.Fqdn")
    inputs, outputs = {"tags": {"Name": "a"}}, {"tags": {"Name": "c", "Fqdn": "d"}}
    assert hosts.names("aws:ec2/instance:Instance", "res", {"tags": {"Name": "a", "Fqdn": "b"}}, outputs) == ["b"]
    assert hosts.names("aws:ec2/instance:Instance", "res", inputs, outputs) == ["a"]
    assert hosts.names("aws:ec2/instance:Instance", "res", {}, outputs) == ["d"]
    bigpanda.host_name("command:remote:Command", "environment.HOST")
    assert hosts.names("command:remote:Command", "res", {"environment": {"HOST": "h"}}) == ["h"]
    assert hosts.names("command:remote:Command", "res", {}) == ["res"]


def test_the_outputs_that_are_looked_at() -> None:
    """By their paths in state, so that nothing else of a large stack is kept."""
    assert hosts.naming_outputs("aws:ec2/instance:Instance") == ("tags.Name", "tagsAll.Name", "privateDns")
    assert hosts.naming_outputs("aws:s3/bucket:Bucket") == ()


def test_a_type_is_added() -> None:
    """With the input that has the name, or several of which the first counts."""
    bigpanda.host_name("acme:compute:Server", "fqdn", "spec.label")
    assert hosts.names("acme:compute:Server", "res", {"spec": {"label": "x"}}) == ["x"]
    assert hosts.names("acme:compute:Server", "res", {"fqdn": "y", "spec": {"label": "x"}}) == ["y"]


def test_a_function_is_added() -> None:
    """It is given the inputs and may return one name, several or none."""

    @bigpanda.host_name("acme:compute:Cluster")
    def nodes(inputs: Mapping[str, Any]) -> list[str] | None:
        return [f"node-{number}" for number in range(inputs["count"])]

    assert hosts.names("acme:compute:Cluster", "res", {"count": 2}) == ["node-0", "node-1"]
    assert hosts.names("acme:compute:Cluster", "res", {"count": 0}) == ["res"]

    @bigpanda.host_name("hcloud:index/server:Server")
    def labelled(inputs: Mapping[str, Any]) -> str | None:
        return inputs.get("label")

    assert hosts.names("hcloud:index/server:Server", "res", {"label": "l", "name": "n"}) == ["l"]
    assert hosts.names("hcloud:index/server:Server", "res", {"name": "n"}) == ["n"]
    assert hosts.names("hcloud:index/server:Server", "res", {}, {"name": "n-1"}) == ["n-1"]


def test_a_function_that_fails_is_told() -> None:
    """By its type and the resource, without the inputs."""

    @bigpanda.host_name("acme:compute:Cluster")
    def nodes(inputs: Mapping[str, Any]) -> str:
        return str(inputs["missing"])

    with pytest.raises(
        bigpanda.DeclarationError, match="host_name of acme:compute:Cluster: the function raised KeyError for 'res'"
    ):
        hosts.names("acme:compute:Cluster", "res", {})


def test_what_is_no_type_is_refused() -> None:
    """The sentence shows how one looks."""
    with pytest.raises(
        bigpanda.DeclarationError, match=r"'aws\.ec2\.Instance' is not a resource type; write the type as"
    ):
        bigpanda.host_name("aws.ec2.Instance", "tags.Name")
