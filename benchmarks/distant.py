"""A BigPanda far away: over TLS, and each answer takes its time."""

from __future__ import annotations

import contextlib
import pathlib
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.servers import HttpServer, served

LIMIT_S = 30


@dataclass
class Distant:
    """The server, and what it saw.

    Attributes:
        address: its base URL.
        certificate: the file with its certificate.
        answer_s: how long an answer takes, in seconds.
        handshakes: how many connections were made.
        asked: how many requests came.
    """

    address: str
    certificate: pathlib.Path
    answer_s: float = 0.0
    handshakes: int = 0
    asked: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextlib.contextmanager
def distant(folder: pathlib.Path) -> Iterator[Distant]:
    """A running one, with a certificate of its own."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=LIMIT_S,
    )
    running = Distant("", certificate)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            with running.lock:
                running.handshakes += 1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with running.lock:
                running.asked += 1
            time.sleep(running.answer_s)
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with HttpServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        running.address = f"https://127.0.0.1:{server.server_port}"
        with served(server):
            yield running
