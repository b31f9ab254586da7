"""How delivery tells the user of what went wrong; each process has its own way to show it."""

from __future__ import annotations

from typing import Protocol

OUTAGE = "outage"
"""What a warning is about that events are queued since BigPanda did not take one."""
OUTBOX = "outbox"
"""What a warning is about that the outbox cannot be used."""


class Warn(Protocol):
    """Shows a warning."""

    def __call__(self, sentence: str, *, about: str | None = None) -> None:
        """Show it; of what is `about` one thing, once."""


def silent(sentence: str, *, about: str | None = None) -> None:
    """Show nothing: for a process that is not the one to tell of it."""
