"""EC2 instances behind a load balancer. The hosts are the instances' Name tags: those that change are sent."""

import pulumi
import pulumi_aws as aws

import bigpanda_provider as bigpanda

config = pulumi.Config()
version = config.require("version")
subnets = config.require_object("subnets")
vpc = config.require("vpc")

balancer = aws.lb.LoadBalancer("shop", load_balancer_type="application", subnets=subnets)
group = aws.lb.TargetGroup("shop", port=80, protocol="HTTP", vpc_id=vpc)
aws.lb.Listener(
    "http",
    load_balancer_arn=balancer.arn,
    port=80,
    default_actions=[{"type": "forward", "target_group_arn": group.arn}],
)

with bigpanda.Deployment("shop", component="shop", version=version, owner="shop-team@acme.com"):
    for number, subnet in enumerate(subnets, start=1):
        web = aws.ec2.Instance(
            f"web-{number}",
            ami=config.require("ami"),
            instance_type="t3.small",
            subnet_id=subnet,
            user_data=f"#!/bin/sh\ndocker run --detach --publish 80:8080 shop:{version}\n",
            tags={"Name": f"prod-web-{number}"},
        )
        aws.lb.TargetGroupAttachment(f"web-{number}", target_group_arn=group.arn, target_id=web.id)

pulumi.export("address", balancer.dns_name)
