"""What the provider process does when it is told to go."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import threading, time
from bigpanda_provider.provider import process

def act():
    print("acting", flush=True)
    time.sleep(1)
    print("acted", flush=True)

process.on_exit(act)
try:
    print("ready", flush=True)
    threading.Event().wait(30)
except KeyboardInterrupt:
    pass
"""


def test_a_second_signal_does_not_break_off_what_is_done_at_the_end() -> None:
    """The engine may send more than one; the guard's events are sent all the same."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        assert running.stdout.readline() == "acting\n"
        running.send_signal(signal.SIGINT)
        assert running.stdout.readline() == "acted\n"
        assert running.wait(10) == 0
