"""The tests can be run as on a busy machine."""

from __future__ import annotations

import subprocess
import sys

from .warm import ROOT


def test_processes_are_stopped_for_a_moment_and_the_command_goes_on() -> None:
    """What it started is not left stopped, and the exit code is its own."""
    command = [sys.executable, "-m", "tests.stalls", "sh", "-c", "(sleep 3; echo over); exit 3"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (3, "over\n")
    assert "\nstalled " in f"\n{ran.stderr}"
