"""A proxy in front of a database: it counts round trips, and is slow, silent or gone when a test says so."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from .postgres import Database
from .servers import held_port

LIMIT_S = 20


@dataclass
class _Line:
    """A connection's two directions: whether the client has sent something since the last answer."""

    asked: bool = False


class DatabaseProxy:
    """The proxy: it passes everything on until it is told otherwise.

    Args:
        behind: the port of 127.0.0.1 that it leads to.
        port: a held port to listen on.

    Attributes:
        round_trips: how often a client has sent something and got an answer. Those of TLS count, those of TCP do not.
        accepted: how many connections have come.
        to_server_s: how long what a client sends takes, in seconds.
        to_client_s: how long an answer takes. A new connection takes both, as TCP's handshake does.
    """

    def __init__(self, behind: int, port: int) -> None:
        self.round_trips = self.accepted = 0
        self.to_server_s = self.to_client_s = 0.0
        self._behind, self._port = behind, port
        self._listening: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._ends: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.go_on()
        self.accept()

    def url(self, database: Database, parameters: str = "sslmode=disable") -> str:
        """A database's URL through the proxy, without TLS unless the parameters say so."""
        return database.url_at(f"127.0.0.1:{self._port}", parameters)

    def stall(self) -> None:
        """Take connections and what comes on them, and pass nothing on, in either direction."""
        self._do(self._set_flow(False))

    def go_on(self) -> None:
        """Pass on again, and also what has come meanwhile."""
        self._do(self._set_flow(True))

    def cut(self) -> None:
        """Cut all connections that are there, with a reset."""
        self._do(self._cut())

    def refuse(self) -> None:
        """Refuse new connections."""
        self._do(self._refuse())

    def accept(self) -> None:
        """Take new connections again."""
        self._do(self._accept())

    def close(self) -> None:
        """End it, and all connections."""
        self._do(self._refuse())
        self._do(self._cut())
        self._do(self._end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT_S)
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(LIMIT_S)

    async def _set_flow(self, flows: bool) -> None:
        if flows:
            self._flows.set()
        else:
            self._flows.clear()

    async def _cut(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _refuse(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    async def _accept(self) -> None:
        if self._listening is None:
            listening = socket.create_server(("127.0.0.1", self._port))
            self._listening = await asyncio.start_server(self._serve, sock=listening)

    async def _end_tasks(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Pass on what comes on a connection, until one of its sides ends it."""
        self.accepted += 1
        line = _Line()
        with contextlib.suppress(OSError), contextlib.ExitStack() as ending:
            self._end_with(ending, to_client)
            await asyncio.sleep(self.to_server_s + self.to_client_s)
            await self._flows.wait()
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._behind)
            self._end_with(ending, to_server)
            asking = asyncio.create_task(self._pass_on(line, from_client, to_server, answers=False))
            answering = asyncio.create_task(self._pass_on(line, from_server, to_client, answers=True))
            ending.callback(asking.cancel)
            ending.callback(answering.cancel)
            await asyncio.wait((asking, answering), return_when=asyncio.FIRST_COMPLETED)

    def _end_with(self, ending: contextlib.ExitStack, end: asyncio.StreamWriter) -> None:
        self._ends.add(end)
        ending.callback(self._ends.discard, end)
        ending.callback(end.close)

    async def _pass_on(
        self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        """Pass on one direction until it ends: what comes is read at once, and written when it is due."""
        coming: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def read() -> None:
            with contextlib.suppress(OSError):
                while data := await reader.read(65536):
                    line.asked |= not answers
                    delay_s = self.to_client_s if answers else self.to_server_s
                    coming.put_nowait((self._loop.time() + delay_s, data))
            coming.put_nowait((self._loop.time(), b""))

        reading = asyncio.create_task(read())
        try:
            with contextlib.suppress(OSError):
                while True:
                    due, data = await coming.get()
                    await asyncio.sleep(due - self._loop.time())
                    await self._flows.wait()
                    if not data:
                        return
                    if answers:
                        self.round_trips += line.asked
                        line.asked = False
                    writer.write(data)
                    await writer.drain()
        finally:
            reading.cancel()


@contextlib.contextmanager
def database_proxy(behind: int) -> Iterator[DatabaseProxy]:
    """A running one, that leads to a port of 127.0.0.1."""
    with held_port() as port:
        running = DatabaseProxy(behind, port)
        try:
            yield running
        finally:
            running.close()
