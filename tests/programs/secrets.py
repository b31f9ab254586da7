"""Secrets as inputs and outputs: they stay secret, and nothing of ours makes others so."""

import pulumi

from tests.things import Thing

config = pulumi.Config("test")
password = pulumi.Output.secret("hunter2hunter2")
one = Thing("one", password)
Thing("two", pulumi.Output.concat("postgres://u:", password, "@h"))
Thing("three", one.value)
Thing("four", "open", opts=pulumi.ResourceOptions(additional_secret_outputs=["value"]))
Thing("five", pulumi.Output.unsecret(password).apply(len))
pulumi.export("secret", password)
pulumi.export("length", pulumi.Output.unsecret(password).apply(len))
