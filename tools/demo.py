"""`make demo`: a sandbox, the sample program on the real engine, and after each step what BigPanda's Changes tab shows.

Everything happens in a temporary folder that is removed at the end. The exit code is 0 only if the Changes are the
expected ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEP_LIMIT_S = 120
START_LIMIT_S = 30
COLUMNS = ("component", "version", "hosts", "state", "started", "ended")


def main() -> int:
    """Run the demo; 1 where a step failed or the Changes are not the expected ones."""
    with tempfile.TemporaryDirectory(prefix="bigpanda-demo-") as name, sandbox() as address:
        folder = pathlib.Path(name)
        pulumi = Stack(folder, address)
        try:
            pulumi.run("stack", "init", "demo")
            pulumi.set("billing:fleet", str(folder / "fleet"))
            show("Preview: what will be sent, before it is sent")
            pulumi.run("preview", "--diff")
            expect(address, [])
            show("Update: 1.2.3 is put live")
            pulumi.run("up", "--yes", "--skip-preview")
            expect(address, ["1.2.3"])
            show("Update without a change: nothing is sent")
            pulumi.run("up", "--yes", "--skip-preview", "--expect-no-changes")
            expect(address, ["1.2.3"])
            show("Update: 1.2.4 is put live")
            pulumi.set("billing:version", "1.2.4")
            pulumi.run("up", "--yes", "--skip-preview")
            expect(address, ["1.2.4", "1.2.3"])
        except DemoError as error:
            print(f"demo: {error}", file=sys.stderr)
            return 1
        finally:
            pulumi.run("destroy", "--yes", "--skip-preview", quiet=True)
    print("\nEverything is as expected.")
    return 0


class DemoError(Exception):
    """A step failed, or the Changes are not the expected ones."""


class Stack:
    """Runs `pulumi` on a copy of the sample program, with backend, config and home in a folder of its own."""

    def __init__(self, folder: pathlib.Path, address: str) -> None:
        self._program = folder / "program"
        (folder / "state").mkdir()
        shutil.copytree(ROOT / "examples", self._program / "examples")
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, self._program)
        (self._program / ".venv").symlink_to(sys.prefix)
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

    def run(self, *arguments: str, quiet: bool = False) -> None:
        """Run a command and let it print, unless it is to be quiet."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self._program,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else None,
            stderr=subprocess.STDOUT,
            timeout=STEP_LIMIT_S,
            check=False,
        )
        if done.returncode and not quiet:
            raise DemoError(f"pulumi {' '.join(arguments)} failed with exit code {done.returncode}")

    def set(self, key: str, value: str) -> None:
        """Set a config value of the stack."""
        self.run("config", "set", key, value)


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


def expect(address: str, versions: list[str]) -> None:
    """Print the Changes as a table; they must be successes of these versions, newest first."""
    with urllib.request.urlopen(f"{address}/changes", timeout=START_LIMIT_S) as answer:
        got = json.load(answer)
    print(f"\nChanges in BigPanda:\n{table(got['changes'])}")
    if [(c["version"], c["state"]) for c in got["changes"]] != [(v, "success") for v in versions] or got[
        "unmatchedEnds"
    ]:
        raise DemoError(f"expected a success of each of {versions}, and no other event")


def table(changes: list[dict[str, Any]]) -> str:
    """The changes, a line each."""
    lines = [COLUMNS, *(tuple(cell(change, column) for column in COLUMNS) for change in changes)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    text = ["  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join(f"  {line}" for line in text) if changes else "  none"


def cell(change: dict[str, Any], column: str) -> str:
    """One value as it is shown."""
    value = change[column]
    if column == "hosts":
        return ", ".join(value)
    if column in ("started", "ended") and value is not None:
        return time.strftime("%H:%M:%S UTC", time.gmtime(value))
    return "" if value is None else str(value)


def show(title: str) -> None:
    """A heading."""
    print(f"\n--- {title}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
