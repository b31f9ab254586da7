"""How plans, results and records look: lines for people, JSON for scripts."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..bigpanda.changes import Changes
from ..bigpanda.text import one_line
from ..delivery.record import Record
from . import records
from .display import Display
from .doctor import Check
from .leftover import Flushed
from .records import Standing
from .remote import ORPHANED

PAUSED_EVERY_S = 10.0
STANDING_STYLES = {
    Standing.SUCCESS: "green",
    Standing.FAILURE: "red",
    Standing.QUEUED: "yellow",
    Standing.REJECTED: "red",
    Standing.END_REJECTED: "red",
}


def table(console: Console, found: Sequence[Record], *, empty: str) -> None:
    """The records, a line each."""
    if not found:
        console.print(empty)
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("component", "version", "hosts", "state", "since", "recorded by", "reason"):
        shown.add_column(name, overflow="fold")
    for record in found:
        start, end, standing = record.attempt.start, record.attempt.end, records.Standing.of(record)
        shown.add_row(
            *(
                Text(text)
                for text in (
                    "(secret)" if start is None else start.component,
                    "" if start is None else start.version,
                    "" if start is None else ", ".join(start.hosts),
                )
            ),
            Text(standing.value, style=STANDING_STYLES.get(standing, "")),
            Text(f"{records.since(record):%Y-%m-%d %H:%M:%S} UTC"),
            Text(records.recorded_by(record)),
            Text((end and end.reason) or ""),
        )
    console.print(shown)


def remotes(console: Console, found: Sequence[Mapping[str, Any]], *, empty: str) -> None:
    """What BigPanda has in progress, a line each.

    Args:
        console: where.
        found: as `remote.Reader.as_object` returns them.
        empty: what to say where there is nothing.
    """
    if not found:
        console.print(empty)
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("component", "version", "hosts", "stack", "since", "looked after by", "link", "attempt"):
        shown.add_column(name, overflow="fold")
    for one in found:
        since = f"{dt.datetime.fromisoformat(one['recorded']):%Y-%m-%d %H:%M:%S} UTC"
        hosts = ", ".join(one["hosts"])
        values = (one["component"], one["version"], hosts, one["stack"], since, one["lookedAfterBy"], one["link"])
        style = "red" if one["lookedAfterBy"] == ORPHANED else ""
        shown.add_row(*(Text(one_line(value or "")) for value in values), Text(one_line(one["attempt"])), style=style)
    console.print(shown)


class Paused:
    """Tells that a flush waits, since BigPanda accepts no more within this minute.

    Args:
        display: where.
        every_s: the least time between two lines, in seconds. Where posts are spread over a minute, each waits a bit.
    """

    def __init__(self, display: Display, every_s: float = PAUSED_EVERY_S) -> None:
        self._display, self._every_s = display, every_s
        self._quiet_until = 0.0

    def __call__(self, left: int, room_in_s: float) -> None:
        """Tell how many changes are left, and how long it takes, in seconds, until the next is accepted."""
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._quiet_until = now + self._every_s
        self._display.line(
            f"BigPanda accepts {Changes.per_minute} changes a minute; {left} {'is' if left == 1 else 'are'} left, "
            f"sending continues in {math.ceil(room_in_s)} s"
        )


def flushed(display: Display, found: Flushed, trouble: str | None) -> None:
    """What became of what was queued."""
    for name in found.unsure:
        display.warn(f"the state of {name} cannot be read, so another machine may have sent its events already")
    rejected = sum(attempt.is_rejected for attempt in found.done)
    waiting = sum(not attempt.is_settled for attempt in found.done)
    if found.done:
        sent = len(found.done) - waiting - rejected
        display.line(f"{sent} sent" + (f", {rejected} rejected" if rejected else ""))
    elif not (found.kept or found.sent_elsewhere or found.others):
        display.line("nothing to send")
    if waiting:
        display.line(f"{waiting} still waiting" + (f": {trouble}" if trouble else ""), style="yellow")
    for record, why in found.kept:
        start = record.attempt.start
        what = record.place.name if start is None else f"{start.component} {start.version}"
        display.line(f"kept: {what}, since {why}")
    for record in found.sent_elsewhere:
        display.line(f"dropped: {record.place.stack} {record.place.name}, which another machine has sent already")
    for address in found.others:
        display.line(f"kept: the events for {address}; set BIGPANDA_BASE_URL to send them there", style="yellow")


def check(display: Display, one: Check) -> None:
    """One line of the doctor's, and how to fix what is wrong."""
    sign, style = ("ok", "") if one.fix is None else ("!!", "red")
    display.line(f"{sign}  {one.name:<9} {one.found}", style=style)
    if one.fix is not None:
        display.line(f"    {'':<9} -> {one.fix}")
