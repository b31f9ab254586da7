"""Where deployments and changes stand on a time axis; pure geometry."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 1000
"""The axis is so many units long."""
LEAST = 3.0
"""A bar is at least so many units wide, or nobody would see it."""
TICKS = 4
DATES_FROM_S = 3 * 86_400
"""An axis of that many seconds says dates alone."""
SECONDS_UP_TO_S = 1200
"""A shorter axis says seconds, too."""


@dataclass(frozen=True)
class Bar:
    """One deployment.

    Attributes:
        change: the deployment.
        x: where it begins, in units.
        width: how long it is, in units.
    """

    change: Mapping[str, Any]
    x: float
    width: float


@dataclass(frozen=True)
class Tick:
    """A time on the axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Timeline:
    """The deployments of a page on one axis, the earliest start first."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]

    @classmethod
    def of(cls, changes: Sequence[Mapping[str, Any]], now: int, since: int | None = None) -> Timeline:
        """Lay them out; one that is in progress lasts until now, another one without an end shows its start alone.

        Args:
            changes: the deployments and changes.
            now: in Unix seconds.
            since: where the axis begins, to end now; what is before or after stands at its edge. If None, the axis
                holds them all.
        """
        if not changes:
            return cls((), ())
        spans = sorted(((c, c["started"], max(_end(c, now), c["started"])) for c in changes), key=lambda span: span[1])
        first, last = min(start for _, start, _ in spans), max(end for _, _, end in spans)
        if since is not None:
            first, last = since, now
            spans = [(c, _within(since, start, now), _within(since, end, now)) for c, start, end in spans]
        unit = WIDTH / max(last - first, 1)
        bars = []
        for change, start, end in spans:
            width = max((end - start) * unit, LEAST)
            bars.append(Bar(change, round(min((start - first) * unit, WIDTH - width), 1), round(width, 1)))
        times = [first + (last - first) * number / TICKS for number in range(TICKS + 1)]
        labels = _labels(times, last - first)
        ticks = [Tick(round(WIDTH * number / TICKS, 1), label) for number, label in enumerate(labels)]
        return cls(bars, ticks)


def _within(first: int, seconds: int, last: int) -> int:
    return min(max(seconds, first), last)


def _end(change: Mapping[str, Any], now: int) -> int:
    if change["ended"] is not None:
        return int(change["ended"])
    return now if change["state"] == "in_progress" else int(change["started"])


def _labels(times: Sequence[float], length: int) -> list[str]:
    """What stands at these times: the time of day, with the date where it changes; the dates alone on a long axis."""
    if length >= DATES_FROM_S:
        return [_label("%Y-%m-%d", at) for at in times]
    found, known = [], _label("%Y-%m-%d", times[0])
    for at in times:
        date = _label("%Y-%m-%d", at)
        clock = _label("%H:%M:%S" if length < SECONDS_UP_TO_S else "%H:%M", at)
        found.append(clock if date == known else f"{date} {clock}")
        known = date
    return found


def _label(pattern: str, seconds: float) -> str:
    try:
        return time.strftime(pattern, time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):  # no calendar has it
        return ""
