"""Args classes with nested ones, lists, maps, None, booleans and numbers as inputs."""

import pulumi

from tests.things import Thing


@pulumi.input_type
class PortArgs:
    def __init__(self, port_number, protocol=None):
        pulumi.set(self, "port_number", port_number)
        pulumi.set(self, "protocol", protocol)

    @property
    @pulumi.getter(name="portNumber")
    def port_number(self) -> pulumi.Input[int]:
        return pulumi.get(self, "port_number")

    @property
    @pulumi.getter
    def protocol(self) -> pulumi.Input[str]:
        return pulumi.get(self, "protocol")


first = Thing("first", {"ports": [PortArgs(80), PortArgs(pulumi.Output.from_input(443), "tcp")], "none": None})
Thing("second", [1, 1.0, True, None, "", {"empty": {}, "list": []}], same=first.value)
Thing("third", PortArgs(first.id.apply(len)))
