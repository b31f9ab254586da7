"""Runs a command and stops its descendants for a moment, one at a time, as a busy machine does.

    python -m tests.stalls python -m pytest -n 4 tests/test_kill.py

A test that relies on one process being faster than another fails here sooner than on a quiet machine. Each stop is
printed, so that a failure can be traced to it.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

from .process_table import children, state_and_parent

EVERY_S = 0.15
"""The mean time between two stops, in seconds."""
LONGEST_S = 0.4
"""How long a process is stopped at most, in seconds."""
SHOWN = 80
"""How many characters of a command line are printed, from its end."""


def descendants(ancestor: int) -> list[int]:
    """The ids of a process's children, of theirs, and so on."""
    of, found, left = children(), list[int](), [ancestor]
    while left:
        more = of.get(left.pop(), [])
        found += more
        left += more
    return found


def stall(pid: int, seconds: float) -> None:
    """Stop a process and let it go on, unless it is gone, or a test has stopped it."""
    if state_and_parent(pid)[0] in "TZX":
        return
    with contextlib.suppress(OSError):
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        os.kill(pid, signal.SIGSTOP)
        try:
            print(f"stalled {pid} for {seconds:.2f} s: {command[-SHOWN:]}", file=sys.stderr)
            time.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)


def main() -> int:
    """Run the command that the arguments are; its exit code."""
    with subprocess.Popen(sys.argv[1:]) as command:
        while command.poll() is None:
            time.sleep(random.expovariate(1 / EVERY_S))
            if running := descendants(command.pid):
                stall(random.choice(running), random.uniform(0, LONGEST_S))
        return command.returncode


if __name__ == "__main__":
    sys.exit(main())
