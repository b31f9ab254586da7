"""What git knows of a folder: the commit, the branch, the repository, and whether files were changed."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time
from contextlib import suppress

from ..bigpanda.text import one_line
from ..context import LONGEST_VALUE, repository
from ..dataclass import dataclass

LIMIT_S = 2.0
"""The seconds that git may take, all of its processes together."""

GIT = (
    *("git", "--no-pager"),
    # Neither may start a program that the repository names.
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}"),
)
STATUS = (
    *("status", "--porcelain=v2", "--branch", "-z"),
    # Each of these asks for less: no walk through new files, through the history, through the files of submodules.
    *("--untracked-files=no", "--no-ahead-behind", "--no-renames", "--ignore-submodules=dirty"),
)
REMOTES = ("config", "-z", "--get-regexp", r"^remote\..*\.url$")

# A git hook sets these for the repository that it runs in. Here the folder says which repository is meant.
OF_ANOTHER_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
"""Write no index, ask no question, fetch nothing that a partial clone lacks."""


@dataclass(frozen=True)
class Checkout:
    """What is checked out in a folder.

    Attributes:
        commit: the commit, in hexadecimal digits; None before the first one.
        branch: the branch; None if HEAD is detached, as in many CI jobs.
        repository: the address of `origin`, or else of the first remote, as `context.repository` gives it.
        dirty: whether tracked files differ from the commit, in the whole repository. New files that git does not track
            do not count.
    """

    commit: str | None
    branch: str | None
    repository: str | None
    dirty: bool | None


def checkout(folder: pathlib.Path) -> Checkout | None:
    """What is checked out in a folder; never raises.

    Args:
        folder: any folder of the checkout.

    Returns:
        None if there is no git and no checkout, if git refuses the folder because it belongs to somebody else, or if
        git takes longer than `LIMIT_S`.
    """
    deadline = time.monotonic() + LIMIT_S
    try:
        status = _git(folder, STATUS, deadline)
        remotes = _git(folder, REMOTES, deadline) if status is not None else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    if status is None:
        return None
    lines = status.split("\0")
    headers = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# ") and line.count(" ") > 1)
    commit, branch = headers.get("branch.oid"), headers.get("branch.head")
    return Checkout(
        commit=None if commit == "(initial)" else commit,
        branch=None if branch is None or branch == "(detached)" else one_line(branch, LONGEST_VALUE),
        repository=_repository(remotes or ""),
        dirty=any(line and not line.startswith("# ") for line in lines),
    )


def _repository(remotes: str) -> str | None:
    """The repository, given what git answers: for each remote its key, a line break, its address and a null."""
    pairs = [tuple(one.split("\n", 1)) for one in remotes.split("\0") if "\n" in one]
    addresses = [address for _, address in sorted(pairs, key=lambda pair: pair[0] != "remote.origin.url")]
    return repository(addresses[0]) if addresses else None


def _git(folder: pathlib.Path, arguments: tuple[str, ...], deadline: float) -> str | None:
    """What git prints; None if it fails.

    Raises:
        OSError: there is no git, or no such folder.
        subprocess.TimeoutExpired: the deadline has passed; git is killed, with the processes that it started.
    """
    environ = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_REPOSITORY}
    process = subprocess.Popen(
        [*GIT, *arguments],
        cwd=folder,
        env={**environ, **QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # so all that it starts can be killed, and nothing can ask at the terminal
    )
    try:
        printed, _ = process.communicate(timeout=max(0.0, deadline - time.monotonic()))
    except BaseException:
        _kill(process)
        raise
    return printed if process.returncode == 0 else None


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill git and what it started, and wait for git alone: others may keep the pipe open."""
    with suppress(OSError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)
