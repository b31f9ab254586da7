"""A resource that fails while others are under way."""

from tests.things import Thing

EXPECTED = ["start 1", "failure 1"]
FAILS_WITH = "no space left on device"

Thing("one")
Thing("two", fail="no space left on device")
