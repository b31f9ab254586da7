"""A BigPanda that misbehaves: a server in front of the sandbox that passes requests on, or does what it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

from bigpanda_provider.delivery.sender import QUIET_FACTOR

from . import posts
from .servers import START_LIMIT_S, HttpServer, Sandbox, held_port

Fault = Callable[[BaseHTTPRequestHandler], None]
HANG_LIMIT_S = 60
EVENT_LIMIT_S = 3
"""What an event may take where BigPanda misbehaves, in seconds. A try may take all of it: enough on a busy machine."""
QUIET_S = QUIET_FACTOR * EVENT_LIMIT_S
"""For how long nothing is tried after an event that did not get through."""
PASSED_ON = ("Authorization", "x-bp-app-key", "Content-Type")


def answer(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Answer with a status without passing the event on; underscores in header names stand for hyphens."""

    def act(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return act


def reset(request: BaseHTTPRequestHandler) -> None:
    """Cut the connection with a reset."""
    request.close_connection = True
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.connection.close()


def garbage(request: BaseHTTPRequestHandler) -> None:
    """Answer with what is no HTTP."""
    request.close_connection = True
    request.wfile.write(b"\x00\xffnonsense\r\n\r\n")


def hang(request: BaseHTTPRequestHandler) -> None:
    """Answer nothing while the client waits."""
    with contextlib.suppress(OSError):
        request.connection.settimeout(HANG_LIMIT_S)
        request.connection.recv(1)


def trickle(request: BaseHTTPRequestHandler) -> None:
    """Answer one byte a second."""
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 201 Created\r\nX-Filler: " + b"x" * HANG_LIMIT_S:
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(1)


class FaultyBigPanda:
    """Passes requests on to a sandbox, or misbehaves.

    Args:
        behind: the sandbox.
        port: a held port to listen on.

    Attributes:
        address: its base URL.
        behind: the sandbox that gets what is passed on.
        fault: what to do with each request instead of passing it on; None passes it on.
        script: what to do with the next requests, one after the other, before `fault` counts; None passes one on.
        asked: of all requests that came in, whether each was a start or an end.
        asked_at: when each of them came in, in Unix seconds.
        refuses: the path, or a part of it, of what is refused with 401 whatever the token; empty for none.
        slow_s: how long an answer of a request that is passed on takes, in seconds.
        before_answer: called when a request has been passed on and is not answered yet.
    """

    def __init__(self, behind: Sandbox, port: int) -> None:
        self.fault: Fault | None = None
        self.script: list[Fault | None] = []
        self.asked: list[str] = []
        self.asked_at: list[float] = []
        self.refuses = ""
        self.slow_s = 0.0
        self.before_answer: Callable[[], object] | None = None
        self.behind = behind
        self._server: HttpServer | None = None
        self._port = port
        self.address = f"http://127.0.0.1:{port}"
        self.come_back()

    def go_away(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def come_back(self) -> None:
        """Take connections again."""
        if self._server is None:
            self._server = HttpServer(("127.0.0.1", self._port), _handler(self))
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Do what the script says, else the fault, else pass the request on."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.asked_at.append(time.time())
        self.asked.append(_asked(request.path, body))
        fault = self.script.pop(0) if self.script else self.fault
        if self.refuses and self.refuses in request.path:
            fault = answer(401)
        if fault is not None:
            fault(request)
            return
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        forwarded = urllib.request.Request(self.behind.address + request.path, body, headers, method="POST")
        with urllib.request.urlopen(forwarded, timeout=START_LIMIT_S) as got:
            status, told = got.status, got.read()
        if self.before_answer is not None:
            self.before_answer()
        time.sleep(self.slow_s)
        answer(status, told)(request)


def _asked(path: str, body: bytes) -> str:
    """Whether a request is the start or the end of a deployment."""
    if not path.endswith("/changes"):
        return path.rpartition("/")[2]
    return "end" if posts.is_end(json.loads(body)) else "start"


def _handler(faulty: FaultyBigPanda) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            if faulty._server is not self.server:
                reset(self)  # kept alive from before it went away
                return
            faulty.handle(self)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


@contextlib.contextmanager
def faulty(behind: Sandbox) -> Iterator[FaultyBigPanda]:
    """A running one, that passes everything on so far."""
    with held_port() as port:
        running = FaultyBigPanda(behind, port)
        try:
            yield running
        finally:
            running.go_away()


def lose_answers(of: FaultyBigPanda, count: int) -> None:
    """Of the requests that are passed on next, give no answer to so many: the connection is cut instead."""
    left = iter(range(count))

    def lose() -> None:
        if next(left, None) is not None:
            raise ConnectionAbortedError

    of.before_answer = lose
