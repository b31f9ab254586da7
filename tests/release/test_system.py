"""Without what only POSIX has, as on Windows, the package and the runner go on."""

from __future__ import annotations

import contextlib
import json
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from bigpanda_provider.release.engine import system
from tests.engine import LIMIT_S, Stack, wait_until
from tests.servers import Sandbox

from .command import EVENT, without_times

MakeStack = Callable[[str], Stack]

HIDDEN = """
import os, pathlib, signal, sys  # and what may use whatever it likes:
import asyncio, concurrent.futures.process, multiprocessing, sqlite3, subprocess, tempfile
import fastapi, grpc, jinja2, pulumi, pulumi.automation, pulumi.dynamic, pydantic, requests, rich.live, typer, uvicorn
import yaml

for name in ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
for name in ("SIGHUP", "SIGKILL", "SIGURG", "SIGUSR1", "SIGCHLD", "SIGALRM", "alarm", "pthread_kill"):
    delattr(signal, name)
for name in ("fchmod", "fork", "getpgid", "getppid", "geteuid", "getuid", "killpg", "setsid", "uname"):
    delattr(os, name)

exists, stat, open_ = pathlib.Path.exists, pathlib.Path.stat, pathlib.Path.open

def gone(path):
    if str(path).startswith(("/proc", "/bin/sh")):
        raise FileNotFoundError(path)

def hide(method):
    def found(path, *rest, **more):
        gone(path)
        return method(path, *rest, **more)
    return found

pathlib.Path.stat, pathlib.Path.open, pathlib.Path.read_text = map(hide, (stat, open_, pathlib.Path.read_text))
pathlib.Path.exists = lambda path: not str(path).startswith(("/proc", "/bin/sh")) and exists(path)
"""
"""Hides from this package what Windows does not have: modules, signals, calls, /proc and the shell."""
PACKAGE = """
import importlib, pkgutil, bigpanda_provider
for one in pkgutil.walk_packages(bigpanda_provider.__path__, "bigpanda_provider."):
    if not one.name.endswith("__main__"):
        importlib.import_module(one.name)
"""
COMMAND = "from bigpanda_provider.release.__main__ import main\nsys.exit(main())"


@pytest.fixture
def hidden(stack: MakeStack) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs code after that, in the folder of a stack of one Thing; there is no `ps` either."""
    shop = stack("Thing('a', sleep=config.get_float('sleep'))")
    tools = shop.folder / "tools"
    tools.mkdir()
    for name in ("pulumi", "pulumi-language-python", "pulumi-resource-pulumi-python", "pulumi-language-python-exec"):
        tools.joinpath(name).symlink_to(pathlib.Path(sys.executable).with_name(name))

    def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", HIDDEN + code, *arguments],
            cwd=shop.folder,
            env={**shop.environment, "PATH": str(tools)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    return run


def test_all_modules_are_imported(hidden: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Whichever process they are of."""
    done = hidden(PACKAGE)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_runner_works(hidden: Callable[..., subprocess.CompletedProcess[str]], bigpanda: Sandbox) -> None:
    """What only reads, what sends by hand, and an update from its start to its end."""
    for arguments in (("--help",), ("status",), ("queue",), ("flush",)):
        done = hidden(COMMAND, *arguments)
        assert done.returncode == 0, done.stderr
    assert "Traceback" not in hidden(COMMAND, "doctor").stderr
    assert hidden(COMMAND, "start", *EVENT, "--host", "web").returncode == 0
    assert hidden(COMMAND, "end", "--component", "shop").returncode == 0
    done = hidden(COMMAND, "up", "--yes", *EVENT)
    assert done.returncode == 0, done.stderr
    assert without_times(done.stdout).endswith("succeeded (N s): 1 created\n")
    assert bigpanda.story() == ["start 1", "success 1", "start 1", "success 1"]
    records = json.loads(hidden(COMMAND, "history", "--json").stdout)
    assert [record["state"] for record in records] == ["success", "success"]


@contextlib.contextmanager
def not_ignored(number: signal.Signals) -> Iterator[None]:
    """Let processes that are started take a signal; those of tests in the background ignore Ctrl-C."""
    former = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, former)


@pytest.mark.parametrize("has_shell", [True, False])
def test_a_process_is_interrupted(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, has_shell: bool) -> None:
    """It is told as soon as it runs, and its id is known before it does anything where there is a shell."""
    if not has_shell:
        monkeypatch.setattr(system, "SHELL", tmp_path / "none")
    pids: list[int] = []
    with (tmp_path / "out").open("wb") as out, not_ignored(signal.SIGINT):
        code = "import time\nprint('begun', flush=True)\ntime.sleep(60)"
        with system.started([sys.executable, "-c", code], str(tmp_path), {}, out, out, pids.append) as process:
            wait_until(lambda: "begun" in (tmp_path / "out").read_text())
            system.interrupt(process)
            process.wait(LIMIT_S)
    assert pids == [process.pid]
    assert "KeyboardInterrupt" in (tmp_path / "out").read_text()


class Told:
    """A process that notes what it is sent."""

    def __init__(self) -> None:
        self.signals: list[int] = []

    def send_signal(self, number: int) -> None:
        """Note it."""
        self.signals.append(number)


def test_windows_sends_ctrl_break(monkeypatch: pytest.MonkeyPatch) -> None:
    """The only one of the two keys that a single process can be sent there."""
    told: Any = Told()
    system.interrupt(cast("subprocess.Popen[bytes]", told))
    monkeypatch.setattr(system, "IS_WINDOWS", True)
    system.interrupt(cast("subprocess.Popen[bytes]", told))
    assert told.signals == [signal.SIGINT, 1]


def test_signals_that_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that there are; one that `nohup` ignores stays ignored."""
    assert system.cancelling_signals() == [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert system.cancelling_signals() == [signal.SIGINT, signal.SIGTERM]
    finally:
        signal.signal(signal.SIGHUP, former)
    monkeypatch.delattr(signal, "SIGHUP")
    assert system.cancelling_signals() == [signal.SIGINT, signal.SIGTERM]
