"""The user's own hooks, in a binding that two resources share."""

import pulumi

from tests.things import Thing


def told(args):
    pulumi.log.info(f"hook of {args.name}")


before = pulumi.ResourceHook("before", told)
after = pulumi.ResourceHook("after", told)
binding = pulumi.ResourceHookBinding(before_create=[before], after_create=[after], before_update=[before])
Thing("one", opts=pulumi.ResourceOptions(hooks=binding))
Thing("two", opts=pulumi.ResourceOptions(hooks=binding))
Thing("three")
