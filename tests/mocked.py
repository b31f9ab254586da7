"""A program in the tests' own process, with Pulumi's mocks in the place of the engine."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings
from pulumi.runtime.settings import SETTINGS


class Mocks(pulumi.runtime.Mocks):
    """An engine that answers with what it is given."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Its inputs."""
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Nothing."""
        return {}, []


@contextlib.contextmanager
def mocked() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop for a program, which is to be done with all that it began; what the SDK keeps is as before."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    before = settings.get_root_resource()
    mocks.set_mocks(Mocks(), preview=False)
    settings.set_root_resource(None)  # type: ignore[arg-type]
    yield loop
    settings.set_root_resource(before)  # type: ignore[arg-type]
    SETTINGS.monitor = None
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)
    gc.collect()
