"""One stack of one project, as the Automation API gives it: its settings, its plan, its updates, its history."""

from __future__ import annotations

import contextlib
import enum
import json
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import yaml
from pulumi import automation
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError
from pulumi.automation.events import EngineEvent

from ...bigpanda.certificate import PROJECT_FILES
from ...bigpanda.text import clean
from ...errors import ReleaseError, WrongUseError
from ...program import reason
from ..recorded.records import short_stack
from . import files, lock
from .options import EngineOptions
from .process import Engine

OnEvent = Callable[[EngineEvent], None]


class Kind(str, enum.Enum):
    """What is done to a whole stack."""

    UP = "up"
    DESTROY = "destroy"
    REFRESH = "refresh"


class ProjectStack:
    """A stack.

    Args:
        folder: its project's folder.
        name: its name, as `pulumi` takes it; the one that is selected there, if None.
        config: config for this run alone, keys with or without their namespace, values as a stack's file has them.
        engine: the engine.
        env: environment variables for the engine, beside this process's own.
        options: options for the engine, as they would follow `--`.

    Attributes:
        options: these, as they were read.

    Raises:
        WrongUseError: there is no such project or stack, or the options are none.
        ReleaseError: the engine cannot tell.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        name: str | None,
        engine: Engine,
        config: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.options = EngineOptions.of(options)
        self.folder = folder.resolve()
        self.engine = engine
        if not any((self.folder / file).is_file() for file in PROJECT_FILES):
            raise WrongUseError(f"there is no Pulumi.yaml in {folder}; name the project's folder with -C")
        try:
            self._workspace = automation.LocalWorkspace(
                work_dir=str(self.folder), pulumi_command=engine, env_vars=dict(env or {})
            )
            self.project = self._workspace.project_settings().name
            self._config, self._given = self._qualified(config or {}), self._qualified(self.options.config)
            selected = name or getattr(self._workspace.stack(), "name", None)
            if selected is None:
                raise WrongUseError(f"no stack is selected in {folder}; name one with -s, or run `pulumi stack select`")
            self._stack = automation.Stack.select(selected, self._workspace)
            self.name = selected.rpartition("/")[2]
            self.full_name = self._full_name(selected)
        except StackNotFoundError:
            raise WrongUseError(
                f'there is no stack "{name}" in {folder}; create it with `pulumi stack init {name}`'
            ) from None
        except CommandError as error:
            raise ReleaseError(f"{folder}: {_said(error)}") from None
        except yaml.YAMLError:
            raise WrongUseError(f"the Pulumi.yaml in {folder} is not valid YAML; `pulumi about` shows where") from None

    def _qualified(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Config with the project's namespace where a key has none."""
        return {(key if ":" in key else f"{self.project}:{key}"): value for key, value in config.items()}

    def _full_name(self, name: str) -> str:
        """With organization and project, as programs know it."""
        *organization, stack = name.split("/")
        if len(organization) == 2:
            return name
        if organization:
            return f"{organization[0]}/{self.project}/{stack}"
        if not (self._who.url or "").startswith("http"):
            return f"organization/{self.project}/{stack}"
        return f"{self._workspace.org_get_default() or self._who.user}/{self.project}/{stack}"

    @cached_property
    def _who(self) -> automation.WhoAmIResult:
        return self._workspace.who_am_i()

    @property
    def is_locked(self) -> bool:
        """Whether another update of the stack runs, or has left its lock; known of a backend that is a folder alone.

        Raises:
            CommandError: the engine cannot tell which backend it is.
        """
        return lock.is_held(self._who.url or "", self.full_name)

    @cached_property
    def _all_config(self) -> dict[str, Any]:
        with self._config_file() as file:
            given = ["--config-file", file] if file else []
            told = self._aside("config", "--show-secrets", "--json", *given)
        found: dict[str, Any] = json.loads(told)
        return found

    @property
    def config(self) -> dict[str, Any]:
        """The stack's config, secrets too, with what options for the engine set in it."""
        return {key: entry.get("value") for key, entry in self._all_config.items()} | self._given

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The texts in it that must not be seen."""
        return reason.secrets_in(self.config, self.is_secret)

    def is_secret(self, key: str) -> bool:
        """Whether a key of the config was set with `--secret`."""
        return bool(self._all_config.get(key, {}).get("secret"))

    @property
    def shown_name(self) -> str:
        """The full name without what a backend of one's own puts in the place of an organization."""
        return short_stack(self.full_name)

    def preview(self, kind: Kind, on_event: OnEvent) -> str:
        """Have the engine announce what it would do; returns what it prints.

        Raises:
            CommandError: it cannot.
            WrongUseError: it, or the update that is to follow, does not take the options.
        """
        self._check_options(kind)
        self.engine.options = self.options.preview(kind.value)
        runs: dict[Kind, Callable[..., Any]] = {
            Kind.UP: self._stack.preview,
            Kind.DESTROY: self._stack.preview_destroy,
            Kind.REFRESH: self._stack.preview_refresh,
        }
        with self._config_file() as file:
            return str(runs[kind](on_event=on_event, config_file=file, color="never").stdout)

    def run(self, kind: Kind, message: str, on_event: OnEvent) -> str:
        """Do it; returns what the engine prints.

        Args:
            kind: what.
            message: what the stack's history says of it.
            on_event: is told of each event.

        Raises:
            CommandError: it failed, or was cancelled.
        """
        runs: dict[Kind, Callable[..., Any]] = {
            Kind.UP: self._stack.up,
            Kind.DESTROY: self._stack.destroy,
            Kind.REFRESH: self._stack.refresh,
        }
        self.engine.code = None
        self.engine.options = self.options.update(kind.value)
        try:
            with self._config_file() as file:
                runs[kind](message=message, on_event=on_event, config_file=file, color="never", show_secrets=False)
        except (CommandError, ReleaseError):
            if self.engine.code != 0:  # else it is done, and only what the API asks afterwards went wrong
                raise
        return self.engine.printed

    def _check_options(self, kind: Kind) -> None:
        """Have the engine read the options, of the preview and of the update, before either begins."""
        if not self.options.options:
            return
        self.engine.options = ()
        update, preview = kind.value, "preview" if kind is Kind.UP else kind.value
        commands = {update: self.options.update(update)} | {preview: self.options.preview(update)}
        for command, options in commands.items():
            try:
                self.engine.run([command, *options, "--help"], str(self.folder), {})
            except CommandError as error:
                raise WrongUseError(f"`pulumi {command}`: {_said(error)}; see `pulumi {command} --help`") from None
        files.check(self.options, self.folder)

    def _aside(self, *command: str) -> str:
        """What a command prints that changes nothing."""
        try:
            env = self._workspace.env_vars
            return self.engine.run([*command, "--stack", self._stack.name], str(self.folder), env).stdout
        except CommandError as error:
            raise ReleaseError(f"{self.folder}: {_said(error)}") from None

    @contextlib.contextmanager
    def _config_file(self) -> Iterator[str | None]:
        """The stack's config with what is given for this run, in a file of its own: the user's stays as it is."""
        if not self._config:
            yield None
            return
        with tempfile.TemporaryDirectory(prefix="bigpanda-release-") as folder:
            settings = self._stack_settings()
            settings["config"] = {**(settings.get("config") or {}), **self._config}
            file = pathlib.Path(folder, f"Pulumi.{self.name}.yaml")
            file.write_text(yaml.safe_dump(settings), encoding="utf-8")
            yield str(file)

    def _stack_settings(self) -> dict[str, Any]:
        """What the stack's own file holds."""
        project = next(file for name in PROJECT_FILES if (file := self.folder / name).is_file())
        where = (yaml.safe_load(project.read_text(encoding="utf-8")) or {}).get("stackConfigDir") or "."
        for ending in ("yaml", "yml", "json"):
            file = self.folder / where / f"Pulumi.{self.name}.{ending}"
            if file.is_file():
                return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        return {}


LOCKED = "another update of this stack is running; wait for it, or end it with `pulumi cancel`"


def why(error: CommandError, secrets: frozenset[str]) -> str:
    """What the engine says of a run that came to nothing, in one line."""
    if isinstance(error, ConcurrentUpdateError):
        return LOCKED
    return reason.line(_said(error), secrets)


def _said(error: CommandError) -> str:
    """The last error in what a command printed."""
    told = (line.strip().removeprefix("stderr: ") for line in clean(str(error)).splitlines())
    lines = [line for line in told if line]
    errors = [line for line in lines if line.startswith("error: ")]
    return (errors or lines)[-1].removeprefix("error: ") if lines else "pulumi failed and printed no error"
