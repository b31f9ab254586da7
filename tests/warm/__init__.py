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
STOP_LIMIT_S = 10

_running: list[pathlib.Path] = []


def python() -> str:
    """The `python` for the engine: the warm one while there is one, else that of the tests."""
    return str(_running[-1]) if _running else sys.executable


def environment() -> dict[str, str]:
    """What makes the engine use `python()`. While it is warm, the engine does not collect its garbage either."""
    if not _running:
        return {"PULUMI_PYTHON_CMD": sys.executable}
    return {"PULUMI_PYTHON_CMD": python(), "LANGUAGE_HOST_PYTHON": python(), "GOGC": "off"}


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Keep a warm Python, for `python()`."""
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        client = pathlib.Path(folder, "python")
        client.write_text(f"#!{sys.executable} -IS\n{CLIENT.read_text()}")
        client.chmod(0o755)
        address = client.with_name("socket")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(SERVER), str(address)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            assert server.stdout.readline() == b"warm\n"
            _running.append(client)
            try:
                yield
            finally:
                _running.remove(client)
                server.stdin.close()
                server.wait(STOP_LIMIT_S)


@contextlib.contextmanager
def none() -> Iterator[None]:
    """Let each process start cold, as a user's does."""
    kept = _running[:]
    _running.clear()
    try:
        yield
    finally:
        _running.extend(kept)


def forked_for(clients: Collection[int]) -> list[int]:
    """The process ids of the processes that stand behind these clients."""
    found = []
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm") if _running else ():
        with contextlib.suppress(OSError):
            if comm.read_text().strip() in {f"of {client}" for client in clients}:
                found.append(int(comm.parent.name))
    return found
