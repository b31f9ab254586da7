"""One line records the whole program: component is project and stack, version is git's, hosts are those affected."""

import bigpanda_provider as bigpanda

bigpanda.record_program()

import pulumi_docker as docker  # noqa: E402 - modules that declare resources come after it

network = docker.Network("shop", name="shop")
for name in ("web", "api"):
    docker.Container(name, name=f"prod-{name}", image=f"shop-{name}:2.4.1", networks_advanced=[{"name": network.name}])
