"""A workload and its service. The hosts are the names of the workloads."""

import pulumi
import pulumi_kubernetes as kubernetes

import bigpanda_provider as bigpanda

version = pulumi.Config().require("version")
labels = {"app": "shop"}

with bigpanda.Deployment("shop", component="shop", version=version, tags={"team": "payments"}):
    kubernetes.apps.v1.Deployment(
        "shop",
        metadata={"name": "shop", "labels": labels},
        spec={
            "replicas": 3,
            "selector": {"match_labels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "shop", "image": f"shop:{version}"}]},
            },
        },
    )

kubernetes.core.v1.Service(
    "shop", metadata={"name": "shop"}, spec={"selector": labels, "ports": [{"port": 80, "target_port": 8080}]}
)
