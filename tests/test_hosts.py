"""Host names: where each resource type has its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pytest

import bigpanda_provider as bigpanda
from bigpanda_provider import hosts


@pytest.fixture(autouse=True)
def _own_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hosts, "TABLE", dict(hosts.TABLE))
    monkeypatch.setattr(hosts, "_finders", {})
    return iter(())


@pytest.mark.parametrize(
    ("kind", "props", "names"),
    [
        ("aws:ec2/instance:Instance", {"tags": {"Name": "prod-1"}}, ["prod-1"]),
        ("aws:ec2/instance:Instance", {"tags": {}}, ["res"]),
        ("aws:ec2/instance:Instance", {}, ["res"]),
        ("aws:ec2/instance:Instance", {"tags": pulumi.Output.from_input({"Name": "x"})}, ["res"]),
        ("azure-native:compute/v20230301:VirtualMachine", {"os_profile": {"computer_name": "vm"}}, ["vm"]),
        ("azure-native:compute:VirtualMachine", {"vm_name": "a", "os_profile": {"computer_name": "vm"}}, ["a"]),
        ("docker:index/container:Container", {"name": "c", "hostname": "h"}, ["h"]),
        ("kubernetes:apps/v1:Deployment", {"metadata": {"name": "web"}}, ["web"]),
        ("hcloud:index/server:Server", {"name": " "}, ["res"]),
        ("aws:s3/bucket:Bucket", {"name": "b"}, None),
    ],
)
def test_a_host_is_found(kind: str, props: dict[str, Any], names: list[str] | None) -> None:
    """By the table; the resource's own name stands for one that is not given or not known yet."""
    assert hosts.names(kind, "res", props) == names


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


def test_a_function_that_fails_is_told() -> None:
    """By its type and the resource, without the inputs."""

    @bigpanda.host_name("acme:compute:Cluster")
    def nodes(inputs: Mapping[str, Any]) -> str:
        return str(inputs["missing"])

    with pytest.raises(bigpanda.DeclarationError, match="host_name of acme:compute:Cluster: KeyError for 'res'"):
        hosts.names("acme:compute:Cluster", "res", {})


def test_what_is_no_type_is_refused() -> None:
    """The sentence shows how one looks."""
    with pytest.raises(bigpanda.DeclarationError, match=r"'aws\.ec2\.Instance' is no resource type; write it as"):
        bigpanda.host_name("aws.ec2.Instance", "tags.Name")
