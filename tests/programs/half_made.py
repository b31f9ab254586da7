"""A constructor that raises after the resource was seen, and a program that goes on."""

import contextlib

from tests.things import Thing


class Broken(Thing):
    def __init__(self, name):
        super().__init__(name, opts="no options")


with contextlib.suppress(Exception):
    Broken("broken")
Thing("whole")
