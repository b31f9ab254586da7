"""Outputs put together in every way, nested and unknown in preview, as inputs and as stack outputs."""

import pulumi

from tests.things import Thing

one = Thing("one", {"port": 80, "names": ["a", "b"]})
two = Thing("two", pulumi.Output.concat("http://", one.id, ":", one.value["port"].apply(str)))
three = Thing("three", pulumi.Output.all(one.id, two.id).apply("-".join))
four = Thing("four", pulumi.Output.json_dumps({"one": one.value, "three": three.id}, sort_keys=True))
Thing("five", [one.value["names"][0], {"deep": [two.id, {"deeper": four.id}]}])
Thing("six", pulumi.Output.format("{0}-{name}", one.id, name=two.id))
Thing("seven", one.id.apply(lambda id: two.id.apply(lambda other: f"{id}{other}")))
pulumi.export("of", {"one": one.value, "list": [two.id, three.value]})
pulumi.export("resource", one.urn)
