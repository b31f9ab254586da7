"""What is reported of releases, for scripts: one JSON object a line, or one for all plans."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ...delivery.attempt import Attempt
from ...errors import ReleaseError
from ..recorded import records
from ..release import Planned, Release, Result
from .report import Diagnostic, Stage, Step


class JsonLines:
    """Prints a line of JSON for each thing that happens; `type` says what. It is a `Report`.

    `docs/json.md` lists the types and their keys.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def plan(self, planned: Planned) -> None:
        """Print the plan."""
        self._print("plan", planned.release.label, **plan_as_object(planned.release, planned))

    def unplanned(self, release: Release, why: str) -> None:
        """Print why there is none."""
        self._print("plan", release.label, **plan_as_object(release, ReleaseError(why)))

    def begins(self, planned: Planned) -> None:
        """Print the plan."""
        self.plan(planned)

    def start(self, label: str, attempt: Attempt) -> None:
        """Print the start, and what became of it."""
        start = attempt.start and records.event_as_object(attempt.start)
        self._print("start", label, attempt=attempt.id, delivery=attempt.start_delivery.value, event=start)

    def step(self, label: str, step: Step) -> None:
        """Print the step."""
        self._print(
            "resource",
            label,
            op=step.op.value,
            resourceType=step.type,
            name=step.name,
            urn=step.urn,
            stage=step.stage.value,
            seconds=None if step.stage is Stage.BEGAN else _rounded(step.seconds),
        )

    def diagnostic(self, label: str, diagnostic: Diagnostic) -> None:
        """Print what the engine says."""
        self._print(
            "diagnostic",
            label,
            severity=diagnostic.severity,
            resource=diagnostic.resource or None,
            message=diagnostic.text,
        )

    def end(self, label: str, attempt: Attempt) -> None:
        """Print the end, and what became of it."""
        end = attempt.end
        self._print(
            "end",
            label,
            attempt=attempt.id,
            status=end and end.status.value,
            errorMessage=end and end.reason,
            delivery=end and end.delivery.value,
        )

    def result(self, release: Release, result: Result) -> None:
        """Print how a release went."""
        self._print("result", release.label, **_result_as_object(result))

    def summary(self, releases: Sequence[Release], results: Mapping[str, Result], seconds: float) -> None:
        """Print how all went."""
        found = [{"release": label or None, **_result_as_object(result)} for label, result in results.items()]
        self._print("summary", "", releases=found, seconds=_rounded(seconds))

    def _print(self, kind: str, label: str, **values: Any) -> None:
        line = json.dumps({"type": kind, "release": label or None, **values}, ensure_ascii=False)
        with self._lock:
            print(line, flush=True)


def plan_as_object(release: Release, planned: Planned | ReleaseError) -> dict[str, Any]:
    """What changes and which events are sent; each has the same keys, null where there is no plan yet."""
    found: dict[str, Any] = {
        "release": release.label or None,
        "stack": None,
        "after": list(release.after),
        "changes": None,
        "outputsChange": None,
        "start": None,
        "end": None,
        "unrecorded": None,
        "reason": None,
    }
    if isinstance(planned, ReleaseError):
        return {**found, "reason": str(planned)}
    start = planned.start
    return {
        **found,
        "stack": planned.stack.full_name,
        "changes": [
            {"op": c.op.value, "type": c.type, "name": c.name, "urn": c.urn, "hosts": c.hosts and list(c.hosts)}
            for c in planned.plan.changes
        ],
        "outputsChange": planned.plan.outputs_change,
        "start": start and records.event_as_object(start),
        "end": start and {key: start.stored()[key] for key in ("component", "version", "hosts")},
        "unrecorded": planned.unrecorded,
    }


def _result_as_object(result: Result) -> dict[str, Any]:
    return {
        "outcome": result.outcome.value,
        "reason": result.reason,
        "changes": dict(result.done),
        "outputs": None if result.outputs is None else dict(result.outputs),
        "rejected": result.rejected,
        "seconds": _rounded(result.seconds),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
