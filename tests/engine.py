"""Runs a program on the real engine, in a folder of its own."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from bigpanda_provider.state import Api

from . import vault, warm
from .things import gate, held_by

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = "token-that-must-not-be-seen"
APP_KEY = "app-key-that-must-not-be-seen"
LIMIT_S = 120
STATE, HOME = "state", "home"
CANCEL = signal.SIGINT
HEADER = """\
import pulumi
import bigpanda_provider as bigpanda
from tests.things import Thing
config = pulumi.Config("test")
"""


@dataclass(frozen=True)
class Run:
    """What a `pulumi` command did.

    Attributes:
        code: its exit code.
        output: what it printed, standard output and error together.
    """

    code: int
    output: str

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.code == 0

    def operations(self) -> dict[str, str]:
        """What is done to each resource that changes: `{"Deployment billing": "update"}`."""
        line = re.compile(
            r"^ *(?:\+|~|-|\+-|\+\+|--) +\S*:(\w+) (\S+) (create|update|delete|replace|creat|updat|delet)", re.M
        )
        found = {}
        for kind, name, operation in line.findall(self.output):
            found[f"{kind} {name}"] = {"creat": "create", "updat": "update", "delet": "delete"}.get(
                operation, operation
            )
        return found


class Running:
    """An update that is under way, and its processes."""

    def __init__(self, stack: Stack, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._stack = stack

    def wait_for(self, what: Callable[[], object]) -> None:
        """Wait until it is so."""
        wait_until(what)

    def shown(self) -> str:
        """What it has printed so far."""
        return (self._stack.folder / "running.log").read_text()

    def wait_for_line(self, part: str) -> None:
        """Wait until it has printed this."""
        wait_until(lambda: part in self.shown())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the engine."""
        self.process.send_signal(number)

    def cancel(self, number: int = CANCEL) -> None:
        """Send a signal that cancels, and wait until the engine has noticed: two at one moment are one."""
        before = self.shown().count(" received; ")
        self.process.send_signal(number)
        wait_until(lambda: self.shown().count(" received; ") > before)

    def program(self) -> list[int]:
        """The process ids of the program."""
        return self._of("pulumi-language-python-exec")

    def provider(self) -> list[int]:
        """The process ids of the provider process."""
        return self._of("pulumi.dynamic")

    def kill(self, pids: list[int]) -> None:
        """Kill processes so that they notice nothing, not even each other's end: all are stopped first."""
        assert pids
        for sign in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                    os.kill(pid, sign)

    def end(self) -> Run:
        """Wait for the end."""
        code = self.process.wait(LIMIT_S)
        return self._stack.printed(code, self.shown())

    def _of(self, part: str) -> list[int]:
        return self._stack.processes(part.encode())


def write_program(folder: pathlib.Path, text: str) -> None:
    """Write a project's program, so that the next command runs it.

    Python goes by size and second of what it has compiled, and an update may be over within the second.
    """
    program = folder / "__main__.py"
    program.write_text(text)
    pathlib.Path(importlib.util.cache_from_source(str(program))).unlink(missing_ok=True)


def wait_until(what: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Wait until it is so. The limit is there for what will never be so: no busy machine is to come near it."""
    deadline = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < deadline, "it did not come to it in time"
        time.sleep(0.05)


class Stack:
    """One stack of one program, with its own backend, home, outbox and log of what its Things did.

    Args:
        folder: an empty folder.
        address: BigPanda's base URL.
        name: the stack's name.
        token: the API token; None for an environment without one.
        copied: whether the stack is copied from one that was made before in this process; else the engine makes it.
    """

    def __init__(
        self, folder: pathlib.Path, address: str, name: str = "dev", token: str | None = TOKEN, *, copied: bool = True
    ) -> None:
        self.folder = folder
        self.name = name
        self.journal = folder / "journal"
        self.outbox = folder / "outbox.db"
        self._printed: list[str] = []
        (folder / STATE).mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
        # Some machines switch off Python's cache of compiled modules, so that each program compiles the package, or its
        # buffers, so that an output that cannot be written is found at once.
        foreign = ("BIGPANDA", "PULUMI", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(foreign)},
            "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]]),
            "PULUMI_BACKEND_URL": (folder / STATE).as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(folder / HOME),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_PYTHON_CMD": sys.executable,
            **_quick,
            "PYTHONPATH": str(ROOT),
            "BIGPANDA_BASE_URL": address,
            "BIGPANDA_OUTBOX": str(self.outbox),
            "BIGPANDA_CONTEXT": "none",  # what is found out differs from machine to machine: tests of it ask for it
            "THING_JOURNAL": str(self.journal),
        }
        if token is not None:
            self.environment["BIGPANDA_API_TOKEN"] = token
        if not (copied and _initialized(name, quick=bool(_quick)).copy_to(self)):
            self.pulumi("stack", "init", name, *(["--secrets-provider", vault.STACK_KEY] if _quick else []))

    def copy_to(self, other: Stack) -> bool:
        """Let another stack of the same name be as this one is, before its first update, and select it.

        Returns False, having done nothing, where the engine keeps what is selected in another place than is known here.
        """
        selected = _selected(self.folder)
        if not selected.exists():
            return False
        shutil.copytree(self.folder / STATE, other.folder / STATE, dirs_exist_ok=True)
        shutil.copy(self.folder / f"Pulumi.{self.name}.yaml", other.folder)
        there = _selected(other.folder)
        there.parent.mkdir(parents=True)
        there.write_text(selected.read_text().replace(self.folder.as_uri(), other.folder.as_uri()))
        return True

    def program(self, text: str) -> Stack:
        """Write the program; imports and `config` are there already."""
        write_program(self.folder, HEADER + textwrap.dedent(text))
        return self

    def config(self, **values: object) -> Stack:
        """Set config values of the namespace `test`, as the programs' `config` reads them."""
        path = self.folder / f"Pulumi.{self.name}.yaml"
        settings = yaml.safe_load(path.read_text()) or {}
        settings.setdefault("config", {}).update({f"test:{name}": value for name, value in values.items()})
        path.write_text(yaml.safe_dump(settings))
        return self

    def preview(self, *arguments: str) -> Run:
        """Run `pulumi preview`."""
        return self.pulumi("preview", *arguments)

    def up(self, *arguments: str, skip_preview: bool | None = None, limit_s: float = LIMIT_S) -> Run:
        """Run `pulumi up`; in seconds, how long it may take."""
        return self.pulumi(*_changing("up", skip_preview), *arguments, limit_s=limit_s)

    def refresh(self, *arguments: str, skip_preview: bool | None = None) -> Run:
        """Run `pulumi refresh`."""
        return self.pulumi(*_changing("refresh", skip_preview), *arguments)

    def destroy(self, *arguments: str, skip_preview: bool | None = None) -> Run:
        """Run `pulumi destroy`."""
        return self.pulumi(*_changing("destroy", skip_preview), *arguments)

    def pulumi(self, *arguments: str, env: Mapping[str, str] | None = None, limit_s: float = LIMIT_S) -> Run:
        """Run any command to its end."""
        done = subprocess.run(
            self._command(*arguments),
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit_s,
            check=False,
        )
        return self.printed(done.returncode, done.stdout)

    def printed(self, code: int, output: str) -> Run:
        """Keep what a command printed; no coroutine is left that nobody awaits, unless the program raised."""
        assert "was never awaited" not in output or "Traceback" in output, output
        self._printed.append(output)
        return Run(code, output)

    def tells(self, secret: str) -> list[str]:
        """Where a text stands that must not be seen: in what was printed, or in a file that is not the user's own."""
        found = [output for output in self._printed if secret in output]
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "__main__.py" and secret.encode() in path.read_bytes():
                found.append(str(path))
        return found

    @contextlib.contextmanager
    def running(self, *arguments: str, skip_preview: bool | None = None) -> Iterator[Running]:
        """Start `pulumi up` in a process group of its own, and go on; what is still there at the end is killed.

        Its preview has a program and a provider process too: wait for what only the update does, such as an event.
        """
        with (
            (self.folder / "running.log").open("w+") as log,
            subprocess.Popen(
                self._command(*_changing("up", skip_preview), *arguments),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
        ):
            running = Running(self, process)
            try:
                yield running
            finally:
                for pid in [process.pid, *running.program(), *running.provider()]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def processes(self, part: bytes) -> list[int]:
        """The processes with this in their command line that belong to the stack, which their environment tells.

        One that a warm Python has forked is found by the client that stands in for it, and both are named.
        """
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
                ours = f"THING_JOURNAL={self.journal}\0".encode() in environment
                if ours and part in command and b"/bin/sh" not in command:
                    found.append(int(folder.name))
        return [*found, *warm.forked_for(found)]

    def unlock(self) -> Stack:
        """Remove the lock that a killed engine left, and go back to its backup if it was killed while it wrote.

        Beside each file its store has one with attributes, which it can do without, but not read when it is empty.
        """
        state = self.folder / STATE / ".pulumi" / "stacks" / "test" / f"{self.name}.json"
        with contextlib.suppress(FileNotFoundError):
            if not _is_json(state):
                state.with_name(f"{state.name}.bak").replace(state)
        for attributes in (self.folder / STATE).rglob("*.attrs"):
            if not _is_json(attributes):
                attributes.unlink()
        self.pulumi("cancel", "--yes")
        return self

    def elsewhere(self) -> Stack:
        """Go on as on another machine: the same state, an empty outbox."""
        self.outbox.rename(self.outbox.with_name(f"outbox-{time.time()}.db"))
        for left in self.folder.glob("outbox.db-*"):
            left.unlink()
        return self

    def state(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        resources: list[dict[str, Any]] = json.loads(self.exported())["deployment"].get("resources", [])
        return resources

    def exported(self) -> str:
        """The stack's state as `pulumi stack export` shows it."""
        return self.pulumi("stack", "export").output

    def let_go(self, name: str) -> None:
        """Open a gate, for good: the Thing that is held by it goes on."""
        gate(str(self.journal), name).touch()

    def wait_until_held(self, name: str) -> None:
        """Wait until a Thing is held by a gate: it is being created, updated or deleted then."""
        wait_until(held_by(str(self.journal), name).exists)

    def did(self) -> list[tuple[str, str, float]]:
        """What the Things did: operation, name, and when it was over."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return [(op, name, float(at)) for op, name, at in (line.split("\t") for line in lines)]

    def _command(self, *arguments: str) -> list[str]:
        stack = () if arguments[0] == "stack" else ("--stack", self.name)
        return ["pulumi", *arguments, "--non-interactive", *stack]


def recorded_by(api: Api) -> dict[str, str]:
    """The environment of a stack that records by this API."""
    return {"BIGPANDA_API": api.value, "BIGPANDA_APP_KEY": APP_KEY} if api is Api.CHANGES else {}


both_apis = pytest.mark.parametrize("api", list(Api), indirect=True)
"""For a test that holds for each of BigPanda's APIs."""


@functools.cache
def _initialized(name: str, *, quick: bool) -> Stack:
    """The stack of this name that others are copied from: making one takes the engine 0.3 s, copying it 2 ms."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="stack-")).resolve()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Stack(folder / "stack", "", name, copied=False)


def _selected(folder: pathlib.Path) -> pathlib.Path:
    """Where the engine keeps the name of the selected stack, of a program in this folder."""
    project = hashlib.sha1(str(folder.resolve() / "Pulumi.yaml").encode()).hexdigest()
    return folder / HOME / "workspaces" / f"test-{project}-workspace.json"


@contextlib.contextmanager
def quick(environment: Mapping[str, str]) -> Iterator[None]:
    """Let the stacks that are made from now on have what makes the engine quick; with nothing, they are a user's."""
    global _quick
    before, _quick = _quick, environment
    try:
        yield
    finally:
        _quick = before


_quick: Mapping[str, str] = {}


@contextlib.contextmanager
def without_previews() -> Iterator[None]:
    """Let no command that changes something run its preview first, where its `skip_preview` does not say."""
    global _skip_previews
    _skip_previews = True
    try:
        yield
    finally:
        _skip_previews = False


_skip_previews = False
"""A user who types `pulumi up` gets its preview first, and so do the tests."""


def _changing(command: str, skip_preview: bool | None) -> list[str]:
    skips = _skip_previews if skip_preview is None else skip_preview
    return [command, "--yes", *(["--skip-preview"] if skips else [])]


def _is_json(file: pathlib.Path) -> bool:
    try:
        json.loads(file.read_text())
    except ValueError:
        return False
    return True
