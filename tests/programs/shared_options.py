"""One ResourceOptions object that several resources share: what is added for one must not reach the others."""

import pulumi

from tests.things import Thing

shared = pulumi.ResourceOptions(protect=False, depends_on=[Thing("first")])
for number in range(3):
    Thing(f"shared-{number}", opts=shared)
merged = pulumi.ResourceOptions.merge(shared, pulumi.ResourceOptions(aliases=[pulumi.Alias(name="former")]))
Thing("merged", opts=merged)
pulumi.export("dependencies", len(shared.depends_on))
