"""Where deployments and changes stand on a timeline: a lane for each component; pure geometry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .axis import WIDTH, Axis, Span
from .html import cut

LEAST = 0.6
"""Two deployments that begin so near to each other, in percent, would cover each other in one row."""
CHARACTER = 0.85
"""How wide a character of a label is, in percent of a timeline of medium width."""
PADDING = 1.2
"""What is beside a label, in percent."""
LABEL_LIMIT = 24
"""Most characters of a label."""
INSIDE, AFTER, BEFORE = "inside", "after", "before"
"""Where a bar's label stands."""
HEIGHT = 98
"""So many pixels of lanes are in view at once; the others are scrolled to."""
URGENT = ("in_progress", "failure")
"""What somebody has to look at first."""
MOST_LANES = 8
"""So many lanes are in view at once."""
HIGHEST = 20
"""A lane is so many pixels high, at most."""
BETWEEN = 3
"""So many pixels are between the bars of two lanes."""
LEAST_LABELLED = 11
"""A bar has room for text if it is so many pixels high."""
LEAST_HEIGHT = 4
"""A bar is at least so many pixels high, where several share a lane."""


@dataclass(frozen=True)
class Label:
    """A text at a bar.

    Attributes:
        text: what it says.
        place: inside of the bar, after it or before it.
        x: where the room for it begins, in percent.
        width: how wide that is, in percent. What does not fit is cut off there.
    """

    text: str
    place: str
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """One deployment.

    Attributes:
        change: the deployment.
        x: where it begins, in percent.
        width: how long it is, in percent.
        y: its upper edge, in pixels.
        height: in pixels.
        label: its text, where there is room.
    """

    change: Mapping[str, Any]
    x: float
    width: float
    y: int
    height: int
    label: Label | None = None


@dataclass(frozen=True)
class Lane:
    """The deployments of one component, the earliest start first.

    Attributes:
        name: the component; None for changes without one.
        bars: its deployments.
    """

    name: str | None
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Timeline:
    """Deployments on one axis. What somebody has to look at first has the upper lanes.

    Attributes:
        lanes: a lane for each component.
        axis: their axis.
        pitch: from one lane to the next, in pixels.
    """

    lanes: Sequence[Lane]
    axis: Axis
    pitch: int

    @property
    def hidden(self) -> int:
        """How many lanes one has to scroll to."""
        return max(len(self.lanes) - MOST_LANES, 0)

    @property
    def height(self) -> int:
        """The height of all lanes, in pixels."""
        return len(self.lanes) * self.pitch

    @classmethod
    def of(
        cls, changes: Sequence[Mapping[str, Any]], now: int, since: int | None = None, until: int | None = None
    ) -> Timeline | None:
        """Lay them out; one that is in progress lasts until now, another one without an end shows its start alone.

        Args:
            changes: the deployments and changes.
            now: in Unix seconds.
            since: where the axis begins; what is before stands at its edge. If None, see `Axis`.
            until: where it ends.

        Returns:
            The timeline; None if there are no changes.
        """
        if not changes:
            return None
        axis = Axis.of([_span(change, now) for change in changes], now, since, until)
        found: dict[str | None, list[Mapping[str, Any]]] = {}
        for change in sorted(changes, key=lambda change: (change["started"], change["id"])):
            found.setdefault(change["component"], []).append(change)
        pitch = min(HEIGHT // min(len(found), MOST_LANES), HIGHEST)
        names = sorted(found, key=lambda name: _urgency(found[name], now))
        names = [*_by_name(names[:MOST_LANES]), *names[MOST_LANES:]]
        lanes = [Lane(name, _bars(found[name], axis, now, pitch, top * pitch)) for top, name in enumerate(names)]
        return cls(lanes, axis, pitch)


def _span(change: Mapping[str, Any], now: int) -> Span:
    started = int(change["started"])
    if change["ended"] is not None:
        return Span(started, max(int(change["ended"]), started))
    return Span(started, max(now, started) if change["state"] == "in_progress" else started)


def _urgency(changes: Sequence[Mapping[str, Any]], now: int) -> tuple[bool, int]:
    """What a lane is sorted by: what is in progress or failed, the latest start first, then what ended last.

    So what has been in progress for ages, since nobody ended it, does not hide a failure of today.
    """
    urgent = [min(int(change["started"]), now) for change in changes if change["state"] in URGENT]
    return not urgent, -max(urgent or (_span(change, now).last for change in changes))


def _by_name(names: Sequence[str | None]) -> list[str | None]:
    """The names in an order that stays the same while deployments come in."""
    return sorted(names, key=lambda name: (name is None, (name or "").casefold(), name or ""))


def _bars(changes: Sequence[Mapping[str, Any]], axis: Axis, now: int, pitch: int, top: int) -> list[Bar]:
    """The bars of a lane; those that overlap have rows of their own, as far as there is room."""
    whole = [_bar(change, axis, now, top + BETWEEN // 2, pitch - BETWEEN) for change in changes]
    found: list[Bar] = []
    group: list[Bar] = []
    for bar in whole:
        if group and bar.x >= max(_end(other) for other in group):
            found += _shared(group)
            group = []
        group.append(bar)
    return _labelled([*found, *_shared(group)])


def _bar(change: Mapping[str, Any], axis: Axis, now: int, y: int, height: int) -> Bar:
    """A bar that has its lane for itself."""
    span = _span(change, now)
    x = min(axis.at(span.first), WIDTH - LEAST)
    return Bar(change, round(x, 2), round(max(axis.at(span.last) - x, 0.0), 2), y, height)


def _end(bar: Bar) -> float:
    """Up to where a bar covers others, in percent."""
    return bar.x + max(bar.width, LEAST)


def _shared(group: Sequence[Bar]) -> Iterator[Bar]:
    """Bars of which each overlaps another, in as many rows as are needed, or as there is room for."""
    most = (group[0].height + 1) // (LEAST_HEIGHT + 1)
    ends: list[float] = []
    rows: list[int] = []
    for bar in group:
        row = next((row for row, end in enumerate(ends) if end <= bar.x), len(ends))
        if row == len(ends) and row < most:
            ends.append(0.0)
        row = min(row, len(ends) - 1)
        ends[row] = max(ends[row], _end(bar))
        rows.append(row)
    height = (group[0].height - len(ends) + 1) // len(ends)
    for bar, row in zip(group, rows, strict=True):
        yield replace(bar, y=bar.y + row * (height + 1), height=height)


def _labelled(bars: Sequence[Bar]) -> list[Bar]:
    """The bars of a lane with labels, where there is room for them."""
    found: list[Bar] = []
    taken = 0.0
    for bar, following in zip(bars, [*bars[1:], None], strict=True):
        label = _label(bar, taken, WIDTH if following is None else following.x)
        found.append(replace(bar, label=label))
        taken = max(taken, _end(bar))
        if label and label.place == AFTER:
            taken = label.x + label.width
    return found


def _label(bar: Bar, left: float, right: float) -> Label | None:
    """A bar's label.

    Args:
        bar: the bar.
        left: up to where others need the lane before it.
        right: from where on others need it after it.
    """
    said = bar.change["version"] if bar.change["component"] is not None else bar.change["summary"]
    text = cut(said or "", LABEL_LIMIT)
    if not text or bar.height < LEAST_LABELLED:
        return None
    needed = len(text) * CHARACTER + PADDING
    end = _end(bar)
    if bar.width >= needed:
        return Label(text, INSIDE, bar.x, bar.width)
    if right - end >= needed + PADDING:
        room = right - end if right == WIDTH else max(needed + PADDING, (right - end) / 2)  # what follows may need some
        return Label(text, AFTER, round(end, 2), round(room, 2))
    if bar.x - left >= needed + PADDING:
        return Label(text, BEFORE, round(left, 2), round(bar.x - left, 2))
    return None
