"""A program that raises after it has declared something."""

from tests.things import Thing

EXPECTED = ["start 1", "failure 1"]
FAILS_WITH = "ValueError: no capacity"

Thing("one")
raise ValueError("no capacity")
