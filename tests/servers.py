"""The servers that stand in for BigPanda: the sandbox, and one that only writes down what it gets."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import socketserver
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import posts
from .replay import replay

if TYPE_CHECKING:
    from bigpanda_provider.sandbox.store import Store

START_LIMIT_S = 20
MOST_AT_ONCE = 128
"""How many connections may wait to be accepted. TCP retries the next one only after a second."""


@dataclass
class Sandbox:
    """The sandbox, running on a free port."""

    address: str

    def listed(self) -> list[dict[str, Any]]:
        """The deployments, oldest first, as the sandbox lists them."""
        found: list[dict[str, Any]] = self._get("/changes?limit=1000")["changes"]
        return found[::-1]

    def changes(self) -> list[dict[str, Any]]:
        """The deployments, oldest first, with the states of the Deployments API: the other has none for a failure."""
        return [{**one, "state": "failure" if one["state"] == "canceled" else one["state"]} for one in self.listed()]

    def unmatched(self) -> list[dict[str, Any]]:
        """The ends that matched nothing."""
        found: list[dict[str, Any]] = self._get("/changes?limit=1000")["unmatchedEnds"]
        return found

    def posts(self) -> list[dict[str, Any]]:
        """What was sent, in order, as it was sent."""
        found: list[dict[str, Any]] = self._get("/events?limit=10000")["events"]
        return found

    def events(self) -> list[dict[str, Any]]:
        """What was sent, in order, as starts and ends, by whichever API."""
        return list(posts.told(self.posts()))

    def has(self) -> list[str]:
        """What BigPanda has after all that was sent: `["web 1 on a: success", ...]`, in the order of the starts."""
        sent = self.posts()
        assert list(posts.reopened(sent)) == []
        return [*replay(event for event in sent if event["kind"] != "change"), *map(str, posts.deployments(sent))]

    def story(self) -> list[str]:
        """What was sent, in order, shortly: `["start 1.2.3", "success 1.2.3"]`."""
        return [
            f"{e['kind'] if e['kind'] == 'start' else e['body'].get('status', 'success')} {e['body']['version']}"
            for e in self.events()
        ]

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=START_LIMIT_S) as answer:
            return json.load(answer)


@contextlib.contextmanager
def held_port() -> Iterator[int]:
    """A port of 127.0.0.1 that stays ours: connections are refused while no server of ours listens on it.

    A socket is bound to it and does not listen. The system gives the port to nobody who asks for a free one, and a
    server with SO_REUSEADDR, as all of ours are, can listen on it and go, as often as it likes.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


class HttpServer(http.server.ThreadingHTTPServer):
    """Serves each connection in a daemon thread."""

    daemon_threads = True
    request_queue_size = MOST_AT_ONCE

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or was not let in, is nothing to print."""


@contextlib.contextmanager
def listening(take: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a free port of 127.0.0.1, and yield it.

    Args:
        take: is called with each connection, in their order; must not block.
    """

    # A thread that is in `accept` when its socket is closed stays there. If the process is stopped and continued, it
    # calls `accept` again with the same descriptor, which may be another server's socket by then. So the thread ends
    # before the socket is closed.
    class Server(socketserver.TCPServer):
        request_queue_size = MOST_AT_ONCE

        def process_request(self, request: Any, client_address: Any) -> None:
            take(request)

    with Server(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server, served(server):
        yield server.server_address[1]


@contextlib.contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    """Let a server serve in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(START_LIMIT_S)


@contextlib.contextmanager
def sandbox(port: int = 0, store: Store | None = None, changes_per_minute: int | None = None) -> Iterator[Sandbox]:
    """A running sandbox, that keeps its events in memory unless it is given a store.

    One that is to come back on its port needs a `held_port`.
    """
    # Imported here, since this takes longer than most tests that need no sandbox.
    import uvicorn

    from bigpanda_provider.sandbox.__main__ import listen
    from bigpanda_provider.sandbox.app import create_app
    from bigpanda_provider.sandbox.store import Store

    store = store or Store(":memory:")
    listening = listen("127.0.0.1", port)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(store, changes_per_minute=changes_per_minute), log_level="error", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    deadline = time.monotonic() + START_LIMIT_S
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        assert server.started, "the sandbox did not start in time"
        yield Sandbox(f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(START_LIMIT_S)
        listening.close()
        store.close()


@dataclass(frozen=True)
class Request:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Recorder:
    """A server that writes down raw requests and answers with `status`."""

    address: str = ""
    status: int = 201
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0


@contextlib.contextmanager
def recorder() -> Iterator[Recorder]:
    """A running recorder on a free port. It shares no code with the sandbox."""
    recorded = Recorder()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            recorded.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            recorded.requests.append(Request(self.command, self.path, dict(self.headers.items()), body))
            self.send_response(recorded.status)
            for name, value in recorded.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(recorded.body)))
            self.end_headers()
            self.wfile.write(recorded.body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with HttpServer(("127.0.0.1", 0), Handler) as server, served(server):
        recorded.address = f"http://127.0.0.1:{server.server_port}"
        yield recorded
