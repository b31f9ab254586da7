"""A server that speaks bytes: each connection to it goes as its script says, down to the single byte."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .servers import listening

Way = Callable[["Connection"], None]
LIMIT_S = 20
END_OF_HEADERS = b"\r\n\r\n"


@dataclass
class Connection:
    """One connection.

    Attributes:
        socket: the server's end.
        requests: the bodies of the requests that came whole on it.
    """

    socket: socket.socket
    requests: list[bytes] = field(default_factory=list)

    def read(self) -> None:
        """Read one request."""
        got = b""
        while END_OF_HEADERS not in got:
            got += self._received()
        head, _, body = got.partition(END_OF_HEADERS)
        length = int(
            next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")).split()[1]
        )
        while len(body) < length:
            body += self._received()
        self.requests.append(body)

    def wait_for_its_end(self) -> None:
        """Wait until the client has gone."""
        while self.socket.recv(65536):
            pass

    def _received(self) -> bytes:
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionError("the client has gone")
        return got


def answer(raw: bytes, *, then_close: bool = True) -> Way:
    """Read a request and send these bytes, then close the connection, or wait for the client to do so."""

    def act(connection: Connection) -> None:
        connection.read()
        connection.socket.sendall(raw)
        if not then_close:
            connection.wait_for_its_end()

    return act


def trickle(beginning: bytes, rest: bytes = b"x" * 1000, every_s: float = 0.1) -> Way:
    """Read a request, send the beginning at once, and the rest byte by byte."""

    def act(connection: Connection) -> None:
        connection.read()
        connection.socket.sendall(beginning)
        for byte in rest:
            time.sleep(every_s)
            connection.socket.sendall(bytes([byte]))
        connection.wait_for_its_end()

    return act


def endless(beginning: bytes, again: bytes) -> Way:
    """Read a request, send the beginning, and then the same for as long as the client is there."""

    def act(connection: Connection) -> None:
        connection.read()
        connection.socket.sendall(beginning)
        while True:
            connection.socket.sendall(again)

    return act


def early(raw: bytes) -> Way:
    """Answer at once, and close; what the client goes on to send is read and thrown away."""

    def act(connection: Connection) -> None:
        connection.socket.recv(1)
        connection.socket.sendall(raw)
        connection.socket.shutdown(socket.SHUT_WR)
        connection.wait_for_its_end()

    return act


def silent(connection: Connection) -> None:
    """Answer nothing, and read what comes until the client goes."""
    with contextlib.suppress(ConnectionError):
        connection.read()
    connection.wait_for_its_end()


def cut(connection: Connection) -> None:
    """Close the connection before the request has come whole."""
    connection.socket.recv(1)


def lose(connection: Connection) -> None:
    """Take the request, and close without an answer."""
    connection.read()


@dataclass
class Wire:
    """The server.

    Attributes:
        script: what the next connections do; the last one counts for all that follow.
        address: its base URL.
        connections: those that came, in order.
    """

    script: list[Way]
    address: str = ""
    connections: list[Connection] = field(default_factory=list)

    @property
    def requests(self) -> list[bytes]:
        """The bodies of all requests that came whole."""
        return [body for connection in self.connections for body in connection.requests]

    def take(self, accepted: socket.socket) -> None:
        """Serve a connection as the script says."""
        accepted.settimeout(LIMIT_S)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections.append(Connection(accepted))
        way = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        threading.Thread(target=self._serve, args=(self.connections[-1], way), daemon=True).start()

    def cut(self) -> None:
        """Cut the connections that are there."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def _serve(self, connection: Connection, way: Way) -> None:
        with connection.socket, contextlib.suppress(OSError):
            way(connection)


@contextlib.contextmanager
def wire(*script: Way) -> Iterator[Wire]:
    """A running one."""
    running = Wire(list(script))
    try:
        with listening(running.take) as port:
            running.address = f"http://127.0.0.1:{port}"
            yield running
    finally:
        running.cut()
