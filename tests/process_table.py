"""What Linux tells of the processes that run."""

from __future__ import annotations

import pathlib


def state_and_parent(pid: int) -> tuple[str, int]:
    """The state of a process, a letter as in `ps` (X: gone), and its parent's id."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    state, parent = stat.rpartition(")")[2].split()[:2]
    return state, int(parent)


def children() -> dict[int, list[int]]:
    """The ids of each process's children, by its own id."""
    found: dict[int, list[int]] = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        found.setdefault(state_and_parent(int(folder.name))[1], []).append(int(folder.name))
    return found
