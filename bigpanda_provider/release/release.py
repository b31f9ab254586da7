"""A release: what is asked for, what the engine has planned of it, how it went."""

from __future__ import annotations

import enum
import pathlib
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ..bigpanda.events import StartEvent, read
from ..dataclass import dataclass
from ..errors import BigPandaError, InvalidEventError, WrongUseError
from ..settings import Settings
from .engine.plan import Plan
from .engine.stack import Kind, ProjectStack


class Outcome(str, enum.Enum):
    """How a release went."""

    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDELIVERED = "undelivered"
    SKIPPED = "skipped"

    @property
    def good(self) -> bool:
        """Whether what depends on it can go on."""
        return self in (Outcome.SUCCEEDED, Outcome.UNCHANGED)


@dataclass(frozen=True)
class Result:
    """How a release went.

    Attributes:
        outcome: how.
        reason: why it did not go well.
        done: how many resources were changed, by what was done to them; of a cancelled update also how many operations
            did not complete.
        rejected: which event BigPanda rejected, and what it has therefore; None where it rejected none.
        outputs: the stack's outputs, secrets hidden; None where they did not change.
        printed_outputs: how the engine prints them; empty for a refresh that changes none.
        seconds: how long it took; None where it was not started.
        error: why it could not be planned; None where it could.
    """

    outcome: Outcome
    reason: str | None = None
    done: Mapping[str, int] = field(default_factory=dict)
    rejected: str | None = None
    outputs: Mapping[str, Any] | None = None
    printed_outputs: tuple[str, ...] = ()
    seconds: float | None = None
    error: BigPandaError | None = None


@dataclass(frozen=True)
class Release:
    """What is to be released where.

    Attributes:
        folder: the project's folder.
        stack: the stack; the selected one, if None.
        component: BigPanda's component; None where nothing is to be recorded.
        version: its version.
        hosts: the hosts; those that the plan affects, if None.
        description: free text.
        owner: who is responsible.
        tags: what else to tell the operators.
        config: config for this run, as a stack's file has it.
        engine: options for the engine, as they would follow `--`.
        after: the labels of the releases that come before it.
        label: what it is called in a release.yaml; empty without one.
        place: where its stack stands in that file: `release.yaml:7`.
    """

    folder: pathlib.Path
    stack: str | None = None
    component: str | None = None
    version: str | None = None
    hosts: tuple[str, ...] | None = None
    description: str | None = None
    owner: str | None = None
    tags: Mapping[str, str] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    engine: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    label: str = ""
    place: str = ""


@dataclass(frozen=True)
class Planned:
    """A release that the engine has previewed.

    Attributes:
        release: what was asked for.
        kind: what is done to the stack.
        stack: its stack.
        plan: what changes.
        start: the start event; None where nothing is sent.
        settings: where it is sent, and how.
        unrecorded: why nothing is sent; None where something is.
        printed: the plan as the engine prints it.
    """

    release: Release
    kind: Kind
    stack: ProjectStack
    plan: Plan
    start: StartEvent | None
    settings: Settings
    unrecorded: str | None = None
    printed: tuple[str, ...] = ()


def start_event(**values: Any) -> StartEvent:
    """A start event of the runner.

    Raises:
        WrongUseError: the values make none.
    """
    try:
        return read(StartEvent, {"source": "pulumi", **{name: v for name, v in values.items() if v is not None}})
    except InvalidEventError as error:
        raise WrongUseError(str(error)) from None
