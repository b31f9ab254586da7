"""Resources that are made in callbacks, and in callbacks of these."""

import pulumi

from tests.things import Thing

one = Thing("one", 2)


def more(count):
    made = [Thing(f"made-{number}", number) for number in range(int(count))]
    made[-1].id.apply(lambda id: Thing(f"of-{id}"))
    return [thing.id for thing in made]


pulumi.export("made", one.value.apply(more))
pulumi.Output.all(one.id, pulumi.Output.from_input("x")).apply(lambda parts: Thing("-".join(parts)))
