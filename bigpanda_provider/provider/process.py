"""What this package needs of the provider process that `pulumi.dynamic` has no door for.

A provider's code runs in worker threads only, and its `Cancel` call never reaches it. Each of these is held so that a
later version of the SDK or of Python which works differently costs a comfort, never an update.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from google.protobuf import empty_pb2

from ..errors import BigPandaError

_cancels: list[float] = []


def on_exit(action: Callable[[], None]) -> None:
    """Run the action when the interpreter ends, before worker threads are waited for.

    `atexit` comes after that wait: during a long create of another resource it would be too late. A SIGINT that comes
    meanwhile is ignored: it would break the action off, and the engine kills a process that takes too long.
    """

    def act() -> None:
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        action()

    register = getattr(threading, "_register_atexit", None)
    if register is None:
        import atexit

        register = atexit.register
    with contextlib.suppress(RuntimeError):  # the interpreter is ending already
        register(act)


def on_engine_gone(action: Callable[[], None]) -> None:
    """Run the action in a thread when standard input ends: then the engine was killed.

    Standard input that is at its end already says nothing.
    """
    try:
        at_its_end_already = bool(select.select([0], [], [], 0)[0])
    except (OSError, ValueError):
        return
    if not at_its_end_already:
        threading.Thread(target=_watch, args=(action,), name="bigpanda-watch", daemon=True).start()


def _watch(action: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
        action()


def count_cancels(now: Callable[[], float]) -> None:
    """Note each time the engine calls `Cancel`: once when every update ends, and once more before, if it is cancelled.

    The SDK's `Cancel` does nothing but make an `Empty`, which is where it can be noticed.
    """
    main = sys.modules.get("__main__")
    if getattr(main, "empty_pb2", None) is empty_pb2:
        main.empty_pb2 = _NoticesCancel(now)  # type: ignore[union-attr]


def cancelled_at() -> float | None:
    """When the update was cancelled; None where it was not, or where that cannot be known."""
    return _cancels[0] if len(_cancels) > 1 else None


class _NoticesCancel:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def Empty(self) -> Any:  # noqa: N802 - protobuf's name
        if sys._getframe(1).f_code.co_name == "Cancel":
            _cancels.append(self._now())
        return empty_pb2.Empty()

    def __getattr__(self, name: str) -> Any:
        return getattr(empty_pb2, name)


def show_errors_as_sentences() -> None:
    """Let the engine show an error of this package as its sentence, not as the traceback that the SDK sends it."""
    main = sys.modules.get("__main__")
    if getattr(main, "traceback", None) is traceback:
        main.traceback = _Sentences()  # type: ignore[union-attr]


class _Sentences:
    def format_exc(self, *args: Any, **kwargs: Any) -> str:
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, BigPandaError) else traceback.format_exc(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)
