"""A stack reference, to the stack itself, whose outputs are not there yet."""

import pulumi

from tests.things import Thing

own = pulumi.StackReference("own", stack_name="organization/test/dev")
Thing("one", own.get_output("size").apply(lambda size: size or 1))
