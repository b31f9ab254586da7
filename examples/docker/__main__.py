"""Two containers of one image. The hosts are the containers' names."""

import pulumi
import pulumi_docker as docker

import bigpanda_provider as bigpanda

version = pulumi.Config().require("version")
network = docker.Network("shop", name="shop")

with bigpanda.Deployment("shop", component="shop", version=version, description=f"shop:{version} on this machine"):
    image = docker.RemoteImage("shop", name=f"shop:{version}")
    for number in (1, 2):
        docker.Container(
            f"shop-{number}",
            name=f"shop-{number}",
            image=image.image_id,
            networks_advanced=[{"name": network.name}],
        )
