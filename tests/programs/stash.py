"""A resource of the engine's own."""

import pulumi

from tests.things import Thing

stash = pulumi.Stash("stash", pulumi.StashArgs(input={"size": 2})) if hasattr(pulumi, "StashArgs") else None
Thing("one", stash.output if stash is not None else None)
