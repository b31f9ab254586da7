"""Warnings of the provider process, shown by the engine in the update's summary."""

from __future__ import annotations

import sys
import threading

from . import sdk

_said: set[str] = set()
_lock = threading.Lock()


def warn(sentence: str, *, about: str | None = None) -> None:
    """Show a warning. Never fails: where the engine cannot be asked it is printed.

    Args:
        sentence: the warning.
        about: what it is about: of one thing a process warns once, in the first words. The sentence itself, if absent.
    """
    with _lock:
        if (about or sentence) in _said:
            return
        _said.add(about or sentence)
    if not sdk.log_warning(sentence):
        print(f"warning: {sentence}", file=sys.stderr, flush=True)
