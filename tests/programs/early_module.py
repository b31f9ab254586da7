"""Resources that exist before the package is imported, as modules that are imported first have them."""

import pulumi

from tests.things import Thing


class Group(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("demo:index:Group", name)
        Thing(f"{name}-child", opts=pulumi.ResourceOptions(parent=self))


network = Thing("network", "10.0.0.0/8")
group = Group("early")
# record here
Thing("web", network.value)
Thing("in-the-early-group", opts=pulumi.ResourceOptions(parent=group))
Thing("after", opts=pulumi.ResourceOptions(depends_on=[group, network]))
