"""What `up`, `destroy`, `refresh` and `preview` do with what was asked for: plan, ask, run, tell."""

from __future__ import annotations

import os
import pathlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from ..dataclass import dataclass
from ..delivery.outbox import Outbox
from ..errors import BigPandaError, ReleaseError, SettingError, WrongUseError
from . import order
from .engine.process import Interrupts
from .engine.stack import Kind
from .file import releases as file
from .file.variables import Variables
from .release import Outcome, Planned, Release, Result, start_event
from .runner import Runner
from .shown.display import Display
from .shown.report import Report


@dataclass(frozen=True)
class Asked:
    """What the options of a command ask for.

    Attributes:
        release_file: a release.yaml; then everything else stands there.
        stack: the stack; the selected one, if None.
        folder: the project's folder; the current one, if None.
        component: BigPanda's component.
        version: its version.
        hosts: the hosts; those that are affected, if None.
        description: free text.
        owner: who is responsible.
        tags: what else to tell the operators.
        only: the components that are chosen of the file's; all, if None.
        variables: what `${NAME}` stands for in the file, before the environment.
    """

    release_file: pathlib.Path | None = None
    stack: str | None = None
    folder: pathlib.Path | None = None
    component: str | None = None
    version: str | None = None
    hosts: Sequence[str] | None = None
    description: str | None = None
    owner: str | None = None
    tags: Mapping[str, str] | None = None
    only: Sequence[str] | None = None
    variables: Mapping[str, str] | None = None

    def releases(self, kind: Kind, say: Callable[[str], None]) -> list[Release]:
        """The releases that this makes.

        Args:
            kind: what is to be done; what is recorded needs a component and a version.
            say: is told of what is not part of the run, though the file has it next to what is.

        Raises:
            WrongUseError: they make none.
        """
        if self.release_file is not None:
            return self._of_file(self.release_file, kind, say)
        for option, given in (("--var", self.variables), ("--only", self.only)):
            if given:
                raise WrongUseError(f"{option} is only for a release.yaml; name the file, or omit {option}")
        return [self._only_one(recorded=kind is not Kind.REFRESH)]

    def _of_file(self, release_file: pathlib.Path, kind: Kind, say: Callable[[str], None]) -> list[Release]:
        given = next((name for name, value in self._values().items() if value is not None), None)
        if given is not None:
            raise WrongUseError(
                f"{given} cannot be combined with {release_file}; set the value there, or omit the file"
            )
        loaded = file.load(release_file, Variables(self.variables or {}, os.environ), self.only or ())
        for note in loaded.notes(kind):
            say(note)
        return loaded.releases

    def _values(self) -> dict[str, Any]:
        """What stands in the file, where there is one, by option."""
        return {
            "--stack": self.stack,
            "--cwd": self.folder,
            "--component": self.component,
            "--version": self.version,
            "--host": self.hosts or None,
            "--description": self.description,
            "--owner": self.owner,
            "--tag": self.tags,
        }

    def _only_one(self, *, recorded: bool) -> Release:
        """The release without a file."""
        missing = [name for name in ("--component", "--version") if self._values()[name] is None]
        if recorded and missing:
            raise WrongUseError(f"{' and '.join(missing)} missing; pass a component and a version, or a release.yaml")
        release = Release(
            folder=self.folder or pathlib.Path(),
            stack=self.stack,
            component=self.component,
            version=self.version,
            hosts=tuple(self.hosts) if self.hosts else None,
            description=self.description,
            owner=self.owner,
            tags=self.tags,
        )
        if recorded:  # before anything is begun
            start_event(component=self.component, version=self.version, hosts=release.hosts or ("any",), tags=self.tags)
        return release


@dataclass(frozen=True)
class Releasing:
    """Runs releases and reports how they go.

    Attributes:
        display: where warnings are shown, what is under way, and the question.
        report: is told what happens.
        outbox: the record of events.
        explicit: settings that were given explicitly, by config key.
        interrupts: what cancels; the engine of a plan is the one that runs it, so there is one for both.
    """

    display: Display
    report: Report
    outbox: Outbox
    explicit: Mapping[str, Any]
    interrupts: Interrupts = field(default_factory=Interrupts)

    def plan(self, releases: Sequence[Release], kind: Kind) -> dict[str, Planned | ReleaseError]:
        """Preview the releases in their order; the plans by label.

        A release that comes after another may need what that one makes. If its preview fails, that is in the place of
        its plan.

        Raises:
            BigPandaError: one that comes after no other cannot be planned, or one is used wrongly.
        """
        found: dict[str, Planned | ReleaseError] = {}
        with self.interrupts, self.display.live():
            runner = self._runner()
            for release in order.in_order(releases):
                try:
                    found[release.label] = runner.plan(release, kind)
                except (ReleaseError, SettingError) as error:
                    if release.after and type(error) is ReleaseError:
                        found[release.label] = error
                    elif release.label:
                        raise type(error)(f"{release.place}: {release.label}: {error}") from None
                    else:
                        raise
        return found

    def show(self, releases: Sequence[Release], planned: Mapping[str, Planned | ReleaseError]) -> None:
        """Report the plans."""
        for release in order.in_order(releases):
            plan = planned[release.label]
            if isinstance(plan, Planned):
                self.report.plan(plan)
            else:
                self.report.unplanned(release, str(plan))

    def carry_out(self, releases: Sequence[Release], kind: Kind, *, yes: bool, parallel: int) -> dict[str, Result]:
        """Preview and ask, unless that is not wanted; then run.

        Args:
            releases: the releases.
            kind: what is done to their stacks.
            yes: whether to go on unasked.
            parallel: how many run at once, at most.

        Returns:
            The results by label; none where the user does not want to go on.

        Raises:
            BigPandaError: the only release cannot be planned; of several, such a one has failed.
        """
        planned: dict[str, Planned | ReleaseError] = {}
        if not yes:
            planned = self.plan(releases, kind)
            self.show(releases, planned)
            if not self.display.ask(f"{kind.value} now?"):
                self.display.line("nothing was done", always=True)
                return {}
        began = time.monotonic()
        with self.interrupts, self.display.live():
            runner = self._runner()

            def run(release: Release) -> Result:
                plan = planned.get(release.label) if len(releases) == 1 else None
                # Of several, what comes before one may change what it does: it is planned anew.
                return self._run(runner, release, kind, plan if isinstance(plan, Planned) else None)

            results = order.run_all(releases, run, parallel, self.interrupts, self.report.result)
        if any(release.label for release in releases):
            self.report.summary(order.in_order(releases), results, time.monotonic() - began)
        return results

    def _run(self, runner: Runner, release: Release, kind: Kind, planned: Planned | None) -> Result:
        try:
            if planned is None:
                planned = runner.plan(release, kind)
                self.report.begins(planned)
            return runner.run(planned)
        except KeyboardInterrupt:
            return Result(Outcome.CANCELLED, "it was not started")
        except BigPandaError as error:
            if not release.label:
                raise
            place = f"{release.place}: " if isinstance(error, WrongUseError) else ""
            return Result(Outcome.FAILED, f"{place}{error}", error=error if planned is None else None)

    def _runner(self) -> Runner:
        return Runner(self.interrupts, self.display, self.report, os.environ, self.explicit, self.outbox)


def refuse_to_ask(display: Display, *, as_json: bool) -> None:
    """Refuse to go on where nobody is there to be asked.

    Raises:
        WrongUseError: this is no terminal, or standard output is for a script.
    """
    if as_json:
        raise WrongUseError("--json asks no question; pass --yes to confirm, or run `preview --json` first")
    if not (sys.stdin.isatty() and display.console.is_terminal):
        raise WrongUseError("not a terminal; pass --yes to confirm, or run `preview` first")
