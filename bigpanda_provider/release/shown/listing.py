"""What the tables of `status`, `history`, `status --remote` and `queue` hold, and how they are printed."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ...dataclass import dataclass
from ..recorded.choice import COUNTED
from ..recorded.records import SHORT_ID, Entry, Events, State, is_mine, short_stack
from ..recorded.remote import ANOTHER, END_QUEUED, END_SENT, ORPHANED, PERSON, PROCESS, SECRET
from .table import Cell, Column, lines

FIRST_HOSTS, HOSTS_WIDTH = 2, 24
"""How many hosts are named where not all of them fit into the column, which grows up to that width."""
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
REDRAW_S = 2.0
ROOM = 3
"""Lines of a terminal that are no rows: the heading, what is left out, and that of the cursor."""

_STATE_STYLES = {State.SUCCESS: "green", State.FAILURE: "red", State.LEFT_OPEN: "yellow"}
_STYLES = {"queued": "yellow", "rejected": "red", "dropped": "yellow"}


@dataclass(frozen=True)
class Clock:
    """How times are shown.

    Attributes:
        now: the present, in Unix seconds.
        is_whole: whether they are shown as whole times in UTC.
    """

    now: float
    is_whole: bool = False

    @property
    def least(self) -> int:
        """The width of the shortest form of a time."""
        return 23 if self.is_whole else 6

    def cell(self, seconds: float) -> Cell:
        """A time: how long ago that is, or when it was."""
        if self.is_whole:
            at = dt.datetime.fromtimestamp(int(seconds), dt.timezone.utc)
            return Cell(f"{at:%Y-%m-%d %H:%M:%S} UTC")
        told = ago(self.now - seconds)
        return Cell(f"{told} ago", (told,))


def ago(seconds: float) -> str:
    """So many seconds in the largest unit that says enough: "4 min"."""
    for limit, unit, name in ((MINUTE_S, 1, "s"), (HOUR_S, MINUTE_S, "min"), (2 * DAY_S, HOUR_S, "h")):
        if seconds < limit:
            return f"{max(int(seconds), 0) // unit} {name}"
    return f"{int(seconds) // DAY_S} d"


Make = Callable[[Sequence[Entry], Clock], list[Column]]
"""Makes a table's columns."""


def deployments(entries: Sequence[Entry], clock: Clock) -> list[Column]:
    """The columns of `status` and `history`."""
    return [
        *_what(entries),
        _column("hosts", 6, 8, map(_hosts, entries), HOSTS_WIDTH),
        _column("state", 2, 11, (Cell(one.state.value, style=_STATE_STYLES.get(one.state, "")) for one in entries)),
        _column("delivery", 4, 9, (_delivery(one.events) for one in entries)),
        _column("since", 0, clock.least, (clock.cell(one.recorded) for one in entries)),
        _column("problem", 7, 14, map(_problem, entries)),
        _column("reason", 8, 16, (Cell(one.reason or "") for one in entries)),
        _column("recorded by", 9, 16, (Cell(one.by) for one in entries)),
        *_origins(entries, 10),
    ]


def in_bigpanda(entries: Sequence[Entry], clock: Clock) -> list[Column]:
    """The columns of `status --remote`."""
    return [
        *_what(entries),
        _column("hosts", 6, 7, map(_hosts, entries), HOSTS_WIDTH),
        _column("stack", 7, 10, (Cell(short_stack(one.stack or "")) for one in entries)),
        _column("since", 0, clock.least, (clock.cell(one.recorded) for one in entries)),
        _column("looked after", 4, 12, map(_looked_after, entries)),
        _column("link", 8, 20, (Cell(one.link or "") for one in entries)),
        _column("attempt", 2, SHORT_ID, map(_id, entries), SHORT_ID),
    ]


def waiting(entries: Sequence[Entry], clock: Clock) -> list[Column]:
    """The columns of `queue`."""
    times = (one.recorded if one.events is not Events.END_QUEUED else one.ended or one.recorded for one in entries)
    return [
        _column("attempt", 1, SHORT_ID, map(_id, entries), SHORT_ID),
        _column("waits", 2, 5, (Cell(*_QUEUED.get(one.events, ("",))) for one in entries)),
        *_what(entries, 7),
        _column("hosts", 8, 8, map(_hosts, entries), HOSTS_WIDTH),
        _column("since", 0, clock.least, map(clock.cell, times)),
        _column("problem", 5, 14, map(_problem, entries)),
        _column("address", 7, 15, (Cell(one.address, (urlsplit(one.address).netloc,)) for one in entries)),
        *_origins(entries, 9),
    ]


_QUEUED: dict[Events, tuple[str] | tuple[str, tuple[str]]] = {
    Events.START_QUEUED: ("start",),
    Events.END_QUEUED: ("end",),
    Events.BOTH_QUEUED: ("start, end", ("both",)),
}


def _what(entries: Sequence[Entry], least: int = 10) -> list[Column]:
    return [
        _column("component", 1, least, (Cell(SECRET if one.component is None else one.component) for one in entries)),
        _column("version", 3, least, (Cell(one.version or "") for one in entries)),
    ]


def _origins(entries: Sequence[Entry], rank: int) -> list[Column]:
    """Where they were recorded, if one of them was recorded elsewhere."""
    told = (Cell(str(one.origin)) for one in entries)
    return [] if all(is_mine(one.origin) for one in entries) else [_column("recorded on", rank, 14, told)]


def _column(name: str, rank: int, least: int, cells: Iterable[Cell], most: int | None = None) -> Column:
    return Column(name, rank, least, tuple(cells), most)


def _hosts(entry: Entry) -> Cell:
    hosts = entry.hosts or ()
    more = [f"{', '.join(hosts[:shown])} +{len(hosts) - shown}" for shown in (FIRST_HOSTS, 1) if len(hosts) > shown]
    return Cell(", ".join(hosts), (*more, *([f"{len(hosts)} hosts"] if len(hosts) > 1 else ())))


def _delivery(events: Events) -> Cell:
    word = events.value.split()[-1]
    return Cell(events.value, (word,), _STYLES.get(word, ""))


def _problem(entry: Entry) -> Cell:
    why = entry.why or ""
    short = why.removeprefix(f"{entry.address} ")
    return Cell(why, (short, short.removeprefix("could not be reached: ")))


def _id(entry: Entry) -> Cell:
    return Cell(entry.attempt, (entry.attempt[:SHORT_ID],))


_SHORT = {END_QUEUED: "end queued", END_SENT: "end was sent", PERSON: "a person", ANOTHER: "elsewhere"}


def _looked_after(entry: Entry) -> Cell:
    told = entry.looked_after_by or ""
    short = f"process {told.removeprefix(PROCESS)}" if told.startswith(PROCESS) else _SHORT.get(told, told)
    return Cell(told, (short,), "red" if told == ORPHANED else "")


class Listing:
    """A table on a console, with what to say where it is empty.

    Args:
        console: where.
        make: makes its columns.
        empty: what to say where there is nothing to list.
        is_whole: whether times are shown as whole ones on a terminal, too; they are in a pipe.
        most: how many rows a terminal gets; None for all.
        now: the clock, in Unix seconds.
    """

    def __init__(
        self,
        console: Console,
        make: Make,
        empty: str,
        *,
        is_whole: bool = False,
        most: int | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._console, self._make, self._empty = console, make, empty
        self._is_whole, self._most, self._now = is_whole, most, now

    def show(self, entries: Sequence[Entry]) -> None:
        """Print it."""
        for line in self._lines(entries, self._most):
            self._console.print(line, soft_wrap=True)

    def watch(self, read: Callable[[], Sequence[Entry]], every_s: float = REDRAW_S) -> None:
        """Draw it anew again and again, until Ctrl-C, which is no failure: there is no other end.

        Args:
            read: what to list.
            every_s: how often, in seconds.
        """
        with (
            contextlib.suppress(KeyboardInterrupt),
            Live(console=self._console, auto_refresh=False, vertical_overflow="crop") as live,
        ):
            while True:
                rows = max(self._console.height - ROOM, 1)
                shown = self._lines(read(), rows if self._most is None else min(rows, self._most))
                live.update(Group(*shown), refresh=True)
                time.sleep(every_s)

    def _lines(self, entries: Sequence[Entry], most: int | None) -> list[Text]:
        if not entries:
            return [Text(self._empty)]
        is_terminal = self._console.is_terminal
        clock = Clock(self._now(), self._is_whole or not is_terminal)
        shown = entries[:most]
        told = lines(self._make(shown, clock), self._console.width if is_terminal else None)
        more = len(entries) - len(shown)
        counted = f"over {COUNTED}" if more >= COUNTED else str(more)
        return [*told, Text(f"{counted} more; --all shows all", style="dim")] if more and is_terminal else told
