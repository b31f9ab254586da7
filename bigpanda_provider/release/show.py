"""How plans, results and records look: lines for people, JSON for scripts."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any

from ..bigpanda.changes import Changes
from ..bigpanda.text import one_line
from . import records
from .display import Display
from .doctor import Check
from .runner import Outcome, Planned, Release, Result

STYLES = {
    Outcome.SUCCEEDED: "green",
    Outcome.FAILED: "red",
    Outcome.CANCELLED: "red",
    Outcome.UNDELIVERED: "red",
    Outcome.SKIPPED: "yellow",
}
PAUSED_EVERY_S = 10.0
TAG_SHOWN = 60
"""Most characters that are shown of a tag."""


def as_json(value: Any) -> str:
    """JSON as it is printed."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def plan(display: Display, planned: Planned) -> None:
    """What changes, and which events are sent."""
    label = planned.release.label
    display.line(f"{planned.kind.value} of {planned.stack.full_name}:", label=label)
    for change in planned.plan.changes:
        display.line(f"  {change}", label=label)
    events(display, planned)


def events(display: Display, planned: Planned) -> None:
    """Which events are sent."""
    label, start = planned.release.label, planned.start
    if start is None:
        display.line(f"  {planned.unrecorded}", label=label)
        return
    display.line(f"  start  {start.component} {start.version} on {', '.join(start.hosts)}", label=label)
    if start.tags:
        told = ", ".join(f"{name}={one_line(value, TAG_SHOWN)}" for name, value in start.tags.items())
        display.line(f"  tags   {told}", label=label)
    display.line("  end    success, or failure with its reason", label=label)


def plan_as_json(planned: Planned) -> dict[str, Any]:
    """What changes and which events are sent, for scripts."""
    start = planned.start
    same = {} if start is None else {key: start.stored()[key] for key in ("component", "version", "hosts")}
    return {
        "release": planned.release.label or None,
        "stack": planned.stack.full_name,
        "after": list(planned.release.after),
        "changes": [
            {"op": c.op.value, "type": c.type, "name": c.name, "urn": c.urn, "hosts": c.hosts and list(c.hosts)}
            for c in planned.plan.changes
        ],
        "start": start and records.event_as_object(start),
        "end": same or None,
        "unrecorded": planned.unrecorded,
    }


def result(display: Display, release: Release, outcome: Result) -> None:
    """How a release went."""
    done = ", ".join(f"{count} {what}" for what, count in outcome.done.items())
    told = outcome.reason or done
    display.line(
        f"{outcome.outcome.value}{': ' + told if told else ''}",
        label=release.label,
        style=STYLES.get(outcome.outcome, ""),
    )
    if outcome.rejected is not None:
        display.line(f"rejected: {outcome.rejected}", label=release.label, style="red")


def summary(display: Display, results: Mapping[str, Result], took_s: float) -> None:
    """How all went."""
    counts = [f"{n} {o.value}" for o in Outcome if (n := sum(r.outcome is o for r in results.values()))]
    rejected = sum(result.rejected is not None for result in results.values())
    if rejected:
        counts.append(f"{rejected} rejected by BigPanda")
    display.line(f"{len(results)} releases in {took_s:.0f} s: {', '.join(counts)}")


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


def check(display: Display, one: Check) -> None:
    """One line of the doctor's, and how to fix what is wrong."""
    sign, style = ("ok", "") if one.fix is None else ("!!", "red")
    display.line(f"{sign}  {one.name:<9} {one.found}", style=style)
    if one.fix is not None:
        display.line(f"    {'':<9} -> {one.fix}")
