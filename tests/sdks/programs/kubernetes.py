import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

config = pulumi.Config("test")
cluster = aws.eks.Cluster(
    "cluster", name="prod", role_arn="arn:role", vpc_config=aws.eks.ClusterVpcConfigArgs(subnet_ids=["a", "b"])
)
inside = k8s.Provider("inside", kubeconfig=cluster.arn.apply(lambda arn: f'{{"cluster": "{arn}"}}'))
opts = pulumi.ResourceOptions(provider=inside)
namespace = k8s.core.v1.Namespace("shop", metadata={"name": "shop"}, opts=opts)
settings = k8s.core.v1.ConfigMap(
    "settings",
    metadata={"name": "settings", "namespace": namespace.metadata["name"]},
    data={"level": config.get("size") or "info"},
    opts=opts,
)
labels = {"app": "web"}
web = k8s.apps.v1.Deployment(
    "web",
    metadata=k8s.meta.v1.ObjectMetaArgs(name="web", namespace="shop", labels=labels),
    spec=k8s.apps.v1.DeploymentSpecArgs(
        replicas=2,
        selector=k8s.meta.v1.LabelSelectorArgs(match_labels=labels),
        template=k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels),
            spec=k8s.core.v1.PodSpecArgs(
                containers=[
                    k8s.core.v1.ContainerArgs(
                        name="web",
                        image="shop:1.2.3",
                        ports=[k8s.core.v1.ContainerPortArgs(container_port=8080)],
                        env_from=[{"config_map_ref": {"name": settings.metadata["name"]}}],
                    )
                ]
            ),
        ),
    ),
    opts=opts,
)
k8s.core.v1.Service(
    "front",
    metadata={"name": "front", "namespace": "shop"},
    spec={"type": "LoadBalancer", "selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
    opts=pulumi.ResourceOptions(provider=inside, depends_on=[web]),
)
k8s.helm.v3.Release("cache", name="prod-cache", chart="redis", values={"replicas": 2}, opts=opts)
