"""What goes wrong in a campaign: a BigPanda that misbehaves for a time, and processes that are killed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from .. import faults
from ..engine import CANCEL, Running

MISHAPS = ("none", "none", "none", "fails", "raises", "cancel", "cancel twice", "engine", "program", "provider", "all")
KILLS = frozenset({"cancel", "cancel twice", "engine", "program", "provider", "all"})
OUTAGES = ("none", "none", "none", "away", "503", "reset", "hang", "comes back", "goes away")


@contextlib.contextmanager
def outage(faulty: faults.FaultyBigPanda, kind: str, moment_s: float) -> Iterator[None]:
    """BigPanda misbehaves from now, or from or to a moment within the step.

    Args:
        faulty: the BigPanda.
        kind: one of `OUTAGES`.
        moment_s: when it comes back or goes away, in seconds from now.
    """
    turn = None
    if kind in ("away", "comes back"):
        faulty.go_away()
    if kind in ("comes back", "goes away"):
        turn = threading.Timer(moment_s, faulty.come_back if kind == "comes back" else faulty.go_away)
        turn.start()
    faulty.fault = {"503": faults.answer(503), "reset": faults.reset, "hang": faults.hang}.get(kind)
    try:
        yield
    finally:
        if turn is not None:
            turn.join()
        faulty.fault = None
        faulty.come_back()


def hurt(update: Running, mishap: str) -> None:
    """Cancel the update, or kill what there is of its processes."""
    if update.process.poll() is not None:
        return
    if mishap.startswith("cancel"):
        update.process.send_signal(CANCEL)
        if mishap == "cancel twice":
            time.sleep(0.3)
            update.process.send_signal(CANCEL)
        return
    victims: dict[str, Callable[[], list[int]]] = {
        "engine": lambda: [update.process.pid],
        "program": update.program,
        "provider": update.provider,
        "all": lambda: [update.process.pid, *update.program(), *update.provider()],
    }
    if pids := victims[mishap]():
        update.kill(pids)
