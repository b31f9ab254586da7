"""Speaks HTTP to the sandbox as no well-behaved client would: raw bytes, any header, any method."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LIMIT_S = 30


@dataclass(frozen=True)
class Answer:
    """An answer as it came in.

    Attributes:
        status: the HTTP status; 0 where the connection was closed without an answer.
        headers: its headers, names in lower case.
        body: its body.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(
    address: str,
    method: str = "GET",
    path: str = "/",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    host: str | None = None,
) -> Answer:
    """Send one request, and read its answer to the end of the connection.

    Args:
        address: the server's.
        method: any token.
        path: the request's target, with its query, as it stands.
        headers: beside `Host`, `Connection` and `Content-Length`.
        body: the body.
        host: the `Host` header; the server's own, if None.
    """
    where = address.removeprefix("http://")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {where if host is None else host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    return send(address, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)


def send(address: str, raw: bytes, *, breaks_off: bool = False) -> Answer:
    """Send bytes, and read what comes until the other side closes; or close first, as a client that breaks off."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=LIMIT_S) as connection:
        try:
            connection.sendall(raw)
            if breaks_off:
                connection.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        except (BrokenPipeError, ConnectionResetError):
            received = b""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first:
        return Answer(0, {}, b"")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split()[1]), headers, body)
