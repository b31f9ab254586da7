"""The private parts of Pulumi's SDK, of gRPC and of Python that the provider process uses; no other module of it does.

A provider's code runs in worker threads only, and `pulumi.dynamic` hands over neither the engine nor its `Cancel`.

Each docstring says what a door is for, and what is done where it is closed: that costs a comfort, never an update. All
were seen in SDK 3.260 to 3.272 and Python 3.10 to 3.14. `tests/test_sdk_provider.py` has a test for each; it fails by
name when a new version closes one.
"""

from __future__ import annotations

import atexit
import contextlib
import enum
import faulthandler
import functools
import os
import re
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi import output as sdk_output
from pulumi.runtime import proto, rpc

from ..errors import BigPandaError

LOG_LIMIT_S = 2.0
"""How long the engine may take for a line."""
WAKE_S = 0.2
"""How often the main thread is woken, so that it sees a signal that another thread was given."""

_cancels: list[float] = []

# -- the process ends --------------------------------------------------------------------------------------------------


def on_exit(action: Callable[[], None]) -> None:
    """Run the action when the interpreter ends, before worker threads are waited for.

    `threading._register_atexit`, which `concurrent.futures` uses, calls what was registered last first. Closed:
    `atexit`, which comes after that wait, so during a long create of another resource it is too late.
    """
    begun = threading.Event()

    def act() -> None:
        # A second SIGINT would break the action off; the engine kills a process that takes too long anyway.
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        begun.set()
        action()

    _wake_main_thread_until(begun)
    register = getattr(threading, "_register_atexit", atexit.register)
    with contextlib.suppress(RuntimeError):  # the interpreter is ending already
        register(act)


def _wake_main_thread_until(begun: threading.Event) -> None:
    """Wake the main thread regularly, so that it sees a SIGINT that the kernel has delivered to another thread.

    The SDK's main thread waits without a limit, and Python acts on a signal in the main thread alone. The kernel may
    deliver a signal for the process to any of its threads; on a busy machine about one SIGINT in a hundred does not
    interrupt the main thread's wait, and the engine kills the process 5 s later. A signal for the main thread alone
    interrupts it. Only the main thread may set handlers, except through `faulthandler`; what that writes goes to the
    null device. Closed, as on Windows: such a process is killed, and the next update or `bigpanda-release flush` ends
    what it left open.
    """
    main = threading.main_thread().ident
    if main is None or not hasattr(signal, "pthread_kill") or not hasattr(faulthandler, "register"):
        return
    faulthandler.register(signal.SIGURG, os.open(os.devnull, os.O_WRONLY), all_threads=False, chain=True)

    def wake() -> None:
        while not begun.wait(WAKE_S):
            signal.pthread_kill(main, signal.SIGURG)

    threading.Thread(target=wake, name="bigpanda-wake", daemon=True).start()


def on_engine_gone(action: Callable[[], None]) -> bool:
    """Run the action in a thread when the engine was killed: the pipe that is standard input ends then.

    Returns whether that can be noticed.

    Closed: standard input that is at its end already, or none, says nothing, and the action is never run.
    """
    try:
        at_its_end_already = bool(select.select([0], [], [], 0)[0])
    except (OSError, ValueError):
        return False
    if not at_its_end_already:
        threading.Thread(target=_watch, args=(action,), name="bigpanda-watch", daemon=True).start()
    return not at_its_end_already


def _watch(action: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
        action()


# -- the SDK's main module, `pulumi/dynamic/__main__.py` ---------------------------------------------------------------


def count_cancels(now: Callable[[], float]) -> None:
    """Note the time of each `Cancel` of the engine: one when an update ends, and one before if it is cancelled.

    The SDK's `Cancel` does nothing but make an `Empty`: `empty_pb2` of its main module is replaced, and
    `sys._getframe` tells who makes one. Closed: an update never counts as cancelled, and what it leaves open ends with
    the reason that it was not complete.

    Args:
        now: the time in seconds.
    """
    main = sys.modules.get("__main__")
    if getattr(main, "empty_pb2", None) is empty_pb2 and hasattr(sys, "_getframe"):
        main.empty_pb2 = _NoticesCancel(now)  # type: ignore[union-attr]


def note_cancel(at: float) -> None:
    """Note the time of a `Cancel` of the engine, in seconds."""
    _cancels.append(at)


def cancelled_at() -> float | None:
    """When the update was cancelled; None where it was not, or where that cannot be known."""
    return _cancels[0] if len(_cancels) > 1 else None


class _NoticesCancel:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def Empty(self) -> Any:  # noqa: N802 - protobuf's name
        if sys._getframe(1).f_code.co_name == "Cancel":
            note_cancel(self._now())
        return empty_pb2.Empty()

    def __getattr__(self, name: str) -> Any:
        return getattr(empty_pb2, name)


def show_errors_as_sentences() -> None:
    """Let the engine show an error of this package as its sentence, not as a traceback.

    The SDK sends it `traceback.format_exc()`: `traceback` of its main module is replaced. Closed: the user sees the
    traceback, the sentence being its last line.
    """
    main = sys.modules.get("__main__")
    if getattr(main, "traceback", None) is traceback:
        main.traceback = _Sentences()  # type: ignore[union-attr]


class _Sentences:
    def format_exc(self, *args: Any, **kwargs: Any) -> str:
        error = sys.exc_info()[1]
        return str(error) if isinstance(error, BigPandaError) else traceback.format_exc(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)


# -- the engine --------------------------------------------------------------------------------------------------------


def engine_address() -> str | None:
    """Where the engine listens, `HOST:PORT`; None where that is not known.

    The engine gives it to every plugin as its last argument, and the SDK makes nothing of it. Closed: None.
    """
    last = sys.argv[-1] if sys.argv else ""
    return last if re.fullmatch(r"[\w.\[\]:-]+:\d+", last) else None


class Show(enum.Enum):
    """How the engine shows a line.

    Attributes:
        WARNING: as a warning of the update, in its summary.
        LINE: at a resource, while the update runs, and in the summary.
        STATUS: at a resource, until the next line there.
    """

    WARNING = enum.auto()
    LINE = enum.auto()
    STATUS = enum.auto()


@functools.cache
def _channel(address: str) -> grpc.Channel:
    return grpc.insecure_channel(address)


def show(sentence: str, how: Show, urn: str = "") -> bool:
    """Let the engine show a line; whether it took it.

    `pulumi.log` only prints in this process, since it is not told the engine's address; the stubs of the engine's log
    service are the SDK's own, `pulumi.runtime.proto`. Closed: False.

    Args:
        sentence: the line.
        how: as what it is shown.
        urn: the resource; none, if empty.
    """
    address = engine_address()
    if address is None:
        return False
    try:
        engine = proto.engine_pb2
        severity = engine.WARNING if how is Show.WARNING else engine.INFO
        request = engine.LogRequest(severity=severity, message=sentence, urn=urn, ephemeral=how is Show.STATUS)
        proto.engine_pb2_grpc.EngineStub(_channel(address)).Log(request, timeout=LOG_LIMIT_S)
    except (AttributeError, grpc.RpcError):
        return False
    return True


# -- values that are not known yet -------------------------------------------------------------------------------------

UNKNOWN: str = getattr(rpc, "UNKNOWN", "04da6b54-80e4-46f7-96ec-b56ff0331ba9")
"""What stands for such a value between engine and SDK, both ways. Closed: the engine's constant, as it is today."""

_UNKNOWN_OBJECT = getattr(sdk_output, "Unknown", ())


def is_unknown(value: Any) -> bool:
    """Whether this is a value that is not known yet in a preview.

    The SDK hands `check` and `diff` an object of `pulumi.output.Unknown`, which it cannot serialize again. Closed: only
    the marker `UNKNOWN` is recognized.
    """
    return isinstance(value, _UNKNOWN_OBJECT) or (isinstance(value, str) and value == UNKNOWN)
