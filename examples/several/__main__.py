"""Several deployments in one program. What an inner one covers counts for that one alone; it ends before the outer."""

import pulumi
import pulumi_docker as docker

import bigpanda_provider as bigpanda

version = pulumi.Config().require("version")

with bigpanda.Deployment("shop", component="shop", version=version):
    docker.Container("shop-web", name="shop-web", image=f"shop:{version}")
    with bigpanda.Deployment("search", component="search", version="3"):
        docker.Container("search", name="search", image="search:3")

pay = bigpanda.Deployment("pay", component="pay", version="7", hosts=["pay-1"])  # or by hand
server = docker.Container("pay-1", name="pay-1", image="pay:7", opts=pulumi.ResourceOptions(depends_on=[pay]))
pay.complete(after=[server])
