"""Options that go together: a command that takes such a group has all of its options, and gets them as one object."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Sequence
from typing import Any

from ...dataclass import dataclass
from ...errors import WrongUseError
from ..engine.options import EngineOptions, by_name
from ..recorded.choice import NEWEST, Choice, moment
from ..recorded.records import State
from .call import Color
from .options import (
    AppKeyFile,
    Component,
    Debug,
    DeliveryMode,
    Description,
    Diff,
    Every,
    File,
    Folder,
    Hosts,
    Json,
    Limit,
    Mine,
    OfComponent,
    OfHost,
    OfStack,
    OfState,
    Only,
    Owner,
    Parallel,
    ParallelOperations,
    Quiet,
    Since,
    Stack,
    Tags,
    Targets,
    TokenFile,
    UsedApi,
    Utc,
    Variables,
    Version,
    Watch,
    When,
    Yes,
)


@dataclass(frozen=True)
class What:
    """What to release."""

    release_file: File = None
    stack: Stack = None
    folder: Folder = None
    only: Only = None
    var: Variables = None

    @property
    def variables(self) -> dict[str, str] | None:
        """The variables for the file.

        Raises:
            WrongUseError: as `pairs`.
        """
        return pairs("--var", self.var)


@dataclass(frozen=True)
class Tell:
    """What to tell BigPanda."""

    component: Component = None
    version: Version = None
    host: Hosts = None
    description: Description = None
    owner: Owner = None
    tag: Tags = None

    @property
    def tags(self) -> dict[str, str] | None:
        """The tags; whether an event can hold them is for the event to say.

        Raises:
            WrongUseError: as `pairs`.
        """
        return pairs("--tag", self.tag)


@dataclass(frozen=True)
class Run:
    """How several releases run, and whether somebody is asked before."""

    yes: Yes = False
    parallel: Parallel = 1


@dataclass(frozen=True)
class ForEngine:
    """How Pulumi runs."""

    target: Targets = None
    diff: Diff = False
    parallel_operations: ParallelOperations = None

    def tokens(self, command: str, more: Sequence[str], *, refresh: bool = False) -> tuple[str, ...]:
        """The options for the engine.

        Args:
            command: the runner's.
            more: what follows `--`.
            refresh: whether state is refreshed first.

        Raises:
            WrongUseError: what follows `--` is not for the engine.
        """
        EngineOptions.of(more).check(command)
        named = by_name(self.target, refresh=refresh, diff=self.diff, parallel=self.parallel_operations)
        return (*named, *more)


@dataclass(frozen=True)
class Access:
    """How BigPanda is reached."""

    token_file: TokenFile = None
    app_key_file: AppKeyFile = None
    api: UsedApi = None

    @property
    def explicit(self) -> dict[str, Any]:
        """The settings that these give, by config key.

        Raises:
            WrongUseError: a file cannot be read, or is empty.
        """
        found: dict[str, Any] = {} if self.api is None else {"api": self.api.value}
        if self.token_file is not None:
            found["apiToken"] = _read("token", "--token-file", self.token_file)
        if self.app_key_file is not None:
            found["appKey"] = _read("app key", "--app-key-file", self.app_key_file)
        return found


@dataclass(frozen=True)
class Deliver(Access):
    """How events are delivered."""

    delivery: DeliveryMode = None

    @property
    def explicit(self) -> dict[str, Any]:
        """The settings that these give, by config key."""
        return {**super().explicit, **({} if self.delivery is None else {"delivery": self.delivery.value})}


@dataclass(frozen=True)
class Which:
    """Which deployments are shown."""

    stack: OfStack = None
    component: OfComponent = None
    host: OfHost = None
    state: OfState = None
    since: Since = None
    mine: Mine = False

    @property
    def choice(self) -> Choice:
        """What these ask for.

        Raises:
            WrongUseError: one of them has a value that cannot be used.
        """
        states = {one.value.replace(" ", "-"): one for one in State}
        if self.state is not None and self.state not in states:
            raise WrongUseError(f"--state {self.state} is not a state; write one of: {', '.join(states)}")
        after = None if self.since is None else moment(self.since, dt.datetime.now(dt.timezone.utc))
        state = None if self.state is None else states[self.state]
        return Choice(self.stack, self.component, self.host, state, after, self.mine)


@dataclass(frozen=True)
class AsTable:
    """How a table of deployments is shown."""

    limit: Limit = None
    every: Every = False
    utc: Utc = False
    watch: Watch = False

    def most(self, *, is_terminal: bool) -> int | None:
        """How many rows are shown; None for all.

        Raises:
            WrongUseError: all are asked for, and only some.
        """
        if self.every and self.limit is not None:
            raise WrongUseError("--all cannot be combined with --limit; omit one of them")
        return NEWEST if is_terminal and self.limit is None and not self.every else self.limit


@dataclass(frozen=True)
class Output:
    """What is shown, and how. Every command has these options."""

    as_json: Json = False
    quiet: Quiet = False
    color: When = Color.AUTO
    debug: Debug = False


def pairs(option: str, given: Sequence[str] | None) -> dict[str, str] | None:
    """The values by name that an option gives, which is repeated; None where it is not given.

    Raises:
        WrongUseError: one has no "=", or two have one name. The sentence does not repeat the value.
    """
    found: dict[str, str] = {}
    for number, text in enumerate(given or (), start=1):
        name, equals, value = text.partition("=")
        if not equals:
            raise WrongUseError(f'{option} number {number} has no "="; write it as {option} NAME=VALUE')
        if name in found:
            raise WrongUseError(f"{option} sets {name} twice; set each name once")
        found[name] = value
    return found or None


def _read(what: str, option: str, file: pathlib.Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise WrongUseError(f"the {what} file {file} cannot be read: {why}") from None
    if not text:
        raise WrongUseError(f"{option}: {file} is empty; write the {what} into it, or omit the option")
    return text
