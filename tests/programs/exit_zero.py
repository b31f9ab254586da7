"""A program that ends itself, which is no failure."""

import sys

from tests.things import Thing

Thing("one")
sys.exit(0)
