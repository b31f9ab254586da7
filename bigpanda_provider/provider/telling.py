"""What the provider process tells the user, through the engine: warnings, and of each event what became of it."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
from collections.abc import Iterator

from ..bigpanda.workers import Workers
from ..state import DEPLOYMENT_TYPE
from . import sdk
from .sdk import Show

SLOW_S = 1.0
"""How long an event is on its way before the user is told that BigPanda is waited for, and how often then."""

_said: set[str] = set()
_lock = threading.Lock()
_lines = Workers("bigpanda-lines", 1)  # one, so that they keep their order


def warn(sentence: str, *, about: str | None = None) -> None:
    """Show a warning. Never fails: if the engine cannot show it, the warning goes to standard error.

    Args:
        sentence: the warning.
        about: what it is about: of one thing a process warns once, in the first words. The sentence itself, if absent.
    """
    with _lock:
        if (about or sentence) in _said:
            return
        _said.add(about or sentence)
    if not sdk.show(sentence, Show.WARNING):
        with contextlib.suppress(OSError, ValueError):  # its reader was killed with the engine, or it is closed
            print(f"warning: {sentence}", file=sys.stderr, flush=True)


def tell(sentence: str, at: str) -> threading.Event:
    """Show a line at a Deployment: while the update runs, and in its summary.

    Args:
        sentence: the line.
        at: the Deployment's URN.

    Returns:
        An event that is set once the engine has the line. Only the end of the process has to wait for it.
    """

    def show() -> None:
        sdk.show(sentence, Show.LINE, at)

    return _lines.run(show)


@contextlib.contextmanager
def counted_down(limit_s: float, at: str) -> Iterator[None]:
    """While the block lasts, show at a Deployment that BigPanda is waited for, and how much longer.

    Args:
        limit_s: how long it may last, in seconds.
        at: the Deployment's URN.
    """
    over = threading.Event()
    given = (time.monotonic() + limit_s, at, over)
    with contextlib.suppress(RuntimeError):  # no thread can be started: the event is not to wait for its countdown
        threading.Thread(target=_count_down, args=given, name="bigpanda-counting", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _count_down(deadline: float, at: str, over: threading.Event) -> None:
    while not over.wait(SLOW_S) and (left_s := deadline - time.monotonic()) > 0:
        sdk.show(f"waiting for BigPanda, {left_s:.0f} s left", Show.STATUS, at)


def urn(stack: str, name: str, kind: str = DEPLOYMENT_TYPE) -> str:
    """The URN of a Deployment: the engine tells a dynamic provider none.

    Args:
        stack: the stack's full name: `organization/project/stack`.
        name: the Deployment's name in it; under a parent, with the parents' types and perhaps a name before it.
        kind: the Deployment's own type.
    """
    *_, project, short = ["", *stack.split("/")]
    under = re.fullmatch(r"([^:]+:[^:]*:[^:]+(?:\$[^:]+:[^:]*:[^:]+)*)(?:::.+?)?::(.+)", name, re.DOTALL)
    kinds, own = (kind, name) if under is None else (f"{under[1]}${kind}", under[2])
    return f"urn:pulumi:{short}::{project}::{kinds}::{own}"
