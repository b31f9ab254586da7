"""How much history the outbox keeps: `BIGPANDA_HISTORY_DAYS`."""

from __future__ import annotations

import math
import pathlib
from collections.abc import Mapping
from dataclasses import replace

from ...bigpanda.text import one_line
from ...dataclass import dataclass
from .location import Location

VARIABLE = "BIGPANDA_HISTORY_DAYS"
DAYS = 90
MOST = 10_000
"""How many settled attempts a file keeps, and some more."""


@dataclass(frozen=True)
class Kept:
    """How much history is kept.

    Attributes:
        days: settled attempts that were recorded longer ago than that are forgotten.
        most: of the others so many are kept, and some more; None for all.
    """

    days: float = DAYS
    most: int | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str], location: Location) -> Kept:
        """What an environment asks for; where it asks for what cannot be, as by default."""
        days = _days(environ.get(VARIABLE) or str(DAYS))
        return replace(cls.by_default(location), days=DAYS if days is None else days)

    @classmethod
    def by_default(cls, location: Location) -> Kept:
        """What is kept at a location where nothing else is asked for."""
        return cls(most=MOST if isinstance(location, pathlib.Path) else None)


def problem(environ: Mapping[str, str]) -> str | None:
    """What is wrong with `BIGPANDA_HISTORY_DAYS`; None where nothing is."""
    told = environ.get(VARIABLE)
    if not told or _days(told) is not None:
        return None
    return f'{VARIABLE} "{one_line(told, 40)}" is not a number of days, so {DAYS} is used; write a number above 0'


def _days(text: str) -> float | None:
    try:
        days = float(text)
    except ValueError:
        return None
    return days if days > 0 and math.isfinite(days) else None
