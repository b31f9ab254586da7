"""What the runner needs of the operating system: the signals that cancel, a process that waits until it is on record.

Windows has neither SIGHUP nor a shell at a known place, and cannot send SIGINT to one process. There the engine is in a
process group of its own and gets Ctrl-Break, which it takes like Ctrl-C, and it is on record a moment after its start.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

IS_WINDOWS = os.name == "nt"
SHELL = pathlib.Path("/bin/sh")
WHEN_TOLD = ("-c", 'read -r _ && exec "$@" </dev/null', "sh")
"""Waits for a line before it becomes the command: so its process is on record before it does anything."""
_CTRL_BREAK = getattr(signal, "CTRL_BREAK_EVENT", 1)
_OWN_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


def cancelling_signals() -> list[int]:
    """The signals by which somebody stops a run; not those that are ignored on purpose, as SIGHUP is by `nohup`."""
    found = [int(signal.SIGINT), int(signal.SIGTERM)]
    for name in ("SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            found.append(int(number))
    return found


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Tell a process that `started` has started what Ctrl-C tells one; nothing happens where it is gone."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(_CTRL_BREAK if IS_WINDOWS else signal.SIGINT)


@contextlib.contextmanager
def started(
    command: Sequence[str],
    cwd: str,
    env: Mapping[str, str],
    out: Any,
    err: Any,
    on_start: Callable[[int], None],
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that no signal of the terminal reaches; it is killed where nobody waits for its end any more.

    Args:
        command: what it runs.
        cwd: where.
        env: its whole environment.
        out: the file of its standard output.
        err: the file of its standard error.
        on_start: is called with its id, where there is a shell before it does anything.
    """
    has_shell = not IS_WINDOWS and SHELL.exists()
    process = subprocess.Popen(
        [str(SHELL), *WHEN_TOLD, *command] if has_shell else list(command),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE if has_shell else subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
        creationflags=_OWN_GROUP,
    )
    try:
        on_start(process.pid)
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), process.stdin as told:  # it may have been cancelled already
                told.write(b"go\n")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
