"""The sample program: a fleet of local hosts, each a folder in which a release of `billing` is put live."""

import pathlib

import pulumi

import bigpanda_provider as bigpanda
from examples.fleet import Release

HOSTS = ["prod-api-1", "prod-api-2"]

config = pulumi.Config()
version = config.require("version")
fleet = pathlib.Path(config.require("fleet")).resolve()
archive = pathlib.Path(f"examples/releases/billing-{version}.tar.gz").resolve()

with bigpanda.Deployment(
    "billing",
    component="billing",
    version=version,
    hosts=HOSTS,
    description="New improvement to the billing process",
    owner="john@acme.com",
):
    for host in HOSTS:
        Release(host, folder=str(fleet / host), archive=str(archive), version=version)

pulumi.export("live", {host: str(fleet / host / "current") for host in HOSTS})
