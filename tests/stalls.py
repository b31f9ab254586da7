"""Runs a command, and stops processes below it for a moment, now and then: what a busy machine does to them.

    python -m tests.stalls python -m pytest -n 4 tests/test_kill.py

A test that takes for granted that one process is quicker than another fails here sooner than on a quiet machine. What
is stopped is printed, so that a failure can be told from a test that only took longer.
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

EVERY_S = 0.15
"""How long nothing is stopped, on average."""
LONGEST_S = 0.4
"""How long one is stopped at most."""
SHOWN = 80
"""Characters of a command line that are printed, its last ones."""


def below(ancestor: int) -> list[int]:
    """The process ids of all that descend from a process."""
    children: dict[int, list[int]] = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(process.name))
    found, left = [], [ancestor]
    while left:
        more = children.get(left.pop(), [])
        found += more
        left += more
    return found


def stall(pid: int, seconds: float) -> None:
    """Stop a process, and let it go on; one that is gone is none to stop."""
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
            if running := below(command.pid):
                stall(random.choice(running), random.uniform(0, LONGEST_S))
        return command.returncode


if __name__ == "__main__":
    sys.exit(main())
