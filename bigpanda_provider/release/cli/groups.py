"""Options that go together: a command that takes such a group has all of its options, and gets them as one object."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import WrongUseError
from ..engine_options import EngineOptions, by_name
from .call import Color
from .options import (
    AppKeyFile,
    Component,
    Debug,
    DeliveryMode,
    Description,
    Diff,
    File,
    Folder,
    Hosts,
    Json,
    Only,
    Owner,
    Parallel,
    ParallelOperations,
    Quiet,
    Stack,
    Tags,
    Targets,
    TokenFile,
    UsedApi,
    Variables,
    Version,
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
            WrongUseError: a file cannot be read.
        """
        found: dict[str, Any] = {} if self.api is None else {"api": self.api.value}
        if self.token_file is not None:
            found["apiToken"] = _read("token", self.token_file)
        if self.app_key_file is not None:
            found["appKey"] = _read("app key", self.app_key_file)
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


def _read(what: str, file: pathlib.Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise WrongUseError(f"the {what} file {file} cannot be read: {why}") from None
