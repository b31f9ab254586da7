"""Follows the events of one run of the engine: what it does is reported, what goes wrong is the reason."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pulumi.automation.events import DiagnosticEvent, EngineEvent, OpType, StepEventMetadata

from ... import hosts
from ...bigpanda.masking import masked
from ...program import reason
from ..shown.display import Running
from ..shown.report import Diagnostic, Report, Stage, Step
from .frames import shortened
from .plan import OPS, Op, is_infrastructure, name_of

_COLORS = re.compile(r"<\{%[^%]*%\}>")
_CLOSING = re.compile(r"(update|preview) (failed|canceled)|Resource monitor has terminated, shutting down")
"""What the engine says at the end of a run that failed for reasons that it has told; the result of the run says it."""
_STACK = "pulumi:pulumi:Stack"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key of what is no plain value in the engine's events; a secret, among outputs."""
_DONE = {
    Op.CREATE: ("creating", "created"),
    Op.UPDATE: ("updating", "updated"),
    Op.DELETE: ("deleting", "deleted"),
    Op.IMPORT: ("importing", "imported"),
}
_REPLACING = {
    OpType.CREATE_REPLACEMENT: ("creating replacement", "created replacement"),
    OpType.DELETE_REPLACED: ("deleting replaced", "deleted replaced"),
}


class Progress:
    """What one run of the engine does.

    Args:
        report: is told.
        running: the release's entry in what is shown as under way.
        secrets: texts that must not be seen.
        quiet: whether steps are reported; those of a preview are not.
        is_cancelled: whether somebody asked to stop; then programs and providers end with errors that tell nothing.

    Attributes:
        steps: what it announced, in order.
        seen: what it announced and what it found, in order.
        done: how many resources were changed, by what was done to them.
        outputs: the stack's outputs, with "[secret]" in place of a secret; None where they did not change.
        told: the diagnostics that were reported, with their whole tracebacks.
    """

    def __init__(
        self,
        report: Report,
        running: Running,
        secrets: Iterable[str],
        *,
        quiet: bool = False,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._report, self._running, self._secrets, self._quiet = report, running, frozenset(secrets), quiet
        self._is_cancelled = is_cancelled
        self._lock = threading.Lock()
        self._errors: list[tuple[int, str]] = []
        self.steps: list[StepEventMetadata] = []
        self.seen: list[StepEventMetadata] = []
        self.done: Counter[str] = Counter()
        self.outputs: dict[str, Any] | None = None
        self.told: dict[str, Diagnostic] = {}

    @property
    def reason(self) -> str | None:
        """Why the run failed, in one line: the first resource that did, else the program, else the engine says."""
        return min(self._errors, key=lambda error: error[0])[1] if self._errors else None

    @property
    def not_completed(self) -> int:
        """How many operations were under way when the run ended."""
        return len(self._running.under_way)

    def __call__(self, event: EngineEvent) -> None:
        """Take the next event; they may come from several threads."""
        with self._lock:
            if event.resource_pre_event is not None:
                self._begins(event.resource_pre_event.metadata)
            elif event.res_outputs_event is not None:
                self._is_done(event.res_outputs_event.metadata)
            elif event.res_op_failed_event is not None:
                self._ends(event.res_op_failed_event.metadata, Stage.FAILED)
            elif event.diagnostic_event is not None:
                self._diagnosed(event.diagnostic_event)

    def _begins(self, metadata: StepEventMetadata) -> None:
        self.steps.append(metadata)
        self.seen.append(metadata)
        step = _step(metadata, Stage.BEGAN)
        if step is not None and not self._quiet:
            self._report.step(self._running.label, step)
            self._running.under_way[step.urn] = (str(step), time.monotonic())

    def _is_done(self, metadata: StepEventMetadata) -> None:
        self.seen.append(metadata)
        if metadata.type == _STACK:
            old, new = self._outputs(metadata.old), self._outputs(metadata.new)
            self.outputs = None if old == new else new
        step = self._ends(metadata, Stage.DONE)
        if step is not None:
            self.done[step.done] += 1

    def _ends(self, metadata: StepEventMetadata, stage: Stage) -> Step | None:
        _, since = self._running.under_way.pop(metadata.urn, ("", None))
        step = _step(metadata, stage, None if since is None else time.monotonic() - since)
        if step is None or self._quiet:
            return None
        self._report.step(self._running.label, step)
        return step

    def _outputs(self, state: Any) -> dict[str, Any]:
        outputs: Mapping[str, Any] = (state and state.outputs) or {}
        return {name: self._plain(value) for name, value in outputs.items()}

    def _plain(self, value: Any) -> Any:
        """A value as it may be shown."""
        if isinstance(value, Mapping):
            is_secret = _SIGNATURE in value
            return hosts.SECRET if is_secret else {name: self._plain(inner) for name, inner in value.items()}
        if isinstance(value, str):
            return masked(value, self._secrets)
        return [self._plain(inner) for inner in value] if isinstance(value, list) else value

    def _diagnosed(self, event: DiagnosticEvent) -> None:
        text = _COLORS.sub("", event.message).strip()
        if not text or event.severity == "debug" or event.ephemeral:
            return
        urn = event.urn or ""
        name = "" if not urn or f"::{_STACK}::" in urn else name_of(urn)
        if self._is_cancelled():
            if not name:
                return
            text = reason.line(text, self._secrets)
        is_closing = not name and event.severity == "error" and _CLOSING.fullmatch(text) is not None
        if event.severity == "error":
            last = reason.line(text, self._secrets)
            last = reason.line(f"{name}: {last}", self._secrets) if name else last
            self._errors.append((3 if is_closing else 0 if name else 1 if urn else 2, last))
        if is_closing or (self._quiet and event.severity not in ("warning", "error")):
            return
        shown = masked(text, self._secrets)
        if shown not in self.told:
            self.told[shown] = Diagnostic(str(event.severity), name, shown)
            short = replace(self.told[shown], text=shortened(shown))
            self._report.diagnostic(self._running.label, short)


def _step(metadata: StepEventMetadata, stage: Stage, seconds: float | None = None) -> Step | None:
    """The step; None where it changes no infrastructure by itself."""
    op = OPS.get(metadata.op)
    words = _REPLACING.get(metadata.op) or (None if op is None else _DONE.get(op))
    if op is None or words is None or not is_infrastructure(metadata):
        return None
    return Step(op, metadata.urn, metadata.type, name_of(metadata.urn), stage, *words, seconds)
