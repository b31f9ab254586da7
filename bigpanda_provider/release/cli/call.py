"""One call of the command line: where it prints, and the outbox and the settings that it uses."""

from __future__ import annotations

import enum
import json
import os
import pathlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from rich.console import Console

from ...bigpanda import certificate
from ...dataclass import dataclass
from ...delivery.delivery import Delivery
from ...delivery.outbox import Outbox
from ...delivery.warn import OUTAGE, OUTBOX
from ...errors import OutboxError, SettingError
from ...settings import Mode, Settings
from ..engine.stack import ProjectStack
from ..recorded import leftover
from ..recorded.records import readable
from ..shown.display import Display
from ..shown.paused import Paused

WIDE = 1000
"""The width of a file or a pipe: nothing is folded there."""


class Color(str, enum.Enum):
    """When colors are used."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class Call:
    """One call of the command line.

    Attributes:
        as_json: whether standard output is for a script: JSON, and nothing else.
        quiet: whether only warnings, errors and what was asked for are shown.
        color: when colors are used.
        engine: what follows `--`.
    """

    as_json: bool = False
    quiet: bool = False
    color: Color = Color.AUTO
    engine: tuple[str, ...] = ()

    @cached_property
    def console(self) -> Console:
        """Where tables go."""
        return self._console(stderr=False)

    @cached_property
    def display(self) -> Display:
        """Where lines and warnings go; beside JSON there are warnings alone."""
        errors = self._console(stderr=True)
        return Display(errors if self.as_json else self.console, errors, quiet=self.quiet or self.as_json)

    def warn_but_of_outages(self, sentence: str, *, about: str | None = None) -> None:
        """Show a warning, unless it is of an outage: the command itself says what became of its events, and why."""
        if about != OUTAGE:
            self.display.warn(sentence, about=about)

    def print_json(self, value: Any) -> None:
        """Print the result for a script."""
        print(json.dumps(value, indent=2, ensure_ascii=False))

    @cached_property
    def outbox(self) -> Outbox:
        """The record of events; `close` closes it."""
        return Outbox.of(os.environ, self.display.warn)

    def open_outbox(self, *, will_write: bool = False) -> Outbox:
        """The outbox, for a command that can do nothing without it: that is one error, and no warning before it.

        Args:
            will_write: whether the command cannot do without writing it, either.

        Raises:
            OutboxError: it cannot be read, or written.
        """
        is_open = False

        def warn(sentence: str, *, about: str | None = None) -> None:
            if is_open or about != OUTBOX:
                self.display.warn(sentence, about=about)

        outbox = self.__dict__["outbox"] = Outbox.of(os.environ, warn, is_patient=True)
        outbox.unended()
        if will_write:
            outbox.check_writable()
        readable(outbox, [])
        is_open = True
        return outbox

    def close(self) -> None:
        """Close what was used."""
        if "outbox" in self.__dict__:
            self.outbox.close()

    def settings(self, given: Mapping[str, Any], opened: ProjectStack | None = None) -> Settings:
        """The settings of a stack; those that are known without one, if None."""
        folder = certificate.project_folder(pathlib.Path.cwd()) if opened is None else opened.folder
        settings = Settings.resolve({} if opened is None else opened.config, os.environ, given, folder)
        certificate.check(settings)
        return settings

    def end_orphans(self, given: Mapping[str, Any]) -> None:
        """End what killed runs left open; send that as far as token, app key and address are known without a stack."""
        try:
            ended = leftover.end_orphans(self.outbox)
            settings = self.settings(given)
        except OutboxError as error:
            self.display.warn(str(error), about=OUTBOX)
            return
        except SettingError:
            return  # the command itself tells of it, where it needs the settings
        here = [row for row in ended if row.place.address == settings.base_url.value]
        rows = [row for row in here if settings.missing(row.attempt.api) is None]
        if rows and settings.delivery.value is not Mode.OFF:
            Delivery(settings, self.outbox, self.display.warn).backlog.flush(rows, Paused(self.display))

    def _console(self, *, stderr: bool) -> Console:
        more: dict[str, Any] = {}
        if self.color is not Color.AUTO:
            more = {"color_system": "standard" if self.color is Color.ALWAYS else None, "no_color": False}
        return console(stderr=stderr, **more)


def console(*, stderr: bool, **more: Any) -> Console:
    """Standard output or standard error: a terminal folds lines at words, a file or a pipe folds none."""
    found = Console(stderr=stderr, highlight=False, **more)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, width=WIDE, **more)
