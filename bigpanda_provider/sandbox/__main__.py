"""`python -m bigpanda_provider.sandbox`: serve the sandbox until it is told to stop."""

from __future__ import annotations

import argparse
import socket
import sqlite3
import sys
from collections.abc import Callable, Sequence


def main() -> int:
    """Parse the command line and serve. Exit code 1, with one sentence, where it cannot."""
    parser = argparse.ArgumentParser(
        "python -m bigpanda_provider.sandbox", description="A local stand-in for BigPanda."
    )
    parser.add_argument("--port", type=int, default=8080, help="port to listen on; 0 takes a free one (default: 8080)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--data", metavar="FILE", default=":memory:", help="SQLite file to keep the events in (default: memory)"
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="a further host name that requests may be sent to; repeat for several (default: loopback names alone)",
    )
    parser.add_argument(
        "--changes-per-minute",
        metavar="N",
        type=_positive,
        help="refuse more than N posts to /data/changes in any 60 seconds with 429 (default: no limit)",
    )
    arguments = parser.parse_args()
    return serve(arguments.host, arguments.port, arguments.data, arguments.allow_host, arguments.changes_per_minute)


def say(address: str) -> None:
    """Print where it listens."""
    print(f"BigPanda sandbox: {address}", flush=True)


def serve(
    host: str,
    port: int,
    data: str,
    allow_hosts: Sequence[str] = (),
    changes_per_minute: int | None = None,
    said: Callable[[str], None] = say,
) -> int:
    """Bind, say the address, serve until told to stop; returns the exit code.

    Args:
        host: the address to listen on.
        port: the port; 0 takes a free one.
        data: the SQLite file to keep the events in; `:memory:` keeps none.
        allow_hosts: further names that the `Host` header of a request may have.
        changes_per_minute: how many posts of changes are taken in any 60 seconds; any number, if None.
        said: is told the address.
    """
    try:
        from .app import create_app
        from .hosts import AllowedHosts
        from .serving import server
        from .store import Store
    except ImportError as error:
        return _fail(f"{error.name} is missing; install it with: pip install 'bigpanda-provider[sandbox]'")
    try:
        allowed = AllowedHosts.of(host, allow_hosts)
    except ValueError as error:
        return _fail(f"--allow-host: {error}")
    try:
        store = Store(data)
    except (sqlite3.Error, OSError) as error:
        return _fail(f"{data} cannot be used as data file ({error}); name another with --data")
    try:
        listening = listen(host, port)
    except (OSError, OverflowError) as error:
        return _fail(f"{host}:{port} cannot be listened on ({error}); name another --port, or 0")
    shown = f"[{host}]" if ":" in host else host
    said(f"http://{shown}:{listening.getsockname()[1]}")
    try:
        server(create_app(store, allowed, changes_per_minute)).run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # uvicorn raises the signal again once it has stopped
    finally:
        store.close()
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket whose connections send at once: an answer is two packets, and the second one would wait.

    asyncio sees to that for sockets that it makes itself. For this one, each answer took 40 ms longer.
    """
    listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number of at least 1')
    return int(text)


def _fail(sentence: str) -> int:
    print(f"sandbox: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
