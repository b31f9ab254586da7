"""Times as people and other programs write them in an address: Unix seconds or ISO 8601."""

from __future__ import annotations

import math
import re
import time
from datetime import datetime, timezone

LAST_SECOND = 253_402_300_799
"""The last second of the year 9999."""

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,]\d+)?)?)? ?(Z|[+-]\d\d(?::?\d\d)?)?", re.IGNORECASE | re.ASCII
)
_PLUS_GONE = re.compile(r"(T\d\d:\d\d\S*) (\d\d(?::?\d\d)?)", re.IGNORECASE | re.ASCII)


def iso(seconds: int) -> str:
    """A time in ISO 8601; one that no calendar has is its number."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def period(since: str, until: str) -> str:
    """The time between two in ISO 8601, as a page shows it; one of them may be missing."""
    first, last = (text.replace("T", " ").removesuffix("Z") for text in (since, until))
    if (first or last).endswith(":00") and (last or first).endswith(":00"):
        first, last = first[:-3], last[:-3]
    if not first or not last:
        return f"since {first} UTC" if first else f"until {last} UTC"
    day, _, clock = last.partition(" ")
    return f"{first} to {clock if first.startswith(day) else last} UTC"


def parse_time(text: str) -> int:
    """A time in Unix seconds, from seconds or ISO 8601; UTC, if that has no offset.

    Raises:
        ValueError: it is neither; the text is a sentence that says what to write.
    """
    given = text.strip()
    found = _number(given) if re.fullmatch(r"\d{1,15}(?:\.\d{1,9})?", given, re.ASCII) else _iso(given)
    if found is None:
        raise ValueError(f'"{text}" is not a time; write Unix seconds (1700000000) or ISO 8601 (2023-11-14T22:13:20Z)')
    return found


def _number(given: str) -> int | None:
    seconds = math.floor(float(given))
    return seconds if seconds <= LAST_SECOND else None


def _iso(given: str) -> int | None:
    # In an address a plus sign is a blank, unless it is escaped.
    parts = _ISO.fullmatch(_PLUS_GONE.sub(r"\1+\2", given))
    if parts is None:
        return None
    day, minute, second, offset = parts[1], parts[2] or "00:00", parts[3] or "00", (parts[4] or "Z").upper()
    digits = offset[1:].replace(":", "").ljust(4, "0")
    zone = "+00:00" if offset == "Z" else f"{offset[0]}{digits[:2]}:{digits[2:]}"
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}:{second}{zone}")
        seconds = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()
    except (ValueError, OverflowError):
        return None
    return int(seconds) if 0 <= seconds <= LAST_SECOND else None
