"""`make demo KEEP=1`: what it shows, the page that stays open, and that Ctrl-C leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from .engine import LIMIT_S, ROOT, wait_until


def test_the_demo_shows_each_way_to_end_and_keeps_its_page_open(tmp_path: pathlib.Path) -> None:
    """Ctrl-C ends it quietly, while a browser still follows the page."""
    command = [sys.executable, "-m", "tools.demo", "--keep"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        shown = ""
        for line in demo.stdout:
            shown += line
            if "still running" in line:
                break
        found = re.search(r"still running.*(http://\S+)", shown)
        assert found, shown
        with urllib.request.urlopen(f"{found[1]}/changes", timeout=LIMIT_S) as answer:
            changes = json.load(answer)["changes"]
        with urllib.request.urlopen(f"{found[1]}/stream", timeout=LIMIT_S):
            demo.send_signal(signal.SIGINT)
            assert demo.wait(LIMIT_S) == 0
        assert demo.stdout.read() == ""
    assert [change["state"] for change in changes] == ["success", "success", "failure", "success", "success"]
    assert re.search(
        r"^  billing +1\.2\.5 .* failure .*\n +prod-api-[12]: RuntimeError: 1\.2\.5 does not work", shown, re.M
    )
    assert 'Deployment "gateway" will also report gateway-1, gateway-2, which change through an Output' in shown
    assert list(tmp_path.iterdir()) == []
    wait_until(lambda: not running_in(tmp_path))
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(found[1], timeout=LIMIT_S)


def running_in(folder: pathlib.Path) -> list[str]:
    """The commands that still run with this folder for temporary files."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"TMPDIR={folder}\0".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    return found
