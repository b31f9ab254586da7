"""Transformations and transforms of the user's own, for the stack and for one resource."""

import pulumi

from tests.things import Thing


def named(args):
    if args.type_ == "pulumi-python:dynamic:Resource" and "bigpanda" not in args.type_:
        return pulumi.ResourceTransformationResult({**args.props, "team": "shop"}, args.opts)
    return None


async def transform(args):
    if args.type_ == "pulumi-python:dynamic:Resource":
        return pulumi.ResourceTransformResult({**args.props, "cost": 5}, args.opts)
    return None


pulumi.runtime.register_stack_transformation(named)
pulumi.runtime.register_resource_transform(transform)
Thing("one")
Thing("two", opts=pulumi.ResourceOptions(transformations=[named]))
