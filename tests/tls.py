"""Servers that speak TLS and demand a certificate of their client, with an authority that the tests make."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from .servers import HttpServer, listening, served

LIMIT_S = 20
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """Signs certificates.

    Args:
        folder: an empty folder for its files.

    Attributes:
        file: its own certificate.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("NOT TESTED: certificates, since there is no openssl here to make them")
        folder.mkdir()
        self._folder = folder
        self.file = folder / "authority.pem"
        usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
        files = ("-keyout", "authority.key", "-out", self.file)
        self._openssl("req", "-x509", *NEW_KEY, *files, "-subj", "/CN=us", *usage)

    def signed(self, name: str) -> tuple[pathlib.Path, pathlib.Path]:
        """A new certificate for this machine, and its key."""
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        (self._folder / "extensions").write_text(
            "subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
        )
        self._openssl("req", *NEW_KEY, "-keyout", key, "-out", "request", "-subj", f"/CN={name}")
        signing = ("-CA", self.file, "-CAkey", "authority.key", "-CAcreateserial", "-extfile", "extensions")
        self._openssl("x509", "-req", "-in", "request", "-out", certificate, *signing)
        return certificate, key

    def encrypted(self, key: pathlib.Path, passphrase: str, *, traditional: bool = False) -> pathlib.Path:
        """A copy of the key that needs a passphrase."""
        copy = key.with_suffix(".encrypted")
        form = ("ec", "-aes256") if traditional else ("pkcs8", "-topk8")
        self._openssl(*form, "-in", key, "-out", copy, "-passout", f"pass:{passphrase}")
        return copy

    def _openssl(self, *arguments: str | pathlib.Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], cwd=self._folder, check=True, capture_output=True)


@dataclass
class Secured:
    """A running server.

    Attributes:
        address: its base URL.
        clients: the names in the certificates of those that sent the requests.
    """

    address: str
    clients: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.address.rpartition(":")[2])


@contextlib.contextmanager
def secured(authority: Authority) -> Iterator[Secured]:
    """One that answers each request with 201, if its client has a certificate of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*authority.signed("server"))
    running = Secured("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
            self.request.settimeout(LIMIT_S)
            try:
                self.request.do_handshake()
            except ssl.SSLError:
                with contextlib.suppress(OSError):  # else what is not read yet resets the connection, and its alert
                    while socket.socket.recv(self.request, 65536):
                        pass
                self.request.close()
                raise
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            subject = {key: value for ((key, value),) in self.request.getpeercert()["subject"]}
            running.clients.append(subject["commonName"])
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with HttpServer(("127.0.0.1", 0), Handler) as server, served(server):
        running.address = f"https://localhost:{server.server_port}"
        yield running


@dataclass
class Tunnel:
    """A way to a server: a proxy, or a line that is dead at times.

    Attributes:
        port: where it listens.
        asked: what the proxy was asked to connect to.
    """

    port: int = 0
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def tunnel(*, to: int | None = None, dead: int = 0, proxy: bool = False) -> Iterator[Tunnel]:
    """One that is running.

    Args:
        to: the port that it leads to; where a proxy is asked to, if None.
        dead: how many connections lead nowhere at first: they are taken, and nothing comes back.
        proxy: whether it speaks a proxy's `CONNECT` first.
    """
    running = Tunnel()
    left = iter(range(dead))

    def serve(near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            target = to
            if proxy:
                head = b""
                while b"\r\n\r\n" not in head:
                    got = near.recv(65536)
                    if not got:
                        return
                    head += got
                running.asked.append(head.split()[1].decode())
                target = int(running.asked[-1].rpartition(":")[2])
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if next(left, None) is not None:
                while near.recv(65536):
                    pass
                return
            assert target is not None
            with socket.create_connection(("127.0.0.1", target)) as far:
                threading.Thread(target=pump, args=(far, near), daemon=True).start()
                pump(near, far)

    def pump(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while got := one.recv(65536):
                other.sendall(got)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def take(near: socket.socket) -> None:
        near.settimeout(LIMIT_S)
        threading.Thread(target=serve, args=(near,), daemon=True).start()

    with listening(take) as running.port:
        yield running
