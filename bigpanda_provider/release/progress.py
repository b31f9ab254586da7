"""Follows the events of one run of the engine: what it does becomes lines, what goes wrong the reason."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from pulumi.automation.events import DiagnosticEvent, EngineEvent, OpType, StepEventMetadata

from ..bigpanda.masking import masked
from ..program import reason
from .display import Display, Running
from .plan import OPS, Op, is_infrastructure, name_of

_COLORS = re.compile(r"<\{%[^%]*%\}>")
_STACK_TYPE = "::pulumi:pulumi:Stack::"
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
        display: where lines are shown.
        running: the release's entry there.
        secrets: texts that must not be seen.
        quiet: whether steps are shown; those of a preview are not.
        is_cancelled: whether somebody asked to stop; then programs and providers end with errors that tell nothing.

    Attributes:
        steps: what it announced, in order.
        done: how many resources were changed, by what was done to them.
    """

    def __init__(
        self,
        display: Display,
        running: Running,
        secrets: Iterable[str],
        *,
        quiet: bool = False,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_cancelled = is_cancelled
        self._display, self._running, self._secrets, self._quiet = display, running, frozenset(secrets), quiet
        self._lock = threading.Lock()
        self._errors: list[tuple[int, str]] = []
        self._told: set[str] = set()
        self.steps: list[StepEventMetadata] = []
        self.done: Counter[str] = Counter()

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
                self._failed(event.res_op_failed_event.metadata)
            elif event.diagnostic_event is not None:
                self._diagnosed(event.diagnostic_event)

    def _begins(self, step: StepEventMetadata) -> None:
        self.steps.append(step)
        words = _words(step)
        if words is not None and not self._quiet:
            if not self._display.is_live:  # else it is in sight while it lasts
                self._show(f"{_what(step)} {words[0]}")
            self._running.under_way[step.urn] = (f"{_what(step)} {words[0]}", time.monotonic())

    def _is_done(self, step: StepEventMetadata) -> None:
        words = _words(step)
        if words is None or self._quiet:
            return
        self.done[words[1]] += 1
        self._show(f"{_what(step)} {words[1]}{self._took(step)}")

    def _failed(self, step: StepEventMetadata) -> None:
        words = _words(step)
        if words is not None and not self._quiet:
            self._show(f"{_what(step)} {words[0]} failed{self._took(step)}", style="red")

    def _took(self, step: StepEventMetadata) -> str:
        _, since = self._running.under_way.pop(step.urn, ("", None))
        return "" if since is None else f" ({time.monotonic() - since:.1f} s)"

    def _diagnosed(self, event: DiagnosticEvent) -> None:
        text = _COLORS.sub("", event.message).strip()
        if not text or event.severity == "debug" or event.ephemeral:
            return
        urn = event.urn or ""
        name = "" if not urn or _STACK_TYPE in urn else name_of(urn)
        if self._is_cancelled():
            if not name:
                return
            text = reason.line(text, self._secrets)
        if event.severity == "error":
            last = reason.line(text, self._secrets)
            last = reason.line(f"{name}: {last}", self._secrets) if name else last
            self._errors.append((0 if name else 1 if urn else 2, last))
        if self._quiet and event.severity not in ("warning", "error"):
            return
        shown = masked(text, self._secrets)
        if shown in self._told:
            return
        self._told.add(shown)
        style = {"error": "red", "warning": "yellow"}.get(event.severity, "")
        kind = f"{event.severity}: " if event.severity in ("warning", "error") else ""
        where = f"{name}: " if name else ""
        self._show(f"{kind}{where}{shown}", style=style)

    def _show(self, text: str, *, style: str = "") -> None:
        self._display.line(text, label=self._running.label, style=style)


def _words(step: StepEventMetadata) -> tuple[str, str] | None:
    """What is being done and was done by a step; None where it changes no infrastructure by itself."""
    if not is_infrastructure(step):
        return None
    op = OPS.get(step.op)
    return _REPLACING.get(step.op) or (_DONE.get(op) if op is not None else None)


def _what(step: StepEventMetadata) -> str:
    return f"{OPS[step.op].sign:>2} {step.type} {name_of(step.urn)}"
