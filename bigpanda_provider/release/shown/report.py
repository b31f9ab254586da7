"""What is reported of releases while they are planned and run: to people as lines, to scripts as JSON."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ...dataclass import dataclass
from ..engine.plan import Op
from ..engine.rows import short_type

if TYPE_CHECKING:
    from ...delivery.attempt import Attempt
    from ..release import Planned, Release, Result


class Stage(str, enum.Enum):
    """How far the engine is with a resource."""

    BEGAN = "began"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """What the engine does to a resource.

    Attributes:
        op: what.
        urn: the resource.
        type: its type.
        name: its name in the program.
        stage: how far it is.
        doing: the words for what is being done: "creating".
        done: the words for what was done: "created".
        seconds: how long it took; None where it began only now.
    """

    op: Op
    urn: str
    type: str
    name: str
    stage: Stage
    doing: str
    done: str
    seconds: float | None = None

    def __str__(self) -> str:
        words = self.done if self.stage is Stage.DONE else self.doing
        failed = " failed" if self.stage is Stage.FAILED else ""
        took = "" if self.seconds is None else f" ({self.seconds:.1f} s)"
        return f"{self.op.sign:>2} {short_type(self.type)} {self.name} {words}{failed}{took}"


@dataclass(frozen=True)
class Diagnostic:
    """What engine, program or provider say.

    Attributes:
        severity: "info", "warning" or "error".
        resource: the resource that it is about; empty for the program.
        text: what, masked; it may have several lines.
    """

    severity: str
    resource: str
    text: str

    def __str__(self) -> str:
        kind = f"{self.severity}: " if self.severity in ("warning", "error") else ""
        return kind + (f"{self.resource}: " if self.resource else "") + self.text


class Report(Protocol):
    """Takes what happens; calls may come from several threads. `label` is a release's, empty for the only one."""

    def plan(self, planned: Planned) -> None:
        """A release was previewed: what changes, and which events will be sent."""

    def unplanned(self, release: Release, why: str) -> None:
        """A release cannot be previewed before those that it comes after are done."""

    def begins(self, planned: Planned) -> None:
        """A release was previewed that nobody is asked about; it runs now."""

    def start(self, label: str, attempt: Attempt) -> None:
        """The start of a release was sent, or is queued or rejected."""

    def step(self, label: str, step: Step) -> None:
        """The engine began with a resource, or is done with it."""

    def diagnostic(self, label: str, diagnostic: Diagnostic) -> None:
        """The engine says something."""

    def end(self, label: str, attempt: Attempt) -> None:
        """The end of a release was sent, or is queued or rejected."""

    def result(self, release: Release, result: Result) -> None:
        """A release is over."""

    def summary(self, releases: Sequence[Release], results: Mapping[str, Result], seconds: float) -> None:
        """All releases of a release.yaml are over; there may be only one."""
