import pulumi
import pulumi_command as command
import pulumi_hcloud as hcloud
import pulumi_random as random

config = pulumi.Config("test")
key = hcloud.SshKey("key", public_key="ssh-rsa AAAA")
password = random.RandomPassword("password", length=20)
firewall = hcloud.Firewall(
    "firewall", rules=[hcloud.FirewallRuleArgs(direction="in", protocol="tcp", port="22", source_ips=["0.0.0.0/0"])]
)
for number in (1, 2):
    server = hcloud.Server(
        f"server-{number}",
        name=f"prod-{number}",
        server_type=config.get("size") or "cx22",
        image="debian-12",
        ssh_keys=[key.id],
        firewall_ids=[firewall.id.apply(lambda known: 1)],
    )
    connection = command.remote.ConnectionArgs(host=server.ipv4_address, user="root", password=password.result)
    copied = command.remote.CopyToRemote(
        f"copy-{number}",
        connection=connection,
        source=pulumi.AssetArchive({"run.sh": pulumi.StringAsset("#!/bin/sh")}),
        remote_path="/opt",
    )
    command.remote.Command(
        f"install-{number}",
        connection=connection,
        create="sh /opt/run.sh",
        triggers=[server.id],
        opts=pulumi.ResourceOptions(depends_on=[copied]),
    )


command.remote.Command("elsewhere", connection={"host": "10.0.0.7", "password": password.result}, create="uptime")


class Remote(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("hcloud:echo:Remote", name, {"size": config.get("size")}, opts, remote=True)


Remote("remote")
