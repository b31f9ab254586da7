"""Resource options: aliases, protection, ignored changes, time-outs, retention, deletion with another."""

import pulumi

from tests.things import Thing

one = Thing(
    "one", {"a": 1, "b": [1, 2]}, opts=pulumi.ResourceOptions(ignore_changes=["value.a", "value.b[0]", '["x"]'])
)
Thing("two", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="former"), "urn:pulumi:dev::test::a:b:C::x"]))
Thing("three", opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="5m")))
Thing("four", opts=pulumi.ResourceOptions(deleted_with=one, retain_on_delete=False))
Thing("five", opts=pulumi.ResourceOptions(replace_on_changes=["value"], delete_before_replace=True))
Thing("six", opts=pulumi.ResourceOptions(additional_secret_outputs=["value"], version=None))
