"""Serves the provider to the engine, and ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable
from importlib.metadata import version
from typing import Any, TypeVar

import grpc
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2_grpc

from ..errors import BigPandaError
from ..provider import sdk
from .provider import BigPandaProvider

PACKAGE = "bigpanda-provider"
MESSAGE_LIMIT_BYTES = 400 * 1024 * 1024
"""As large as the engine's own."""

WATCH_S = 1.0
"""How often to look for the parent, where nothing else tells that the engine is gone."""

T = TypeVar("T")


class Servicer(ProviderServicer):
    """The SDK's servicer; an error of this package is answered as its sentence, without the SDK's stack trace."""

    async def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: D102, N802 - the protocol's names
        return await _told(super().CheckConfig(request, context), context)

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Check(request, context), context)

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Diff(request, context), context)

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Create(request, context), context)

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Update(request, context), context)

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Read(request, context), context)

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Delete(request, context), context)


async def _told(answer: Awaitable[T], context: Any) -> T:
    """The answer; the SDK raises its own error with the text and the stack of the one that is meant."""
    try:
        return await answer
    except Exception as error:
        meant = error.__context__
        if isinstance(meant, BigPandaError):
            await context.abort(grpc.StatusCode.UNKNOWN, str(meant))
        raise


def serve() -> None:
    """Serve until the engine says that this process is to go. The port is the first line of standard output."""
    asyncio.run(_serve())


def _go_with_parent() -> None:
    """Have this process told to go when its parent is gone: a language host, which was killed with its engine."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os.kill(os.getpid(), signal.SIGTERM)


async def _serve() -> None:
    engine = sys.argv[-1]
    limits = [(f"grpc.max_{way}_message_length", MESSAGE_LIMIT_BYTES) for way in ("send", "receive")]
    server = grpc.aio.server(options=limits)
    provider = BigPandaProvider()
    if not sdk.on_engine_gone(provider.engine_gone):
        threading.Thread(target=_go_with_parent, name="bigpanda-parent", daemon=True).start()
    servicer = Servicer(sys.argv[1:], version(PACKAGE), provider, engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    told_to_go = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: there the interpreter's own handler ends the loop
            asyncio.get_running_loop().add_signal_handler(number, told_to_go.set)
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await told_to_go.wait()
    await server.stop(None)
