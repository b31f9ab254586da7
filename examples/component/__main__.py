"""A component that records its own deployments: who uses it, has nothing else to do."""

import pulumi
import pulumi_docker as docker

import bigpanda_provider as bigpanda


class Service(pulumi.ComponentResource):
    """Containers of one image."""

    def __init__(self, name: str, *, version: str, replicas: int, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("acme:index:Service", name, {"version": version, "replicas": replicas}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        with bigpanda.Deployment(name, component=name, version=version, opts=inside):
            for number in range(1, replicas + 1):
                docker.Container(f"{name}-{number}", name=f"{name}-{number}", image=f"{name}:{version}", opts=inside)
        self.register_outputs({})


config = pulumi.Config()
Service("shop", version=config.require("version"), replicas=2)
Service("pay", version="7", replicas=1)
