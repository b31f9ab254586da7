"""The time axis of a timeline: where it begins and ends, and what is written on it; pure geometry."""

from __future__ import annotations

import bisect
import calendar
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 100.0
"""The axis is so long: places on it are percent."""
MOST_TICKS = 7
"""An axis has about so many ticks, at most."""
DAY_S = 86_400
STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 10_800, 14_400, 21_600, 43_200, DAY_S, 2 * DAY_S, 5 * DAY_S, 10 * DAY_S),
)
"""The distances between two ticks, in seconds."""
STEPS_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200)
"""The distances on a longer axis, in months."""
MONTH_S = 30 * DAY_S
YEAR_MONTHS = 12
LABELS = ("%H:%M:%S", "%H:%M", "%d %b", "%b %Y", "%Y")
SECONDS, MINUTES, DAYS, MONTHS, YEARS = range(len(LABELS))
"""How exact a label is."""
PLANNED_PART, END_PART = 8, 60
"""An axis that ends now goes on for such a part of its length: where something is planned, and where nothing is."""
OUTLIERS = 10
"""On an axis that holds all there is, at most one in so many may be far from the others without squashing them."""
FEWEST = 4
"""Of fewer none is an outlier."""
NEAR_NOW = 5.0
"""A tick that is so near to "now" would be written over it."""


@dataclass(frozen=True)
class Span:
    """A time from its first to its last second, in Unix seconds."""

    first: int
    last: int


@dataclass(frozen=True)
class Tick:
    """A time on the axis.

    Attributes:
        x: where it is, in percent.
        label: what is written there.
    """

    x: float
    label: str


@dataclass(frozen=True)
class Axis:
    """A time axis.

    Attributes:
        first: where it begins, in Unix seconds.
        last: where it ends.
        now: the present, in percent; None where the axis has ended before, or begins later.
        ticks: the times that are written on it.
    """

    first: int
    last: int
    now: float | None
    ticks: Sequence[Tick]

    @classmethod
    def of(cls, spans: Sequence[Span], now: int, since: int | None = None, until: int | None = None) -> Axis:
        """The axis for some deployments.

        Args:
            spans: when they are; at least one.
            now: in Unix seconds.
            since: where it begins; with the earliest of them that is no outlier, if None.
            until: where it ends; a little after now, or with the last of them that is no outlier, if None.
        """
        first, last = _ends(spans, now, since, until)
        last = max(last, first + 1)
        x = (now - first) * WIDTH / (last - first)
        marked = round(x, 2) if 0 <= x <= WIDTH else None
        ticks = (Tick(round((at - first) * WIDTH / (last - first), 2), text) for at, text in _labels(first, last, now))
        return cls(first, last, marked, [tick for tick in ticks if marked is None or abs(tick.x - marked) >= NEAR_NOW])

    def at(self, seconds: int) -> float:
        """Where a time is, in percent; what is outside stands at the edge."""
        return min(max((seconds - self.first) * WIDTH / (self.last - self.first), 0.0), WIDTH)


def _ends(spans: Sequence[Span], now: int, since: int | None, until: int | None) -> tuple[int, int]:
    first = _without_outliers([span.first for span in spans])[0] if since is None else since
    if until is not None:
        return first, until
    if since is None:
        last = -_without_outliers([-span.last for span in spans])[0]
        length = max(last - first, 1)
        # What was long ago need not reach until now; what is going on does.
        return first, max(last, now + length // END_PART) if now <= last + length // PLANNED_PART else first + length
    length = max(now - first, 1)
    is_planned = any(span.last > now for span in spans)
    return first, max(now, first) + max(length // (PLANNED_PART if is_planned else END_PART), 1)


def _without_outliers(times: Sequence[int]) -> Sequence[int]:
    """The times in their order without the few at the beginning that are further from the others than these spread."""
    found = sorted(times)
    most = max(len(found) // OUTLIERS, 1) if len(found) >= FEWEST else 0
    for number in range(most, 0, -1):
        if found[number] - found[number - 1] > found[-1] - found[number]:
            return found[number:]
    return found


def _labels(first: int, last: int, now: int) -> Iterator[tuple[int, str]]:
    """The times on an axis and what is written there: date and year only where they change, or are not today's."""
    times, exact = _times(first, last)
    ends_today = _label("%Y-%m-%d", last) == _label("%Y-%m-%d", now)
    date, year = _label("%Y-%m-%d", first) if ends_today else "", _label("%Y", first if ends_today else now)
    for at in times:
        parts = [_label(LABELS[DAYS], at)] if exact == DAYS or (exact < DAYS and date != _label("%Y-%m-%d", at)) else []
        if exact <= DAYS and year != _label("%Y", at):
            parts.append(_label("%Y", at))
        if exact > DAYS or (exact < DAYS and not (parts and at % DAY_S == 0)):
            parts.append(_label(LABELS[exact], at))
        yield at, " ".join(parts).strip()
        date, year = _label("%Y-%m-%d", at), _label("%Y", at)


def _times(first: int, last: int) -> tuple[list[int], int]:
    """The round times on an axis, and how exact their labels have to be."""
    least = max((last - first) / MOST_TICKS, 1)
    if least <= STEPS_S[-1]:
        step = STEPS_S[bisect.bisect_left(STEPS_S, least)]
        exact = SECONDS if step < STEPS_S[6] else MINUTES if step < DAY_S else DAYS
        return list(range(-(-first // step) * step, last + 1, step)), exact
    months = next((step for step in STEPS_MONTHS if step * MONTH_S >= least), STEPS_MONTHS[-1])
    times = list(_calendar(first, last, months))
    return times, MONTHS if months < YEAR_MONTHS else YEARS


def _calendar(first: int, last: int, months: int) -> Iterator[int]:
    """The beginnings of months between two times; none where no calendar has them."""
    begin, end = _month(first), _month(last)
    if begin is None or end is None:
        return
    for number in range(-(-begin // months) * months, end + 1, months):
        year, month = divmod(number, YEAR_MONTHS)
        at = calendar.timegm((year, month + 1, 1, 0, 0, 0))
        if first <= at <= last:
            yield at


def _month(seconds: int) -> int | None:
    """The months from the year 0 until a time."""
    try:
        found = time.gmtime(seconds)
    except (OverflowError, ValueError, OSError):
        return None
    return found.tm_year * YEAR_MONTHS + found.tm_mon - 1


def _label(pattern: str, seconds: int) -> str:
    try:
        return time.strftime(pattern, time.gmtime(seconds)).removeprefix("0" if pattern == LABELS[DAYS] else "")
    except (OverflowError, ValueError, OSError):  # no calendar has it
        return ""
