"""Which process looks after an attempt, and whether it is still there."""

from __future__ import annotations

import os
import pathlib
import platform
import subprocess
import time
from functools import cache

from ..dataclass import dataclass

_PS_LIMIT_S = 5
_SEPARATOR = "/"


@dataclass(frozen=True)
class Holder:
    """A process.

    Its id alone is not enough: ids are given again in time, and in each container and on each machine anew.

    Attributes:
        pid: its id.
        started: when it started, as its system tells it; empty where the system does not tell.
        machine: the boot id of its machine; empty in what an older version wrote, which is of this machine.
        namespace: the process table that has its id; empty where a machine has one only.
    """

    pid: int
    started: str
    machine: str = ""
    namespace: str = ""

    @classmethod
    @cache
    def current(cls) -> Holder:
        """This process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Holder:
        """The process that has this id now, in this process's own table."""
        return cls(pid, _started(pid) or "", _machine(), _namespace())

    @classmethod
    def nobody(cls) -> Holder:
        """No process any more: what this one held may be taken by whoever comes."""
        return cls(0, "", _machine(), _namespace())

    @classmethod
    def parse(cls, text: str) -> Holder:
        """Read what `str` gives."""
        machine, namespace, pid, started = [*text.split(_SEPARATOR, 3), "", "", ""][:4]
        return cls(int(pid) if pid.isdigit() else 0, started, machine, namespace)

    def __str__(self) -> str:
        return _SEPARATOR.join((self.machine, self.namespace, str(self.pid), self.started))

    @property
    def is_visible(self) -> bool:
        """Whether this process's table can tell if the holder lives."""
        mine = Holder.current()
        here = (self.machine, self.namespace) in {(mine.machine, mine.namespace), ("", "")}
        return here and bool(mine.started)

    @property
    def is_running(self) -> bool:
        """Whether the process is still there; of one that is not visible this says nothing."""
        return self.pid > 0 and _started(self.pid) == self.started


def running_s() -> float:
    """How long this process has been running, in seconds; 0 where its system does not tell."""
    try:
        began = int(Holder.current().started) / os.sysconf("SC_CLK_TCK")
        return max(time.clock_gettime(time.CLOCK_BOOTTIME) - began, 0.0)
    except (AttributeError, ValueError, OSError):
        return 0.0


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


@cache
def _machine() -> str:
    try:
        return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return platform.node().replace(_SEPARATOR, "-")


@cache
def _namespace() -> str:
    try:
        return str(pathlib.Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""
