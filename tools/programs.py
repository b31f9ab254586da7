"""Runs the sample programs on the real engine, in a folder of their own, and a sandbox for what they report."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEP_LIMIT_S = 120
START_LIMIT_S = 30


class DemoError(Exception):
    """A step failed, or the Changes are not the expected ones."""


class Projects:
    """A copy of the sample program and of the examples, with a backend of their own and a sandbox as BigPanda.

    Args:
        folder: an empty folder.
        address: the sandbox's address.
    """

    def __init__(self, folder: pathlib.Path, address: str) -> None:
        self.root = folder / "program"
        (folder / "state").mkdir()
        shutil.copytree(ROOT / "examples", self.root / "examples")
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, self.root)
        (self.root / ".venv").symlink_to(sys.prefix)
        self.environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "demo",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "BIGPANDA_BASE_URL": address,
            "BIGPANDA_OUTBOX": str(folder / "outbox.db"),
            "BIGPANDA_API_TOKEN": "any-token-will-do",
        }
        if os.environ.get("TERM", "dumb") != "dumb":
            # Each `pulumi` asks the terminal for its colours, and waits 5 s for one that does not answer. A `screen`
            # has colours too, and is not asked.
            self.environment["TERM"] = "screen-256color"


class Stack:
    """A new stack of one project, and what `pulumi` does with it."""

    def __init__(self, projects: Projects, project: str) -> None:
        self._folder = projects.root / project
        self._environment = projects.environment
        self.run("stack", "init", "demo")

    def up(self, *arguments: str, fails: bool = False) -> None:
        """Update without a preview, which would show what the update shows."""
        self.run("up", "--yes", "--skip-preview", *arguments, fails=fails)

    def run(self, *arguments: str, fails: bool = False) -> None:
        """Run a command and let it print.

        Args:
            arguments: of `pulumi`.
            fails: whether it has to fail.
        """
        told = f"pulumi {' '.join(arguments)}"
        command = ["pulumi", *arguments, "--non-interactive"]
        with subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT
        ) as process:
            try:
                code = process.wait(STEP_LIMIT_S)
            except KeyboardInterrupt:
                process.wait(STEP_LIMIT_S)  # Ctrl-C has reached the engine too, which ends what it has begun
                raise
            except subprocess.TimeoutExpired:
                process.kill()
                raise DemoError(f"{told} took longer than {STEP_LIMIT_S} s") from None
        if (code != 0) != fails:
            raise DemoError(f"{told} succeeded, but has to fail" if fails else f"{told} failed with exit code {code}")


@contextlib.contextmanager
def sandbox(data: str = ":memory:") -> Iterator[str]:
    """A running sandbox on a free port; its address.

    Args:
        data: the file with its events; ":memory:" for a sandbox that begins empty.
    """
    command = [sys.executable, "-m", "bigpanda_provider.sandbox", "--port", "0", "--data", data]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().rpartition(" ")[2].strip()
            if not address:
                raise DemoError("the sandbox did not start")
            yield address
        finally:
            process.terminate()
            process.wait(START_LIMIT_S)
