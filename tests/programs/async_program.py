"""An asynchronous program that waits for what it declared before it goes on."""

import pulumi

from tests.things import Thing


async def main():
    one = Thing("one", "v")
    await one.id.future()
    two = Thing("two", one.value)
    return {"two": two.id}


pulumi.run(main)
