"""A Python that is warm: its processes are forked from one that has imported what Pulumi's processes import.

Each command of the engine starts two language hosts, the program and the provider process, and most of what these do is
to import the SDK and grpc. `client.py` is the `python` that the engine finds. It asks the server, which a process of
the tests keeps, for a process that runs its command line, and is that process's stand-in for the engine: it passes
signals on, and takes its exit code. The process is a real one, with the client's environment, folder and files; it is
killed when the client is. Tests of how processes start and end are `cold`.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CLIENT, SERVER = (pathlib.Path(__file__).with_name(name) for name in ("client.py", "server.py"))
SOCKET = "socket"
STOP_LIMIT_S = 10
HOST_PYTHON = "LANGUAGE_HOST_PYTHON"
"""The Python of our own language host; see `tools/engine.py`."""


@contextlib.contextmanager
def running(*also: str) -> Iterator[dict[str, str]]:
    """Keep a warm Python; yields the environment by which the engine uses it.

    Args:
        also: what else it has imported, as `pkgutil.resolve_name` takes it.
    """
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        client = write_client(pathlib.Path(folder))
        address = client.with_name(SOCKET)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(SERVER), str(address), *also]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            assert server.stdout.readline() == b"warm\n"
            try:
                yield {"PULUMI_PYTHON_CMD": str(client), HOST_PYTHON: str(client)}
            finally:
                server.stdin.close()
                server.wait(STOP_LIMIT_S)


def write_client(folder: pathlib.Path) -> pathlib.Path:
    """Write the `python` that asks the server whose socket is in the same folder."""
    client = folder / "python"
    client.write_text(f"#!{sys.executable} -IS\n{CLIENT.read_text()}")
    client.chmod(0o755)
    return client


def forked_for(clients: Collection[int]) -> list[int]:
    """The process ids of the processes that stand behind these clients."""
    found = []
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if comm.read_text().strip() in {f"of {client}" for client in clients}:
                found.append(int(comm.parent.name))
    return found
