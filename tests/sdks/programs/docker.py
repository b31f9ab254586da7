import pulumi
import pulumi_docker as docker

config = pulumi.Config("test")


class Pair(pulumi.ComponentResource):
    def __init__(self, name, image, network, opts=None):
        super().__init__("shop:index:Pair", name, {"image": image}, opts)
        for number in (1, 2):
            docker.Container(
                f"{name}-{number}",
                image=image,
                name=f"prod-{name}-{number}",
                networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=network.name)],
                envs=[f"SIZE={config.get('size')}"],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


network = docker.Network("network", name="shop")
image = docker.RemoteImage("image", name="shop:1.2.3")
Pair("web", image.image_id, network)
Pair("api", image.image_id, network, pulumi.ResourceOptions(depends_on=[network]))
