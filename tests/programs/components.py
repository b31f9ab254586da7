"""Local components: nested, empty, with children made in callbacks, in depends_on, and as parents."""

import pulumi

from tests.things import Thing


class Group(pulumi.ComponentResource):
    def __init__(self, name, depth=0, opts=None):
        super().__init__("demo:index:Group", name, {"depth": depth}, opts)
        own = pulumi.ResourceOptions(parent=self)
        child = Thing(f"{name}-child", opts=own)
        child.id.apply(lambda id: Thing(f"{id}-late", opts=own))
        if depth:
            Group(f"{name}-inner", depth - 1, own)
        self.child_id = child.id
        self.register_outputs({"child": child.id})


class Empty(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("demo:index:Empty", name)


group = Group("group", 2)
Thing("after", group.child_id, opts=pulumi.ResourceOptions(depends_on=[group]))
Thing("after-empty", opts=pulumi.ResourceOptions(depends_on=[Empty("empty")]))
parent = Thing("parent")
Thing("child-of-a-custom-one", opts=pulumi.ResourceOptions(parent=parent))
Group("with-options", opts=pulumi.ResourceOptions(depends_on=[parent], protect=False))
