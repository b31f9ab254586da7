"""What is said to somebody who stops a run."""

from __future__ import annotations

import signal

from .process import Asked


def sentence(asked: Asked, operations: int) -> str:
    """What happens now, and what to do.

    Args:
        asked: by which signal, and whether for the first time.
        operations: how many operations on resources are under way.
    """
    if asked.again:
        return _stopping(operations)
    is_key = asked.number == signal.SIGINT
    cancelling = "cancelling" if is_key else f"cancelling on {signal.Signals(asked.number).name}"
    if not asked.engines:
        return f"{cancelling}; nothing more is started"
    waiting = f"waiting for {_counted(operations)}" if operations else "waiting for the engine"
    again = "press Ctrl-C again" if is_key else "send it again"
    return f"{cancelling}: {waiting}; {again} to stop now"


def _stopping(operations: int) -> str:
    """The engine leaves what is under way as pending operations in the stack's state."""
    if not operations:
        return "stopping now"
    resources = "its resource" if operations == 1 else "their resources"
    return f"stopping now: {_counted(operations)} may be incomplete; check {resources}, then run `pulumi refresh`"


def _counted(operations: int) -> str:
    return f"{operations} operation{'' if operations == 1 else 's'}"
