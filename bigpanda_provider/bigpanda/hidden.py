"""Keeps secrets out of what is told of a deployment. No I/O and no Pulumi."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .events import StartEvent

MASK = "***"
"""What stands in the place of a secret."""
SHORTEST = 4
"""The fewest characters of a secret: a tag may well hold a shorter one by chance."""


def in_text(text: str, secrets: Collection[str]) -> str:
    """The text with stars wherever a secret stands in it."""
    if not any(secret in text for secret in secrets if len(secret) >= SHORTEST):
        return text
    from .masking import masked  # what it loads takes a while, and mostly there is nothing to mask

    return masked(text, [secret for secret in secrets if len(secret) >= SHORTEST])


def in_start(start: StartEvent, secrets: Collection[str]) -> StartEvent:
    """The start event with stars wherever a secret stands in it."""
    stored = start.stored()
    hidden = _in_values(stored, secrets)
    if hidden == stored:
        return start
    from .events import read  # the program's process, which masks tags alone, needs no events

    return read(type(start), hidden)


def _in_values(value: Any, secrets: Collection[str]) -> Any:
    if isinstance(value, str):
        return in_text(value, secrets)
    if isinstance(value, Mapping):
        return {name: _in_values(inner, secrets) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_in_values(inner, secrets) for inner in value]
    return value
