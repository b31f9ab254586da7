"""Which process made an attempt, and whether it is still there."""

from __future__ import annotations

import os
import pathlib
import subprocess
from dataclasses import dataclass
from functools import cache

_PS_LIMIT_S = 5


@dataclass(frozen=True)
class Owner:
    """A process: its id alone would be given to another one in time, so its start time counts too."""

    pid: int
    started: str

    @classmethod
    @cache
    def current(cls) -> Owner:
        """This process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Owner:
        """The process that has this id now."""
        return cls(pid, _started(pid) or "")

    @classmethod
    def parse(cls, text: str) -> Owner:
        """Read what `str` gives."""
        pid, _, started = text.partition(" ")
        return cls(int(pid) if pid.isdigit() else 0, started)

    def __str__(self) -> str:
        return f"{self.pid} {self.started}"

    @property
    def alive(self) -> bool:
        """Whether the process is still running."""
        return self.pid > 0 and _started(self.pid) == self.started


def _started(pid: int) -> str | None:
    """When the process started, as its system tells it; None where there is no such process."""
    stat = pathlib.Path(f"/proc/{pid}/stat")
    if pathlib.Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]  # a zombie is no more; field 22 of proc(5) is the start
    try:
        told = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=_PS_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() or None
