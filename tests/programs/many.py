"""A hundred resources in a chain of ten, with tags."""

import pulumi

from tests.things import Thing

last = None
for number in range(100):
    opts = pulumi.ResourceOptions(depends_on=[last] if number % 10 == 1 else None)
    last = Thing(
        f"thing-{number}", {"tags": {"n": number}, "last": last.id if number % 10 == 0 and last else None}, opts=opts
    )
