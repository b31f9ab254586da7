"""`depends_on` in all its forms: a resource, a list, a tuple, an Output of a list, a list of Outputs."""

import pulumi

from tests.things import Thing

one = Thing("one", "v")
two = Thing("two", one.value)
Thing("a-resource", opts=pulumi.ResourceOptions(depends_on=one))
Thing("a-list", opts=pulumi.ResourceOptions(depends_on=[one, two]))
Thing("a-tuple", opts=pulumi.ResourceOptions(depends_on=(one, two)))
Thing("an-output", opts=pulumi.ResourceOptions(depends_on=pulumi.Output.from_input([one, two])))
Thing("outputs", opts=pulumi.ResourceOptions(depends_on=[pulumi.Output.from_input(one), two]))
Thing("nothing", opts=pulumi.ResourceOptions(depends_on=[]))
