"""The private doors of SDK, gRPC and Python in the provider process: each is open, and closed it costs a comfort only.

A test `test_open_NAME` fails when a new SDK or Python closes the door NAME of `provider/sdk.py`.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dill  # type: ignore[import-untyped]
import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi import output as sdk_output
from pulumi.dynamic import CreateResult, ResourceProvider
from pulumi.runtime import proto, rpc

from bigpanda_provider.errors import DeliveryError
from bigpanda_provider.provider import sdk, telling

from .engine import Run, Stack

NOBODY = "127.0.0.1:9"

# -- the process ends --------------------------------------------------------------------------------------------------

BUSY = """
import threading
from concurrent.futures import ThreadPoolExecutor
from bigpanda_provider.provider import sdk

acted = threading.Event()

def act():
    print("acted", flush=True)
    acted.set()

def work():
    acted.wait({limit})
    print("worked", flush=True)

{closed}
ThreadPoolExecutor(1).submit(work)
sdk.on_exit(act)
"""
SLOW = """
import signal, threading, time
from bigpanda_provider.provider import sdk

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started with

def act():
    print("acting", flush=True)
    time.sleep(1)
    print("acted", flush=True)

sdk.on_exit(act)
try:
    print("ready", flush=True)
    threading.Event().wait(30)
except KeyboardInterrupt:
    pass
"""
TOLD_ANOTHER = """
import faulthandler, signal, threading
from bigpanda_provider.provider import sdk

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started with
{closed}
sdk.on_exit(lambda: print("acted", flush=True))
other = threading.Thread(target=threading.Event().wait, daemon=True)
other.start()
threading.Timer(0.5, signal.pthread_kill, [other.ident, signal.SIGINT]).start()
try:
    threading.Event().wait({limit})
except KeyboardInterrupt:
    pass
"""
WATCHING = """
import threading
from bigpanda_provider.provider import sdk

gone = threading.Event()
sdk.on_engine_gone(gone.set)
print("watching", flush=True)
print("gone" if gone.wait({limit}) else "nothing", flush=True)
"""


def printed(program: str) -> list[str]:
    """What a program prints whose standard input is at its end from the beginning."""
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True
    ).stdout.split()


def test_open_on_exit() -> None:
    """The action runs while a worker thread still works, which the interpreter waits for before `atexit`."""
    assert printed(BUSY.format(limit=30, closed="")) == ["acted", "worked"]


def test_closed_on_exit() -> None:
    """It runs when the worker threads are done."""
    assert printed(BUSY.format(limit=0.2, closed="del threading._register_atexit")) == ["worked", "acted"]


def test_a_second_signal_does_not_break_off_what_is_done_at_the_end() -> None:
    """The engine may send more than one; the guard's events are sent all the same."""
    with subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        assert running.stdout.readline() == "acting\n"
        running.send_signal(signal.SIGINT)
        assert running.stdout.readline() == "acted\n"
        assert running.wait(10) == 0


def test_a_signal_that_another_thread_is_given() -> None:
    """The kernel may give it to any thread, and Python acts on it in the main one alone, which waits."""
    assert printed(TOLD_ANOTHER.format(limit=None, closed="")) == ["acted"]


@pytest.mark.parametrize("closed", ["del faulthandler.register", "del signal.pthread_kill"])
def test_a_signal_that_another_thread_is_given_closed(closed: str) -> None:
    """The main thread sees it when its wait is over, if it is ever."""
    program = TOLD_ANOTHER.replace("signal.pthread_kill, [", "lambda *given: kill(*given), [")
    program = program.replace("{closed}", "kill = signal.pthread_kill\n{closed}")
    assert printed(program.format(limit=1.5, closed=closed)) == ["acted"]


def test_open_on_engine_gone() -> None:
    """Standard input is a pipe that ends with the engine. That the engine holds one is seen in `test_kill.py`."""
    with subprocess.Popen(
        [sys.executable, "-c", WATCHING.format(limit=30)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline() == "watching\n"
        running.stdin.write("what comes before the end says nothing")
        running.stdin.close()
        assert running.stdout.readline() == "gone\n"


@pytest.mark.parametrize("closed", ["", "import os; os.close(0)"])
def test_closed_on_engine_gone(closed: str) -> None:
    """Standard input that is at its end from the beginning, or not there, ends nothing."""
    assert printed(closed + WATCHING.format(limit=0.5)) == ["watching", "nothing"]


# -- the SDK's main module ---------------------------------------------------------------------------------------------


class Failing(ResourceProvider):
    """Fails to create, and deletes."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Fail."""
        raise self.error


class AbortedError(Exception):
    """What ends a call."""


class Context:
    """What gRPC gives to a call."""

    def abort(self, code: Any, details: str) -> None:
        """End the call."""
        raise AbortedError(details)


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The SDK's main module, as it stands in the provider process; its server is not started."""

    class NoServerError(Exception):
        pass

    def no_server(*_args: Any, **_options: Any) -> None:
        raise NoServerError

    monkeypatch.setattr(grpc, "server", no_server)
    monkeypatch.setattr(sdk, "_cancels", [])
    spec = importlib.util.find_spec("pulumi.dynamic.__main__")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "__main__", module)
    with pytest.raises(NoServerError):
        spec.loader.exec_module(module)
    return module


def call(main: Any, method: str, error: Exception | None = None) -> str | None:
    """Call the SDK's provider as the engine does, in a thread of its server; returns the error that the engine gets."""
    provider = base64.b64encode(dill.dumps(Failing(error or RuntimeError()))).decode()
    properties = struct_pb2.Struct()
    properties.update({"__provider": provider})
    request = {
        "Cancel": None,
        "Create": proto.provider_pb2.CreateRequest(urn="urn", properties=properties),
        "Delete": proto.provider_pb2.DeleteRequest(id="id", urn="urn", properties=properties),
    }[method]
    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(getattr(main.DynamicResourceProviderServicer(), method), request, Context()).result()
        except AbortedError as aborted:
            return str(aborted)
    return None


def test_open_count_cancels(main: Any) -> None:
    """The first of two `Cancel` is when the update was cancelled; other calls do not count."""
    times = iter((1.0, 2.0))
    sdk.count_cancels(lambda: next(times))
    call(main, "Cancel")
    call(main, "Delete")
    assert sdk.cancelled_at() is None
    call(main, "Cancel")
    assert sdk.cancelled_at() == 1.0


@pytest.mark.parametrize("lost", ["empty_pb2", "_getframe"])
def test_closed_count_cancels(main: Any, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """No update counts as cancelled, and `Cancel` works."""
    empty = main.empty_pb2
    if lost == "empty_pb2":
        main.empty_pb2 = types.SimpleNamespace(Empty=empty.Empty)  # another one than ours
        sdk.count_cancels(lambda: 1.0)
    else:
        with monkeypatch.context() as without:
            without.delattr(sys, "_getframe")
            sdk.count_cancels(lambda: 1.0)
    for _ in range(2):
        assert call(main, "Cancel") is None
    assert sdk.cancelled_at() is None


def test_open_show_errors_as_sentences(main: Any) -> None:
    """An error of ours reaches the engine as its sentence, any other as its traceback."""
    sdk.show_errors_as_sentences()
    assert call(main, "Create", DeliveryError("BigPanda is away")) == "BigPanda is away"
    assert (call(main, "Create", RuntimeError("not ours")) or "").startswith("Traceback")


def test_closed_show_errors_as_sentences(main: Any) -> None:
    """It reaches the engine as the SDK sends it."""
    main.traceback = types.SimpleNamespace(format_exc=main.traceback.format_exc)  # another one than ours
    sdk.show_errors_as_sentences()
    shown = call(main, "Create", DeliveryError("BigPanda is away")) or ""
    assert shown.startswith("Traceback")
    assert shown.rstrip().endswith("BigPanda is away")


@pytest.mark.parametrize("without", ["__main__", "its names"])
def test_closed_main_module(monkeypatch: pytest.MonkeyPatch, without: str) -> None:
    """Where there is none, or it has other names, nothing is replaced and nothing raised."""
    if without == "__main__":
        monkeypatch.delitem(sys.modules, "__main__")
    else:
        monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    sdk.count_cancels(lambda: 1.0)
    sdk.show_errors_as_sentences()


# -- the engine, and values that are not known yet ---------------------------------------------------------------------

DOORS = """
from pulumi.dynamic import CheckResult, CreateResult, Resource, ResourceProvider

class Doors(ResourceProvider):
    def check(self, olds, news):
        import os
        from bigpanda_provider.provider import sdk
        if sdk.is_unknown(news["value"]):
            with open(os.environ["THING_JOURNAL"], "a") as journal:
                journal.write("unknown ")
            news = {**news, "value": sdk.UNKNOWN}
        return CheckResult(news, [])

    def create(self, props):
        from bigpanda_provider.provider import sdk
        logged = sdk.show("a sentence", sdk.Show.WARNING)
        return CreateResult("id", {**props, "address": sdk.engine_address(), "logged": logged})

class Door(Resource):
    address: pulumi.Output[str]
    logged: pulumi.Output[bool]

first = Door(Doors(), "first", {"value": 1, "address": None, "logged": None})
second = Door(Doors(), "second", {"value": first.address, "address": None, "logged": None})
pulumi.export("address", second.address)
pulumi.export("logged", second.logged)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Stack]:
    """An update of two resources that say what they found, and its stack."""
    stack = Stack(tmp_path_factory.mktemp("doors") / "stack", f"http://{NOBODY}").program(DOORS)
    run = stack.up()
    assert run.ok, run.output
    return run, stack


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], types.ModuleType]:
    """Import our module anew with an SDK as the test has made it."""

    def imported() -> types.ModuleType:
        spec = importlib.util.spec_from_file_location("bigpanda_provider.provider.closed", sdk.__file__)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return imported


def test_open_engine_address(ran: tuple[Run, Stack]) -> None:
    """The engine gives its address to the provider process."""
    assert ran[1].pulumi("stack", "output", "address").output.startswith("127.0.0.1:")


@pytest.mark.parametrize("arguments", [[], ["program"], ["program", "--port"], ["program", "http://host:1/path"]])
def test_closed_engine_address(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """What is no address is not taken for one."""
    monkeypatch.setattr(sys, "argv", arguments)
    assert sdk.engine_address() is None


def test_open_show(ran: tuple[Run, Stack]) -> None:
    """The engine shows it."""
    run, stack = ran
    assert stack.pulumi("stack", "output", "logged").output.strip() == "true"
    assert "warning: a sentence" in run.output


@pytest.mark.parametrize("lost", ["address", "engine", "stubs"])
def test_closed_show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lost: str) -> None:
    """The warning is printed."""
    monkeypatch.setattr(sys, "argv", ["program", *([] if lost == "address" else [NOBODY])])
    monkeypatch.setattr(sdk, "LOG_LIMIT_S", 0.2)
    monkeypatch.setattr(telling, "_said", set())
    if lost == "stubs":
        monkeypatch.delattr(proto, "engine_pb2_grpc")
    telling.warn("a sentence")
    assert capsys.readouterr().err == "warning: a sentence\n"


def test_closed_show_and_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is not held up because the engine, and whoever read standard error, were killed."""
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr(sys, "argv", ["program"])
    monkeypatch.setattr(telling, "_said", set())
    with os.fdopen(writing, "w", buffering=1) as errors:
        monkeypatch.setattr(sys, "stderr", errors)
        telling.warn("a sentence")
        with contextlib.suppress(OSError):
            errors.close()
        telling.warn("another sentence")
    assert errors.closed


def test_open_is_unknown(ran: tuple[Run, Stack]) -> None:
    """The SDK hands over an object in the preview, whose type has its name; the engine takes the marker for it."""
    assert (ran[1].journal).read_text() == "unknown "
    assert sdk.is_unknown(sdk_output.UNKNOWN)


def test_open_unknown_marker() -> None:
    """The marker is the SDK's, and the one that stands for it is the same."""
    assert sdk.UNKNOWN is rpc.UNKNOWN


def test_closed_unknown(monkeypatch: pytest.MonkeyPatch, closed: Callable[[], types.ModuleType]) -> None:
    """The marker alone is recognized, which is the engine's own."""
    marker = rpc.UNKNOWN
    monkeypatch.delattr(rpc, "UNKNOWN")
    monkeypatch.delattr(sdk_output, "Unknown")
    without = closed()
    assert marker == without.UNKNOWN
    assert without.is_unknown(marker)
    assert not without.is_unknown(sdk_output.UNKNOWN)
    assert not without.is_unknown([marker])
