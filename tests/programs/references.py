"""A component whose outputs refer to resources, with the module that an SDK registers for them."""

import pulumi

from tests.things import Thing


class Chart(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("demo:index:Chart", name, None, opts)
        if opts is None:
            child = Thing(f"{name}-child", opts=pulumi.ResourceOptions(parent=self))
            self.register_outputs({"resources": [child, self]})


class Module:
    def version(self):
        return None

    def construct(self, name, typ, urn):
        return Chart(name, pulumi.ResourceOptions(urn=urn))


pulumi.runtime.register_resource_module("demo", "index", Module())
Chart("chart")
