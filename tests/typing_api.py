"""How users write it; checked by mypy, never run."""

from __future__ import annotations

import datetime as dt

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
