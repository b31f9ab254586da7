"""What this machine has: git, which tells of commit and branch, and the outbox."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Mapping

from ...delivery.git import checkout
from ...delivery.outbox import Outbox
from ...delivery.stored import history
from ...settings import Settings
from ...tags import Found
from .check import Check

OF_GIT = frozenset({Found.GIT_COMMIT, Found.GIT_BRANCH, Found.GIT_REPOSITORY, Found.GIT_DIRTY})
UNWRITABLE = "set BIGPANDA_OUTBOX to a writable file"
UNUSABLE = "check the URL, the network, and that the role may create and write tables"


def git_check(folder: pathlib.Path, settings: Settings) -> Check:
    """Whether commit and branch can be sent; an update is recorded without them, too."""
    if not settings.context.value & OF_GIT:
        return Check("git", f"not needed: {settings.context.name} sends nothing of git", left_out=True)
    if shutil.which("git") is None:
        return Check("git", "not on PATH, so commit, branch and repository are not sent", left_out=True)
    found = checkout(folder)
    if found is None:
        return Check("git", f"no checkout in {folder.resolve()}, so commit and branch are not sent", left_out=True)
    branch = f", branch {found.branch}" if found.branch else ""
    return Check("git", f"commit {found.commit[:8] if found.commit else 'none yet'}{branch}")


def outbox_check(environ: Mapping[str, str]) -> Check:
    """Whether events can be recorded, and how many wait."""
    if (told := history.problem(environ)) is not None:
        return Check("outbox", told, f"set or unset {history.VARIABLE}")
    with Outbox.of(environ, is_patient=True) as outbox:
        waiting = len(outbox.unsettled_of_all())
        outbox.check_writable()
        trouble, place = outbox.trouble, outbox.location
    if trouble is not None:
        return Check("outbox", trouble.what, UNWRITABLE if isinstance(place, pathlib.Path) else UNUSABLE)
    return Check("outbox", f"{place}, {waiting} waiting or in progress")
