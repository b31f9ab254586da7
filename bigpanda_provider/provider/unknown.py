"""What is not known yet in a preview, among the properties that the engine hands over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .sdk import UNKNOWN, is_unknown

__all__ = ["UNKNOWN", "holds_unknown", "known", "marked"]


def marked(value: Any) -> Any:
    """The value with the engine's marker in the place of what is not known yet.

    The SDK hands `check` and `diff` an object instead (seen in 3.260 to 3.272), which it cannot serialize again.
    """
    if is_unknown(value):
        return UNKNOWN
    if isinstance(value, dict):
        return {name: marked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [marked(inner) for inner in value]
    return value


def known(props: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The properties without what is unknown, and the names of those that are unknown or partly so."""
    found, unknown = {}, set()
    for name, value in props.items():
        if isinstance(value, list) and UNKNOWN in value:
            unknown.add(name)
            value = [item for item in value if item != UNKNOWN] or UNKNOWN
        if value == UNKNOWN:
            unknown.add(name)
        else:
            found[name] = value
    return found, unknown


def holds_unknown(value: Any) -> bool:
    """Whether the value is, or holds anywhere in it, what is not known yet."""
    if isinstance(value, Mapping):
        return any(holds_unknown(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds_unknown(inner) for inner in value)
    return bool(value == UNKNOWN)
