"""A pseudo-terminal: runs a command as a user sees it, and tells what stays on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from .engine import LIMIT_S, Stack

ROWS = 40


def on_terminal(stack: Stack, columns: int, *arguments: str) -> str:
    """What `pulumi` prints on a terminal of this width, with its movements of the cursor."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    process = subprocess.Popen(
        ["pulumi", *arguments, "--stack", stack.name, "--color", "never"],
        cwd=stack.folder,
        env={**stack.environment, "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown, deadline = b"", time.monotonic() + LIMIT_S
    try:
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    shown += os.read(master, 65536)
                except OSError:  # the other end is closed
                    break
        assert process.wait(LIMIT_S) == 0, shown
        return shown.decode()
    finally:
        process.kill()
        process.wait()
        os.close(master)


def table(shown: str) -> list[str]:
    """The engine's table as it stays on the screen: each time it is drawn anew, over the one before."""
    last = re.split(r"\r\x1b\[\d+A", shown)[-1]
    lines = [line.replace("\x1b[K", "").rstrip() for line in last.split("\r\n")]
    return lines[: lines.index("")]
