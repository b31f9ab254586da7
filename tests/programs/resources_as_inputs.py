"""Resources themselves as values in the program's structures, and their ids and URNs as inputs."""

import pulumi

from tests.things import Thing

one = Thing("one")
by_name = {"one": one}
Thing("two", [by_name["one"].id, one.urn])
Thing("three", {"of": one.id.apply(lambda id: {"id": id})})
pulumi.export("all", [thing.id for thing in by_name.values()])
