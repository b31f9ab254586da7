"""What is reported of releases, for people: lines, and a table where there are several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...bigpanda.events import StartEvent
from ...bigpanda.text import listed, one_line
from ...delivery.attempt import Attempt
from ...state import DeliveryStatus
from ..recorded.records import HOSTS_NAMED, known
from ..release import Outcome, Planned, Release, Result
from .display import Display
from .report import Diagnostic, Stage, Step
from .table import Cell, Column

STYLES = {
    Outcome.SUCCEEDED: "green",
    Outcome.FAILED: "red",
    Outcome.CANCELLED: "red",
    Outcome.UNDELIVERED: "red",
    Outcome.SKIPPED: "yellow",
}
_SIGNS = {"+": "green", "~": "yellow", "-": "red", "+-": "magenta", "++": "green", "--": "red"}
"""The colors of what the engine does, as the engine has them."""
TAG_SHOWN = 60
"""Most characters that are shown of a tag."""


class Lines:
    """Shows what happens as lines. It is a `Report`.

    Args:
        display: where.
    """

    def __init__(self, display: Display) -> None:
        self._display = display
        self._told: set[tuple[str, str]] = set()

    def plan(self, planned: Planned) -> None:
        """Show the engine's plan, then the events."""
        self._line(f"{planned.kind.value} of {planned.stack.shown_name}:", style="bold")
        for line in planned.printed:
            self._line(line, style=_SIGNS.get(line.split(maxsplit=1)[0], ""))
        if planned.start is None:
            self._line(planned.unrecorded or "")
        else:
            self._line("events that will be sent to BigPanda:")
            for line in _events(planned.start):
                self._line(f"  {line}")
        if planned.release.label:
            self._line("")

    def unplanned(self, release: Release, why: str) -> None:
        """Show why there is no plan yet."""
        others = ", ".join(release.after)
        self._line(f"{release.label}: {why}; it is previewed again after {others}", style="yellow")
        self._line("")

    def begins(self, planned: Planned) -> None:
        """Show why nothing is sent; what is sent is shown when it is."""
        if planned.unrecorded is not None:
            self._line(planned.unrecorded, planned.release.label)

    def start(self, label: str, attempt: Attempt) -> None:
        """Show the start, and what became of it."""
        if attempt.start_delivery is not DeliveryStatus.REJECTED:
            self._line(f"start {_became(attempt.start_delivery)}: {known(attempt)}", label)

    def step(self, label: str, step: Step) -> None:
        """Show the step; where what is under way is in sight, only its end."""
        if step.stage is not Stage.BEGAN or not self._display.is_live:
            self._line(str(step), label, style="red" if step.stage is Stage.FAILED else "")

    def diagnostic(self, label: str, diagnostic: Diagnostic) -> None:
        """Show what the engine says; of a warning the preview has told already."""
        told = (label, str(diagnostic))
        if diagnostic.severity == "warning" and told in self._told:
            return
        self._told.add(told)
        style = {"error": "red", "warning": "yellow"}.get(diagnostic.severity, "")
        self._line(str(diagnostic), label, style=style, always=bool(style))

    def end(self, label: str, attempt: Attempt) -> None:
        """Show the end, and what became of it."""
        end = attempt.end
        if end is not None and not attempt.is_rejected:
            self._line(f"end {_became(end.delivery)}: {end.status.value}", label)

    def result(self, release: Release, result: Result) -> None:
        """Show the stack's outputs, and how the release went."""
        for line in result.printed_outputs:
            self._line(line, release.label)
        took = "" if result.seconds is None else f" ({duration(result.seconds)})"
        style = STYLES.get(result.outcome, "")
        self._line(f"{result.outcome.value}{took}{_because(result)}", release.label, style=style, always=True)
        if result.rejected is not None:
            self._line(f"rejected: {result.rejected}", release.label, style="red", always=True)

    def summary(self, releases: Sequence[Release], results: Mapping[str, Result], seconds: float) -> None:
        """Show how all went, in a table; of only one its result has said it."""
        if len(releases) < 2:
            return
        counts = [f"{n} {o.value}" for o in Outcome if (n := sum(r.outcome is o for r in results.values()))]
        rejected = sum(result.rejected is not None for result in results.values())
        if rejected:
            counts.append(f"{rejected} rejected by BigPanda")
        self._display.table(_table([(release, results[release.label]) for release in releases]))
        self._line(f"{len(results)} releases in {duration(seconds)}: {', '.join(counts)}", "", always=True)

    def _line(self, text: str, label: str = "", *, style: str = "", always: bool = False) -> None:
        self._display.line(text, label=label, style=style, always=always)


def _events(start: StartEvent) -> Iterator[str]:
    """The events of an update whose start this is."""
    yield f"start  {start.component} {start.version} on {listed(start.hosts, HOSTS_NAMED)}"
    if start.description is not None:
        yield f"       {one_line(start.description)}"
    if start.tags:
        told = ", ".join(f"{name}={one_line(value, TAG_SHOWN)}" for name, value in start.tags.items())
        yield f"       tags {told}"
    yield "end    success, or failure with its reason"


def _table(rows: Sequence[tuple[Release, Result]]) -> list[Column]:
    results = [result for _, result in rows]
    return [
        Column("release", 1, 10, tuple(Cell(release.label) for release, _ in rows)),
        Column("version", 3, 8, tuple(Cell(release.version or "") for release, _ in rows)),
        Column("result", 0, 9, tuple(Cell(one.outcome.value, (), STYLES.get(one.outcome, "")) for one in results)),
        Column("time", 2, 9, tuple(Cell("" if one.seconds is None else duration(one.seconds)) for one in results)),
        Column("", 4, 16, tuple(Cell(_because(one).removeprefix(": ")) for one in results)),
    ]


def duration(seconds: float) -> str:
    """A duration as people read it: `4 s`, `2 min 5 s`, `1 h 3 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _because(result: Result) -> str:
    """What was done, or why it was not."""
    done = ", ".join(f"{count} {what}" for what, count in result.done.items())
    if result.outcome is Outcome.UNCHANGED and result.outputs is not None:
        done = "only stack outputs changed"
    told = done if result.reason == result.outcome.value else result.reason or done  # "cancelled" once
    return f": {told}" if told else ""


def _became(delivery: DeliveryStatus) -> str:
    return "sent" if delivery is DeliveryStatus.DELIVERED else delivery.value
