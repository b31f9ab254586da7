"""The `pulumi` process: started in a session of its own, cancelled as its user would, waited for to its end.

The engine writes into files, not pipes, and no signal of the terminal reaches it but through this process. So where
this process is killed the engine goes on and ends the update in good order, and its history tells how (`leftover`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from pulumi import automation
from pulumi.automation.errors import create_command_error

from ...dataclass import dataclass
from ...errors import ReleaseError
from . import system

ASIDE_LIMIT_S = 120.0
"""The time for a command that changes no resource: config, history, state."""
ENDING_LIMIT_S = 15.0
"""The time for an engine that was told twice to end: it gives its providers 5 s."""
POLL_S = 0.05

HAS_OUTPUT = (3, 246, 0)
"""Since when the engine has `--output json` in the place of `--json`, which it does not show in its help any more."""

_UPDATES = ("up", "preview", "destroy", "refresh")


@dataclass(frozen=True)
class Asked:
    """What somebody asked for who stops a run.

    Attributes:
        again: whether it is not the first time.
        number: the signal.
        engines: how many engines ran then.
    """

    again: bool
    number: int
    engines: int


class Interrupts:
    """Hands Ctrl-C and SIGTERM on to the engines that run: the first cancels cleanly, the second at once.

    Used in a `with`, in the main thread; outside of it these signals do what they do in any Python program.

    Attributes:
        on_asked: is told of the first and of the second one, in a thread of its own.
    """

    def __init__(self) -> None:
        self.on_asked: Callable[[Asked], None] = lambda _: None
        self._asked_for: list[Asked] = []
        self._told = 0
        self._last = 0.0
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.RLock()  # the handler runs in the main thread, which may hold it
        self._former: dict[int, Any] = {}
        self._over = threading.Event()
        self._teller: threading.Thread | None = None

    @property
    def asked(self) -> bool:
        """Whether somebody asked to stop."""
        return bool(self._asked_for)

    def __enter__(self) -> Interrupts:
        self._former = {number: signal.signal(number, self._handle) for number in system.cancelling_signals()}
        self._over.clear()
        self._teller = threading.Thread(target=self._tell_while_it_runs, daemon=True)
        self._teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._teller is not None:
            self._teller.join()
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def wait(self, process: subprocess.Popen[bytes], limit_s: float | None) -> int:
        """Wait for a process to end, and hand on what is asked meanwhile.

        Raises:
            TimeoutExpired: it took longer than `limit_s` seconds.
        """
        with self._lock:
            self._running.add(process)
            if self.asked:
                system.interrupt(process)
        try:
            return self._wait(process, limit_s)
        finally:
            with self._lock:
                self._running.discard(process)

    def _wait(self, process: subprocess.Popen[bytes], limit_s: float | None) -> int:
        began = time.monotonic()
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(POLL_S)
            now = time.monotonic()
            if limit_s is not None and now - began > limit_s:
                raise subprocess.TimeoutExpired("pulumi", limit_s)
            if len(self._asked_for) > 1 and now - self._last > ENDING_LIMIT_S:
                process.kill()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        with self._lock:
            if len(self._asked_for) < 2:  # whoever is impatient does not delay what the second one began
                self._last = time.monotonic()
            # Counted now: an engine may be gone before anybody is told.
            self._asked_for.append(Asked(self.asked, number, len(self._running)))
            for process in self._running:
                system.interrupt(process)

    def _tell_while_it_runs(self) -> None:
        # A handler of signals may stop the thread that holds the display's lock, so it shows nothing itself.
        while not self._over.wait(POLL_S):
            while self._told < min(len(self._asked_for), 2):
                asked = self._asked_for[self._told]
                self._told += 1
                with contextlib.suppress(OSError):  # after SIGHUP there may be no terminal any more
                    self.on_asked(asked)


class Engine(automation.PulumiCommand):
    """The `pulumi` on PATH, as the Automation API uses it.

    Args:
        interrupts: what cancels a run.

    Attributes:
        on_start: called with the process id of each update before it does anything.
        on_end: called when that process is gone.
        printed: what the last update printed on standard output.
        code: the exit code of the last update; None where it was not even started, negative where it was killed.
        options: what the next update gets beside what the Automation API gives it.

    Raises:
        ReleaseError: there is no `pulumi`, or one that is too old.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        if shutil.which("pulumi") is None:
            raise ReleaseError("there is no `pulumi` on PATH; install the Pulumi CLI, 3.244 or newer")
        try:
            super().__init__()
        except automation.errors.InvalidVersionError as error:
            raise ReleaseError(f"the `pulumi` on PATH cannot be used: {error}") from None
        except (OSError, subprocess.CalledProcessError) as error:
            raise ReleaseError(f"the `pulumi` on PATH does not run ({error}); install it again") from None
        self._interrupts = interrupts
        self.on_start: Callable[[int], None] = _unheard
        self.on_end: Callable[[], None] = lambda: None
        self.code: int | None = None
        self.printed = ""
        self.options: tuple[str, ...] = ()

    @property
    def as_json(self) -> tuple[str, ...]:
        """What makes `pulumi stack` and its commands print JSON."""
        version = self.version
        known = version is not None and (version.major, version.minor, version.patch) >= HAS_OUTPUT
        return ("--output", "json") if known else ("--json",)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Any = None,
        on_error: Any = None,
    ) -> automation.CommandResult:
        """Run a command to its end.

        Raises:
            CommandError: it did not succeed.
        """
        update = args[0] in _UPDATES
        arguments = [*_without_selecting(args), *(self.options if update else ())]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            command = [self.command, "--non-interactive", *arguments]
            env = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
            with system.started(command, cwd, env, out, err, self.on_start if update else _unheard) as process:
                try:
                    code = self._interrupts.wait(process, None if update else ASIDE_LIMIT_S)
                except subprocess.TimeoutExpired:
                    raise ReleaseError(
                        f"`pulumi {arguments[0]}` did not end within {ASIDE_LIMIT_S:.0f} s; try it by hand in {cwd}"
                    ) from None
            result = automation.CommandResult(_text(out), _text(err), code)
        if update:
            self.on_end()
            self.code, self.printed = code, result.stdout
        if code != 0:
            raise create_command_error(result)
        return result


def _without_selecting(args: list[str]) -> list[str]:
    """The command without its change of which stack the user has selected; each names its stack anyway."""
    return ["stack", *args[2:]] if args[:2] == ["stack", "select"] else args


def _unheard(_pid: int) -> None:
    """Nobody is told of a process that changes nothing."""


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode("utf-8", "replace"))
