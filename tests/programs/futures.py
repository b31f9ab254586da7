"""Inputs that are coroutines, futures and tasks."""

import asyncio

import pulumi

from tests.things import Thing


async def later(value):
    await asyncio.sleep(0.3)
    return value


Thing("coroutine", later("a"))
Thing("task", asyncio.ensure_future(later("b")))
Thing("in-a-list", ["x", later("c")])
Thing("output", pulumi.Output.from_input(later({"d": 1}))["d"])
