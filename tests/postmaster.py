"""The processes of a PostgreSQL server: they start, stop, hang and are killed as a test says."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from .engine import wait_until
from .process_table import children, state_and_parent
from .tls import Authority

LIMIT_S = 60
OWNER = "postgres"
"""Who owns the server where the tests run as root, since PostgreSQL refuses to run as root; and its superuser."""

SETTINGS = """
listen_addresses = '127.0.0.1'
ssl = on
# What is killed here is processes, never the machine, so what they have written is kept without fsync. What they have
# not written is lost: synchronous_commit has to stay on.
fsync = off
full_page_writes = off
synchronous_commit = on
# small, and nothing that goes on by itself
shared_buffers = 16MB
wal_level = minimal
max_wal_senders = 0
autovacuum = off
# in its folder, and not in /dev/shm, where a killed server leaves it
dynamic_shared_memory_type = mmap
"""
ACCESS = """
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""


class Postmaster:
    """The first process of a server, and those that it has started.

    Args:
        folder: an empty folder that the server's owner can reach.
        port: a held port.

    Attributes:
        folder: its folder, with the Unix socket.
        port: its TCP port, also on the Unix socket.
        authority: the file with the authority that signed the server's certificate.
    """

    def __init__(self, folder: pathlib.Path, port: int) -> None:
        self.folder, self.port = folder, port
        self._process: subprocess.Popen[bytes] | None = None
        self._data, self._log = folder / "data", folder / "log"
        authority = Authority(folder / "tls")
        self.authority = authority.file
        certificate, key = authority.signed("postgres")
        give_to_owner(folder)
        how = ("-U", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
        initialize = _as_owner(programs() / "initdb", "-D", self._data, *how)
        run = subprocess.run(
            initialize, cwd=folder, env=_environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        settings = SETTINGS + f"port = {port}\nunix_socket_directories = '{folder}'\n"
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(settings + f"ssl_cert_file = '{certificate}'\nssl_key_file = '{key}'\n")
        (self._data / "pg_hba.conf").write_text(ACCESS)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        assert self._process is None, "it runs already"
        command = _as_owner(programs() / "postgres", "-D", self._data)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl-C of the tests is not for it
            )  # fmt: skip
        wait_until(self._is_ready, LIMIT_S)

    def stop(self) -> None:
        """Stop it as an administrator does: connections are told, and ended."""
        self._end(signal.SIGINT)

    def restart(self) -> None:
        """Stop it, and start it again."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """Kill all its processes at one moment, so that none can tell a client or clean up."""
        killed = self.suspend()
        _send(signal.SIGKILL, killed)
        self._end(signal.SIGKILL)
        wait_until(lambda: all(state_and_parent(pid)[0] in "ZX" for pid in killed), LIMIT_S)

    def suspend(self) -> list[int]:
        """Suspend all its processes: the system still takes connections for it, and nobody answers.

        Returns:
            Their ids.
        """
        first = self._processes()[0]
        os.kill(first, signal.SIGSTOP)  # so that no more are born
        wait_until(lambda: state_and_parent(first)[0] == "T", LIMIT_S)
        processes = self._processes()
        _send(signal.SIGSTOP, processes[1:])
        wait_until(lambda: all(state_and_parent(pid)[0] in "TZX" for pid in processes), LIMIT_S)
        return processes

    def resume(self) -> None:
        """Let all its processes go on."""
        _send(signal.SIGCONT, self._processes())

    def recover(self) -> None:
        """Let it run again, if a test has left it killed, stopped or suspended."""
        if self._process is None:
            self.start()
        self.resume()

    def close(self) -> None:
        """End it, whatever state it is in."""
        self.recover()  # also one that was killed: the kernel keeps its shared memory until it runs again
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(how)
        self._process.wait(LIMIT_S)
        self._process = None

    def _is_ready(self) -> bool:
        """Whether the file in which it says so is its own, and not that of one that was killed."""
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        file = self._data / "postmaster.pid"
        lines = file.read_text().splitlines() if file.exists() else []
        return len(lines) > 7 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready"

    def _processes(self) -> list[int]:
        """The ids of all its processes, the first one first."""
        assert self._process is not None, "it does not run"
        first = self._process.pid
        return [first, *children().get(first, [])]


def programs() -> pathlib.Path:
    """The folder of the server's programs, of the newest version that is installed; skips the test if there is none."""
    debian = pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")
    installed = sorted(debian, key=lambda path: int(path.parent.parent.name))
    on_path = shutil.which("initdb")
    if not installed and on_path is None:
        pytest.skip("NOT TESTED: no PostgreSQL; install Debian's postgresql")
    return installed[-1].parent if installed else pathlib.Path(str(on_path)).resolve().parent


def give_to_owner(folder: pathlib.Path) -> None:
    """Make a folder and all in it the server's, where the tests run as root."""
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", f"{OWNER}:", str(folder)], check=True)


def _send(number: signal.Signals, pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _as_owner(*command: str | pathlib.Path) -> list[str]:
    """A command, as it is run by the server's owner.

    It is told to go when the thread that starts it is gone. So no server is left when the tests are killed, and a test
    starts a server in its main thread only.
    """
    user = (f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups") if os.getuid() == 0 else ()
    return ["setpriv", *user, "--pdeathsig=QUIT", *map(str, command)]


def _environment() -> dict[str, str]:
    """What the server sees of the environment: none of the settings that start with PG."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
