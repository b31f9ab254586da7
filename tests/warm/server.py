"""Forks the processes of a warm Python: imports what they need, then waits until standard input ends.

Its first argument is the path of the socket at which it is asked; others name what it imports too.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import marshal
import os
import pathlib
import runpy
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.warm.imported import import_libraries, import_modules_of_package

KNOWN = ("pulumi-language-python-exec", "pulumi.dynamic", "language_host.py", "bigpanda-release")
"""What a warm process may run: the program, its dynamic providers, the language host, the runner; and any plugin."""
PLUGIN = "pulumi-resource-"
UNBUFFERED = b"PYTHONUNBUFFERED"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Asked:
    """What a client asks for.

    Attributes:
        arguments: of the command line, without the Python.
        environ: the environment.
        folder: the working directory.
        client: the process id of the client.
        is_deaf: whether it ignores SIGINT.
    """

    arguments: list[str]
    environ: dict[bytes, bytes]
    folder: str
    client: int
    is_deaf: bool

    @property
    def is_known(self) -> bool:
        """Whether a process that is forked here does what one would do that is started."""
        said = {name: value for name, value in self.environ.items() if name.startswith(b"PYTHON")}
        said.pop(UNBUFFERED, None)
        options, what = self.split()
        same = "-Iu" in options or said == {b"PYTHONPATH": os.environb[b"PYTHONPATH"]}
        name = pathlib.PurePath(what[0]).name if what else ""
        return same and (name in KNOWN or name.startswith(PLUGIN))

    @property
    def is_unbuffered(self) -> bool:
        """Whether what is written goes out at once."""
        return any("u" in option for option in self.split()[0]) or UNBUFFERED in self.environ

    def split(self) -> tuple[list[str], list[str]]:
        """The options of Python, and what follows: a script or a module, and its own arguments."""
        first = next((at for at, one in enumerate(self.arguments) if not one.startswith("-")), len(self.arguments))
        return self.arguments[:first], self.arguments[first:]


class Server:
    """Forks a process for each client, kills it when the client is gone, and tells the client how it ended.

    Args:
        address: the path of the socket.
    """

    def __init__(self, address: str) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(address)
        self._listening.listen(64)
        self._running: set[int] = set()
        self._selector = selectors.DefaultSelector()
        self._is_over = False
        self._asked: Asked | None = None

    def serve(self) -> Asked | None:
        """Serve until standard input ends, and return None; in each process that is forked, return what it is to be."""
        self._on(self._listening.fileno(), self._accept)
        self._on(sys.stdin.fileno(), self._end)
        while not self._is_over:
            for key, _ in self._selector.select():
                if key.fileobj in self._selector.get_map():  # else what came before it in this round has closed it
                    key.data()
                if self._asked:
                    return self._asked
        return None

    def _on(self, file: int, then: Callable[[], None]) -> None:
        self._selector.register(file, selectors.EVENT_READ, then)

    def _accept(self) -> None:
        client, _ = self._listening.accept()
        asked, files = _received(client)
        if asked is None or not asked.is_known:
            _tell(client, 0)
            client.close()
        elif pid := os.fork():
            _tell(client, pid)
            self._running.add(pid)
            self._watch(pid, os.pidfd_open(pid), client)
        else:
            self._asked = asked
            client.close()
            self._become(files)
        for file in files:
            os.close(file)

    def _watch(self, pid: int, process: int, client: socket.socket) -> None:
        def client_is_gone() -> None:
            self._selector.unregister(client.fileno())
            os.kill(pid, signal.SIGKILL)

        def process_is_gone() -> None:
            self._running.discard(pid)
            _, status = os.waitpid(pid, 0)
            self._selector.unregister(process)
            os.close(process)
            if client.fileno() in self._selector.get_map():
                self._selector.unregister(client.fileno())
                _tell(client, os.waitstatus_to_exitcode(status))
            client.close()

        self._on(client.fileno(), client_is_gone)
        self._on(process, process_is_gone)

    def _become(self, files: list[int]) -> None:
        """In the new process: keep none of the server's files, and have the client's as standard ones."""
        for key in list(self._selector.get_map().values()):
            if key.fd != sys.stdin.fileno():
                os.close(key.fd)
        self._selector.close()
        for standard, file in enumerate(files):
            os.dup2(file, standard)

    def _end(self) -> None:
        self._is_over = True
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)


def _received(client: socket.socket) -> tuple[Asked | None, list[int]]:
    """What a client asks for, and its standard files; nothing of one that was killed before it had asked."""
    length, files, *_ = socket.recv_fds(client, 4, 3)
    message, missing = b"", int.from_bytes(length, "big")
    while missing and (part := client.recv(missing)):
        message, missing = message + part, missing - len(part)
    return (Asked(*marshal.loads(message)) if message and not missing else None), files


def _tell(client: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # it was killed meanwhile
        client.sendall(number.to_bytes(4, "big", signed=True))


def run(asked: Asked) -> None:
    """Be the process: as it would be had it been started with this command line."""
    os.chdir(asked.folder)
    os.environ.clear()
    os.environb.update(asked.environ)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN if asked.is_deaf else signal.default_int_handler)
    pathlib.Path("/proc/self/comm").write_text(f"of {asked.client}")
    os.getppid = lambda: _parent(asked.client)
    sys.dont_write_bytecode = False  # the tests may be told so, but no process that they ask for (`is_known`)
    options, (what, *arguments) = asked.split()
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.FileIO(0, closefd=False), "utf-8")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _writer(1, "strict", asked.is_unbuffered)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _writer(2, "backslashreplace", asked.is_unbuffered)  # type: ignore[misc]
    sys.argv = [what, *arguments]
    if "-m" in options:
        sys.path[0] = asked.folder
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(pathlib.Path(what).resolve().parent)
        runpy.run_path(what, run_name="__main__")


def end(code: int) -> None:
    """End the process as Python does, but for taking apart what it has imported: each page of that would be copied."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _writer(file: int, errors: str, is_unbuffered: bool) -> io.TextIOWrapper:
    raw = io.FileIO(file, "w", closefd=False)
    return io.TextIOWrapper(
        raw if is_unbuffered else io.BufferedWriter(raw),
        "utf-8",
        errors,
        line_buffering=file == 2 or raw.isatty(),
        write_through=is_unbuffered,
    )


def _parent(client: int) -> int:
    """The parent of the client; 1 when the client is gone."""
    try:
        return int(pathlib.Path(f"/proc/{client}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 1


if __name__ == "__main__":
    import_libraries(*sys.argv[2:])
    import_modules_of_package()
    gc.freeze()
    server = Server(sys.argv[1])
    sys.stdout.write("warm\n")
    sys.stdout.flush()
    asked = server.serve()
    if asked:
        try:
            run(asked)
        except SystemExit as told:
            if not isinstance(told.code, int | None):
                raise
            end(told.code or 0)
        end(0)
