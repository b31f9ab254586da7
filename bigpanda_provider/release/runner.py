"""One release: what it changes, its start, its update, its end."""

from __future__ import annotations

import shlex
import time
import uuid
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from pulumi.automation.errors import CommandError

from ..bigpanda import certificate
from ..bigpanda.events import StartEvent
from ..delivery.attempt import CANCELLED, Attempt, End
from ..delivery.delivery import UNANSWERED, Delivery
from ..delivery.found import Occasion, context
from ..delivery.holder import Holder
from ..delivery.outbox import Outbox
from ..delivery.record import Recorder
from ..errors import DeliveryError, ReleaseError, WrongUseError
from ..settings import Mode, Settings, complaints, environment_name
from ..state import DeliveryStatus
from . import carried
from .engine import cancelling, printed
from .engine.plan import Plan
from .engine.process import Engine, Interrupts
from .engine.progress import Progress
from .engine.rows import rows
from .engine.stack import LOCKED, Kind, ProjectStack, why
from .release import Outcome, Planned, Release, Result, start_event
from .shown.display import Display
from .shown.report import Report

NAME = "bigpanda-release"
"""What stands in the outbox in the place of a Deployment's name."""

HANDED_ON = ("apiToken", "appKey", "api")
"""The settings that a program has to know, too, where they are given on the command line."""

NAMES_FOR_HOSTS = (
    "no changed resource is of a known host type, so the names of the changed resources are sent; pass --host, or set "
    "hosts in release.yaml"
)


class Runner:
    """Plans and runs releases.

    Args:
        interrupts: what cancels them.
        display: where warnings are shown, and what is under way.
        report: is told what happens.
        environ: the environment that settings come from.
        explicit: settings that were given explicitly, by config key.
        outbox: the record of events.
    """

    def __init__(
        self,
        interrupts: Interrupts,
        display: Display,
        report: Report,
        environ: Mapping[str, str],
        explicit: Mapping[str, Any],
        outbox: Outbox,
    ) -> None:
        self._interrupts, self._display, self._report, self._outbox = interrupts, display, report, outbox
        self._environ, self._explicit = environ, explicit
        self._deliveries: dict[Settings, Delivery] = {}
        # The SDK's, where the engine was killed, which the result of the run says; it comes from any thread, and late.
        warnings.filterwarnings("ignore", "Error in event stream", UserWarning)
        interrupts.on_asked = lambda asked: display.line(
            cancelling.sentence(asked, display.operations), style="yellow", always=True
        )

    @cached_property
    def _env(self) -> dict[str, str]:
        """Keys and an API that were given explicitly are the program's as well."""
        return {environment_name(key): self._explicit[key] for key in HANDED_ON if key in self._explicit}

    def _is_cancelled(self) -> bool:
        return self._interrupts.asked

    def plan(self, release: Release, kind: Kind) -> Planned:
        """Preview the release.

        Raises:
            WrongUseError: there is no such stack, or what is given makes no event.
            SettingError: a setting cannot be used.
            ReleaseError: the preview failed.
            KeyboardInterrupt: it was cancelled.
        """
        try:
            planned = self._plan(release, kind)
        except (WrongUseError, ReleaseError):
            if not self._is_cancelled():  # else any of the engine's commands has ended without a result
                raise
        if self._is_cancelled():
            raise KeyboardInterrupt
        return planned

    def _plan(self, release: Release, kind: Kind) -> Planned:
        with self._display.running(release.label, f"previewing {kind.value}") as running:
            engine = Engine(self._interrupts)
            stack = ProjectStack(release.folder, release.stack, engine, release.config, self._env, release.engine)
            for complaint in complaints(stack.config, stack.is_secret):
                self._display.warn(complaint)
            settings = Settings.resolve(stack.config, self._environ, self._explicit, stack.folder)
            certificate.check(settings)
            secrets = _secrets(stack, settings)
            progress = Progress(self._report, running, secrets, quiet=True, is_cancelled=self._is_cancelled)
            try:
                text = stack.preview(kind, progress)
            except CommandError as error:
                told = progress.reason or why(error, secrets)
                raise ReleaseError(f"the preview of {stack.full_name} failed: {told}") from None
        plan = Plan.of(progress.steps, outputs_change=progress.outputs is not None)
        unrecorded = self._unrecorded(release, kind, plan, settings)
        start = None if unrecorded else self._start(release, kind, plan, stack, settings)
        shown = printed.plan(text, rows(progress.seen), secrets, [str(one) for one in progress.told.values()])
        return Planned(release, kind, stack, plan, start, settings, unrecorded, tuple(shown))

    def _unrecorded(self, release: Release, kind: Kind, plan: Plan, settings: Settings) -> str | None:
        """Why nothing is sent."""
        if kind is Kind.REFRESH:
            return "a refresh deploys nothing, so nothing is sent"
        if plan.records_itself and kind is Kind.UP:
            return "the program records this by its own Deployment, so the runner sends nothing"
        if not plan.changes:
            only = "only stack outputs change" if plan.outputs_change else "nothing changes"
            return f"{only}, so nothing is sent"
        if settings.delivery.value is Mode.OFF:
            return "delivery is off, so nothing is sent"
        if release.component is None:
            return "no component is given, so nothing is sent"
        return None

    def _start(self, release: Release, kind: Kind, plan: Plan, stack: ProjectStack, settings: Settings) -> StartEvent:
        if release.hosts is None and not plan.knows_hosts:
            self._display.warn(f"{release.label}: {NAMES_FOR_HOSTS}" if release.label else NAMES_FOR_HOSTS)
        if missing := settings.missing(settings.api.value):
            self._display.warn(missing)
        secrets = _secrets(stack, settings)
        name = stack.full_name
        previous = carried.previous_version(self._outbox, name, release.component, release.version)
        occasion = Occasion(name, stack.folder, previous, carried.resources(plan))
        description, tags = release.description, release.tags
        if kind is Kind.DESTROY:
            description, tags = carried.as_removal(f"{release.component} {release.version}", description, tags)
        return start_event(
            component=release.component,
            version=release.version,
            hosts=plan.hosts if release.hosts is None else release.hosts,
            description=description,
            owner=release.owner,
            tags=None if tags is None else carried.without_secrets(tags, secrets),
            context=context(settings, self._environ, occasion, secrets=secrets),
        )

    def run(self, planned: Planned) -> Result:
        """Send the start, run the update, send the end."""
        if self._interrupts.asked:
            return Result(Outcome.CANCELLED, CANCELLED)
        message = planned.stack.options.message
        if planned.start is None:
            return self._update(planned, message or planned.kind.value)
        if _is_locked(planned.stack):  # so that no start is sent of what does not begin
            return Result(Outcome.FAILED, LOCKED)
        delivery = self._delivery(planned.settings)
        start = replace(planned.start, timestamp=int(time.time()))
        attempt = Attempt(uuid.uuid4().hex, start)
        result = Result(Outcome.FAILED, "the release runner stopped unexpectedly")
        try:
            folder = str(planned.stack.folder)
            stack = planned.stack.full_name
            started, _ = delivery.start(stack, NAME, attempt, recorder=Recorder.RUNNER, folder=folder)
            self._report.start(planned.release.label, started)
            planned.stack.engine.on_start = lambda pid: delivery.lasts_as_long_as(attempt.id, Holder.of(pid))
            planned.stack.engine.on_end = lambda: delivery.lasts_as_long_as(attempt.id, Holder.current())
            message = message or f"{start.component} {start.version}"
            result = self._update(planned, f"{message} {mark(attempt.id)}")
        except DeliveryError as error:
            result = Result(Outcome.UNDELIVERED, f"the start did not get through, and delivery is required: {error}")
        finally:
            result = self._end(delivery, planned.release.label, attempt.id, result)
        return result

    def _update(self, planned: Planned, message: str) -> Result:
        """Run the engine, and tell how that went."""
        began = time.monotonic()
        with self._display.running(planned.release.label, f"{planned.kind.value} of {planned.stack.shown_name}") as one:
            secrets = _secrets(planned.stack, planned.settings)
            progress = Progress(self._report, one, secrets, is_cancelled=self._is_cancelled)
            result = self._engine_runs(planned, message, progress, secrets)
        return replace(result, seconds=time.monotonic() - began)

    def _engine_runs(self, planned: Planned, message: str, progress: Progress, secrets: frozenset[str]) -> Result:
        stack = planned.stack
        try:
            text = stack.run(planned.kind, message, progress)
        except CommandError as error:
            if self._interrupts.asked:
                unfinished = {"not completed": progress.not_completed} if progress.not_completed else {}
                return Result(Outcome.CANCELLED, CANCELLED, {**progress.done, **unfinished})
            if stack.engine.code is not None and stack.engine.code < 0:
                return Result(Outcome.FAILED, f"the engine was killed by signal {-stack.engine.code}")
            return Result(Outcome.FAILED, progress.reason or why(error, secrets))
        if progress.done and not planned.plan.changes and planned.kind is not Kind.REFRESH:
            self._display.warn(
                f"{stack.shown_name}: the update changed what its preview did not show, so it was not recorded"
            )
        # After a refresh, the engine prints unchanged outputs only if it happens to refresh the stack first.
        has_outputs = planned.kind is not Kind.REFRESH or progress.outputs is not None
        return Result(
            Outcome.SUCCEEDED if progress.done else Outcome.UNCHANGED,
            done=dict(progress.done),
            outputs=progress.outputs,
            printed_outputs=tuple(printed.outputs(text, secrets)) if has_outputs else (),
        )

    def _end(self, delivery: Delivery, label: str, attempt: str, result: Result) -> Result:
        """Send the end; where it has to get through and did not, the release did not go well."""
        if attempt not in delivery.open_attempts():
            return result
        if result.outcome is Outcome.UNDELIVERED:
            delivery.end_now(attempt, End.failure(UNANSWERED))
            return result
        end = End.success() if result.outcome.good else End.failure(result.reason)
        ended = delivery.end_now(attempt, end)
        self._report.end(label, ended)
        result = replace(result, rejected=_rejected(ended))
        became = None if ended.end is None else ended.end.delivery
        if delivery.mode is not Mode.REQUIRED or not result.outcome.good or became is DeliveryStatus.DELIVERED:
            return result
        why = "BigPanda rejected its end"
        if became is DeliveryStatus.QUEUED:
            why = f"its end did not get through: {delivery.sender.trouble}; the end is queued, send it with "
            why += "`bigpanda-release flush`"
        return replace(result, outcome=Outcome.UNDELIVERED, reason=f"the update is done, but {why}", done={})

    def _delivery(self, settings: Settings) -> Delivery:
        """One for all releases with the same settings, so that they learn of an outage together."""
        if settings not in self._deliveries:
            self._deliveries[settings] = Delivery(settings, self._outbox, self._display.warn)
        return self._deliveries[settings]


def _is_locked(stack: ProjectStack) -> bool:
    """Whether another update has the stack; where that cannot be known, the engine says so."""
    try:
        return stack.is_locked
    except (CommandError, ReleaseError, OSError):
        return False


def _secrets(stack: ProjectStack, settings: Settings) -> frozenset[str]:
    """The texts that must not be seen: the keys, wherever they are from, and what is secret in the stack's config."""
    return stack.secrets | frozenset(settings.secrets)


def _rejected(attempt: Attempt) -> str | None:
    """Which of an attempt's events BigPanda rejected, and what it has therefore."""
    assert attempt.start is not None
    name = f"{attempt.start.component} {attempt.start.version}"
    if attempt.start_delivery is DeliveryStatus.REJECTED:
        return f"BigPanda rejected the start of {name}, so it has no record of this update"
    if attempt.is_rejected:
        return (
            f"BigPanda rejected the end of {name}, so it shows {name} in progress; send another end with "
            f"`bigpanda-release end --component {shlex.quote(attempt.start.component)}`"
        )
    return None


def mark(attempt: str) -> str:
    """What an update's message holds, so that its history tells how the attempt ended."""
    return f"[bigpanda {attempt}]"
