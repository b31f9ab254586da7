"""A disk for a database that is full when a test says so."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from .postgres import Database, PostgreSQL
from .postmaster import give_to_owner

SIZE = "24m"


@dataclass(frozen=True)
class SmallDisk:
    """A disk.

    Attributes:
        database: the database on it.
    """

    database: Database
    _filler: pathlib.Path

    def fill(self) -> None:
        """Leave no room: a statement that needs a new page fails.

        What fits into the pages that a table has is still written, so a test has to write more than their 8 KiB.
        """
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))

    def make_room(self) -> None:
        """Take back `fill`."""
        self._filler.unlink()


@contextlib.contextmanager
def small_disk(server: PostgreSQL) -> Iterator[SmallDisk]:
    """One with a new database on it; all databases of the test are gone afterwards.

    Skips the test where no disk can be mounted.
    """
    folder = server.folder / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "outbox-tests", str(folder)]
    if os.getuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("NOT TESTED: a full disk; run the tests as root, in a container that may mount a tmpfs")
    with contextlib.ExitStack() as ending:
        ending.callback(folder.rmdir)
        ending.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
        give_to_owner(folder)
        server.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
        ending.callback(server.execute, "DROP TABLESPACE small")
        ending.callback(server.tidy)
        yield SmallDisk(server.database("small"), folder / "filler")
