"""Values on their way from the program to the engine: what Pulumi cannot carry is turned into what it can, or refused.

Protobuf has no datetime and no lone surrogates, and the SDK's own answer to a value that it does not know is a
traceback. What an Output holds is seen once it is known.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import pulumi

from .errors import BigPandaError, DeclarationError


def carried(value: Any, where: str) -> Any:
    """The value as Pulumi can carry it.

    Args:
        value: what the user gave: plain, an Output, or a list or map of such.
        where: what it was given for, for the error's sentence: 'Deployment "shop": hosts'.

    Raises:
        DeclarationError: it is of a kind that cannot be carried.
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, pulumi.Output):
        return value.apply(lambda known: carried(known, where))
    if isinstance(value, dt.datetime):
        return _seconds(value, where)
    if isinstance(value, (list, tuple)):
        return [carried(item, where) for item in value]
    if isinstance(value, Mapping):
        return {str(key): carried(item, where) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise DeclarationError(f"{where} is {value}; write a finite number")
    if value is None or isinstance(value, (bool, int, float, pulumi.Resource)) or hasattr(value, "__await__"):
        return value
    raise DeclarationError(
        f"{where} is a {type(value).__name__}, which Pulumi cannot carry; use text, numbers, lists and maps of them"
    )


def _seconds(moment: dt.datetime, where: str) -> int:
    from .events import seconds

    try:
        return seconds(moment)
    except BigPandaError:
        raise DeclarationError(
            f"{where} is a datetime without a time zone; give it one: datetime.now(timezone.utc)"
        ) from None
