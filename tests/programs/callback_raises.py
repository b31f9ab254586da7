"""A callback that raises."""

from tests.things import Thing

EXPECTED = ["start 1", "failure 1"]
FAILS_WITH = "ValueError: no v"


def broken(value):
    raise ValueError(f"no {value}")


Thing("one", "v").value.apply(broken)
