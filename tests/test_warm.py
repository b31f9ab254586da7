"""A process that is forked from a warm Python does and leaves what one does that is started."""

from __future__ import annotations

import pathlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from . import warm
from .engine import write_program

PROGRAM = """
import atexit, sys, threading, time

import fresh

print("from the program", sys.argv[1:])
atexit.register(lambda: print("at the end"))
threading.Thread(target=lambda: (time.sleep(0.3), print("from a thread"))).start()
"""
CHANGES = """
import atexit, signal, sys, threading
from tests.warm.imported import PACKAGE, import_libraries, import_modules_of_package

SEEN = ("pulumi", "grpc", "asyncio", "threading", "concurrent")

def now():
    for name, module in [*sys.modules.items()]:
        if not name.startswith((PACKAGE, "tests")):
            for attribute, value in [*vars(module).items()]:
                yield (name, attribute), id(value)
                if isinstance(value, type) and str(value.__module__).startswith(SEEN):
                    yield from (((name, attribute, one), id(had)) for one, had in [*vars(value).items()])
    yield "threads", threading.active_count()
    yield "at exit", atexit._ncallbacks()
    yield "at exit, before threads", len(threading._threading_atexits)
    yield from ((number, signal.getsignal(number)) for number in signal.valid_signals())

import_libraries()
before = dict(now())
import_modules_of_package()
print([what for what, value in now() if before.get(what, value) != value], len(before) > 10_000)
print(PACKAGE + ".program.run" in sys.modules, PACKAGE in sys.modules)
"""
ENDS = {"": 0, "sys.exit()": 0, "sys.exit(3)": 3, "sys.exit('told')": 1, "1 / 0": 1, "raise KeyboardInterrupt": -2}


@pytest.fixture(scope="module")
def warm_python() -> Iterator[str]:
    """A Python whose processes are forked."""
    with warm.running() as environment:
        yield environment[warm.HOST_PYTHON]


def ran(python: str, folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """What the program in this folder did."""
    return subprocess.run(
        [python, folder / "pulumi-language-python-exec", "a", "b"],
        env={"PYTHONPATH": str(warm.ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_program_that_is_written_anew_is_run(warm_python: str, tmp_path: pathlib.Path) -> None:
    """Within the second, too, and with as many characters: what was compiled of the one before is not taken for it."""
    (tmp_path / "pulumi-language-python-exec").write_text(f"import runpy\nrunpy.run_path({str(tmp_path)!r})\n")
    for text in ("print('one')", "print('two')", "print('six')"):
        write_program(tmp_path, text)
        assert ran(warm_python, tmp_path).stdout == f"{text[7:10]}\n"
    assert list(tmp_path.glob("__pycache__/__main__.*.pyc"))


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_as_one_that_is_started(end: str, warm_python: str, tmp_path: pathlib.Path) -> None:
    """Its threads and what it does at exit are waited for, its output is whole, and its code and traceback are those.

    What it imports is compiled once, also where the tests run with PYTHONDONTWRITEBYTECODE.
    """
    (tmp_path / "pulumi-language-python-exec").write_text(f"{PROGRAM}\n{end}\n")
    (tmp_path / "fresh.py").touch()
    forked = ran(warm_python, tmp_path)
    assert list(tmp_path.glob("__pycache__/fresh.*.pyc"))
    started = ran(sys.executable, tmp_path)
    assert forked.returncode == started.returncode == ENDS[end]
    assert forked.stdout == started.stdout == "from the program ['a', 'b']\nfrom a thread\nat the end\n"
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_the_process_is_known(number: signal.Signals, tmp_path: pathlib.Path) -> None:
    """The process gets a signal that the engine sent before the client had heard which process it is."""
    client = warm.write_client(tmp_path)
    with (
        socket.socket(socket.AF_UNIX) as listening,
        subprocess.Popen(["sleep", "60"], preexec_fn=lambda: signal.signal(number, signal.SIG_DFL)) as forked,
    ):
        listening.bind(str(tmp_path / warm.SOCKET))
        listening.listen()
        with subprocess.Popen([client], stderr=subprocess.PIPE, text=True) as process:
            server, _ = listening.accept()
            with server:
                server.recv(4)  # as long as nobody has, the message holds the files that come with it
                process.send_signal(number)
                server.sendall(forked.pid.to_bytes(4, "big"))
                code = forked.wait(60)
                server.sendall(code.to_bytes(4, "big", signed=True))
                _, told = process.communicate(timeout=60)
    assert (code, process.returncode, told) == (-number, -number, "")


def test_the_modules_of_this_package_change_nothing() -> None:
    """Importing them has no effect on Python, the SDK or gRPC, so a warm Python may do it before the program does."""
    ran = subprocess.run([sys.executable, "-c", CHANGES], cwd=warm.ROOT, capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.stderr) == ("[] True\nTrue False\n", "")
