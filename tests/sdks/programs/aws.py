import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config("test")
tags = {"project": "shop"}
east = aws.Provider("east", region="us-east-1")
on_east = pulumi.ResourceOptions(provider=east)

ami = aws.ec2.get_ami(most_recent=True, owners=["amazon"], opts=pulumi.InvokeOptions(provider=east))
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags=tags, opts=on_east)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, opts=on_east)
routes = aws.ec2.RouteTable(
    "routes",
    vpc_id=vpc.id,
    routes=[aws.ec2.RouteTableRouteArgs(cidr_block="0.0.0.0/0", gateway_id=gateway.id)],
    opts=on_east,
)
subnets = []
for number, zone in enumerate(("a", "b")):
    subnet = aws.ec2.Subnet(
        f"subnet-{zone}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{number}.0/24",
        availability_zone=f"us-east-1{zone}",
        opts=on_east,
    )
    aws.ec2.RouteTableAssociation(f"routes-{zone}", subnet_id=subnet.id, route_table_id=routes.id, opts=on_east)
    subnets.append(subnet)
firewall = aws.ec2.SecurityGroup(
    "firewall",
    vpc_id=vpc.id,
    ingress=[
        {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": ["0.0.0.0/0"]} for port in (80, 443)
    ],
    egress=[aws.ec2.SecurityGroupEgressArgs(protocol="-1", from_port=0, to_port=0, cidr_blocks=["0.0.0.0/0"])],
    opts=on_east,
)
role = aws.iam.Role(
    "role",
    assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [{"Action": "sts:AssumeRole"}]}),
)
assets = aws.s3.Bucket("assets", tags=tags)
aws.iam.RolePolicy(
    "policy",
    role=role.id,
    policy=assets.arn.apply(lambda arn: json.dumps({"Statement": [{"Action": "s3:*", "Resource": arn}]})),
)
aws.s3.BucketObjectv2("index", bucket=assets.id, source=pulumi.StringAsset("<h1>shop</h1>"), content_type="text/html")
instances = [
    aws.ec2.Instance(
        f"web-{number}",
        ami=ami.id,
        instance_type=config.get("size") or "t3.micro",
        subnet_id=subnet.id,
        vpc_security_group_ids=[firewall.id],
        tags={**tags, "Name": f"prod-web-{number}"},
        opts=pulumi.ResourceOptions(provider=east, depends_on=[gateway], ignore_changes=["ami"]),
    )
    for number, subnet in enumerate(subnets, start=1)
]
balancer = aws.lb.LoadBalancer("balancer", subnets=[subnet.id for subnet in subnets], security_groups=[firewall.id])
group = aws.lb.TargetGroup("group", port=80, protocol="HTTP", vpc_id=vpc.id)
aws.lb.Listener(
    "http",
    load_balancer_arn=balancer.arn,
    port=80,
    default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=group.arn)],
)
for number, instance in enumerate(instances, start=1):
    aws.lb.TargetGroupAttachment(f"member-{number}", target_group_arn=group.arn, target_id=instance.id)
database = aws.rds.Instance(
    "database",
    identifier="prod-db",
    engine="postgres",
    instance_class="db.t3.micro",
    username="shop",
    password=pulumi.Output.secret("correct horse"),
    allocated_storage=20,
)
aws.lambda_.Function(
    "resize",
    name="prod-resize",
    role=role.arn,
    runtime="python3.12",
    handler="main.handle",
    code=pulumi.AssetArchive({"main.py": pulumi.StringAsset("def handle(event, context): ...")}),
    environment=aws.lambda_.FunctionEnvironmentArgs(variables={"DATABASE": database.endpoint}),
)
aws.ec2.get_vpc(default=True)
aws.ec2.Vpc.get("shared", "vpc-0123")
pulumi.export("address", balancer.dns_name)
