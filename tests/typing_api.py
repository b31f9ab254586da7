"""How users write it; checked by mypy, never run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pulumi

import bigpanda_provider as bigpanda

with bigpanda.Deployment("a", component="a", version="1", hosts=["h"], triggers=[1, {"b": 2}]) as release:
    component: pulumi.Output[str] = release.component
    hosts: pulumi.Output[list[str]] = release.hosts

other = bigpanda.Deployment(
    "b",
    bigpanda.DeploymentArgs(
        component=component, version="1", hosts=[component], timestamp=dt.datetime.now(dt.timezone.utc)
    ),
    pulumi.ResourceOptions(protect=True),
)
end: bigpanda.Completion = other.complete(after=[release])
status: pulumi.Output[str] = end.status

bigpanda.Deployment("c", component="c")  # type: ignore[call-overload]
bigpanda.Deployment("d", component="d", version=1, hosts=["h"])  # type: ignore[call-overload]

bigpanda.record_program()
bigpanda.record_program("all", component="shop", version=pulumi.Output.from_input("1"), hosts=["w"], triggers=[1])
bigpanda.Deployment("found", component="shop", version="1", watch=False)
bigpanda.host_name("acme:compute:Server", "hostname", "spec.label")


@bigpanda.host_name("acme:compute:Cluster")
def nodes(inputs: Mapping[str, Any]) -> list[str]:
    """The names of a cluster's nodes."""
    return [str(inputs["name"])]
