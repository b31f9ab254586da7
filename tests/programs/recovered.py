"""Callbacks whose errors the program takes care of."""

import pulumi

from tests.things import Thing


def broken(value):
    raise ValueError(f"no {value}")


one = Thing("one", "v")
pulumi.export("recovered", one.value.apply(broken).recover(lambda error: str(error)))
