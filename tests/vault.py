"""A key server, for the stacks of the tests: the part of HashiCorp Vault's API that Pulumi asks for a stack's key.

A passphrase would do without one, but to make a key from it takes the engine a quarter of a second of processor time in
each command, by design. What is secret in state is encrypted as it is for users; only the key lies open.
"""

from __future__ import annotations

import contextlib
import http.server
import json
from collections.abc import Iterator

from .servers import HttpServer, served

STACK_KEY = "hashivault://tests"
"""The secrets provider of a stack that has its key from here."""
PREFIX = "vault:v1:"


class Vault(http.server.BaseHTTPRequestHandler):
    """Hands out keys, and takes them back."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        """Encrypt or decrypt."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.startswith("/v1/transit/encrypt/"):
            found = {"ciphertext": PREFIX + asked["plaintext"]}
        else:
            found = {"plaintext": asked["ciphertext"].removeprefix(PREFIX)}
        body = json.dumps({"data": found}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def running() -> Iterator[dict[str, str]]:
    """Run one; yields the environment by which the engine finds it."""
    with HttpServer(("127.0.0.1", 0), Vault) as server, served(server):
        address = f"http://127.0.0.1:{server.server_port}"
        yield {"VAULT_ADDR": address, "VAULT_SERVER_URL": address, "VAULT_TOKEN": "t", "VAULT_SERVER_TOKEN": "t"}
