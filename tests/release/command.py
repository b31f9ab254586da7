"""Runs `bigpanda-release` as a user does: in the stack's folder, with pipes or on a real pseudo-terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests import warm
from tests.engine import LIMIT_S, Run, Stack, wait_until

ROWS = 50
WIDTHS = ("COLUMNS", "LINES")
"""What would count instead of the terminal's size."""
COMMAND = str(pathlib.Path(sys.executable).with_name("bigpanda-release"))
EVENT = ("--component", "shop", "--version", "1")
UP = ("up", "--yes", *EVENT)


class Release:
    """`bigpanda-release` in the folder of a stack.

    Attributes:
        stack: the stack.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None, cwd: pathlib.Path | None = None) -> Run:
        """Run it to its end; what it prints is one text, as in the log of a CI job."""
        done = self.run(*arguments, env=env, cwd=cwd, stderr=subprocess.STDOUT)
        return self.stack.printed(done.returncode, done.stdout)

    def printed(self, *arguments: str) -> str:
        """What it prints on standard output alone; it has to succeed."""
        done = self.run(*arguments)
        self.stack.printed(done.returncode, done.stdout + done.stderr)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        cwd: pathlib.Path | None = None,
        stderr: int = subprocess.PIPE,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            [self.stack.environment.get(warm.HOST_PYTHON, sys.executable), COMMAND, *arguments],
            cwd=cwd or self.stack.folder,
            env={**self.stack.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator[RunningRelease]:
        """Start it, and go on; what is still there at the end is killed."""
        log = self.stack.folder / "release.log"
        with (
            log.open("w") as out,
            subprocess.Popen(
                [COMMAND, *arguments],
                cwd=self.stack.folder,
                env=self.stack.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            running = RunningRelease(self.stack, process, log)
            try:
                yield running
            finally:
                for pid in [process.pid, *running.engines()]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def terminal(self, *arguments: str, answers: Sequence[tuple[str, str]], columns: int = 100) -> Run:
        """Run it on a pseudo-terminal, and type each answer once what comes before it is shown."""
        left = list(answers)
        environment = {name: value for name, value in self.stack.environment.items() if name not in WIDTHS}
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        process = subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.stack.folder,
            env={**environment, "TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        shown, deadline = "", time.monotonic() + LIMIT_S
        try:
            while time.monotonic() < deadline:
                if select.select([master], [], [], 0.1)[0]:
                    try:
                        shown += os.read(master, 65536).decode("utf-8", "replace")
                    except OSError:  # the other end is closed
                        break
                if left and left[0][0] in shown:
                    time.sleep(0.3)  # nobody answers before the question is read
                    os.write(master, left.pop(0)[1].encode())
            return self.stack.printed(process.wait(LIMIT_S), shown)
        finally:
            process.kill()
            process.wait()
            os.close(master)


def _take_terminal() -> None:
    """Make standard input this process's terminal, whose Ctrl-C it takes whatever the tests were started with."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class RunningRelease:
    """A `bigpanda-release` that is under way, and its engine."""

    def __init__(self, stack: Stack, process: subprocess.Popen[bytes], log: pathlib.Path) -> None:
        self.process, self._stack, self._log = process, stack, log

    def engines(self) -> list[int]:
        """The process ids of the updates of the stack that run."""
        return [
            pid
            for pid in self._stack.processes(b"--skip-preview")
            if b"pulumi\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

    def wait_for(self, what: Callable[[], object]) -> None:
        """Wait until it is so."""
        wait_until(what)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the runner alone, as `kill` does."""
        self.process.send_signal(number)

    def end(self) -> Run:
        """Wait for the runner's end."""
        return self._stack.printed(self.process.wait(LIMIT_S), self._log.read_text())


def without_times(text: str) -> str:
    """What was shown, without what differs from one run to the next."""
    return re.sub(r"attempt [0-9a-f]{8}", "attempt ID", re.sub(r"\d+(\.\d+)?\s+s\b", "N s", text))


def on_screen(shown: str) -> list[str]:
    """The lines that stay on a terminal's screen: what was drawn over is gone.

    A small terminal: it knows the movements that the display makes, and no others.
    """
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", shown):
        if part == "\n":
            row += 1
            lines.extend([""] * (row + 1 - len(lines)))
        elif part == "\r":
            pass  # the display clears a line before it writes it anew
        elif part.endswith("A"):
            row -= int(part[2:-1] or 1)
        elif part.endswith("K"):
            lines[row] = ""
        elif not part.startswith("\x1b"):
            lines[row] += part
    return [line.rstrip() for line in lines if line.strip()]
