"""What the user is shown while releases run: lines, on a terminal with what is under way below them."""

from __future__ import annotations

import contextlib
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import field

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.text import Text

from ...dataclass import dataclass
from . import table
from .table import Column

REFRESHES_A_SECOND = 8
HANGING = 4
"""By how many spaces what goes on of a line is indented."""


@dataclass
class Running:
    """A release that runs.

    Attributes:
        label: what it is called; empty where it is the only one.
        what: what it is doing.
        since: since when, as `time.monotonic()` tells it.
        under_way: what is being done to each resource, and since when.
        spinner: turns as long as it runs; one that is made anew would never turn.
    """

    label: str
    what: str
    since: float = field(default_factory=time.monotonic)
    under_way: dict[str, tuple[str, float]] = field(default_factory=dict)
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))


class Display:
    """Shows lines and, on a terminal, below them what is under way, with a spinner and elapsed times.

    Args:
        console: where lines go.
        errors: where warnings go, unless the terminal shows what is under way.
        quiet: whether only warnings, and lines that are always shown, are.
    """

    def __init__(self, console: Console, errors: Console, *, quiet: bool = False) -> None:
        self.console, self._errors, self.quiet = console, errors, quiet
        # Held for a look at what follows alone, never while something is shown: `Live` has a lock of its own, and
        # holds that when it asks what is under way.
        self._lock = threading.Lock()
        self._running: list[Running] = []
        self._warned: set[str] = set()

    @property
    def is_live(self) -> bool:
        """Whether what is under way can be kept in sight."""
        return self.console.is_terminal and not self.console.is_dumb_terminal

    @property
    def operations(self) -> int:
        """How many operations on resources are under way."""
        with self._lock:
            return sum(len(one.under_way) for one in self._running)

    def line(self, text: str, *, label: str = "", style: str = "", always: bool = False) -> None:
        """Show a line of plain text; where less is to be shown, only if it is always to be."""
        if always or not self.quiet:
            self._print(self.console, text, label, style)

    def table(self, columns: Sequence[Column]) -> None:
        """Show a table, which fits into the terminal."""
        if not self.quiet:
            for line in table.lines(columns, self.console.width if self.console.is_terminal else None):
                self.console.print(line, soft_wrap=True)

    def _print(self, console: Console, text: str, label: str, style: str) -> None:
        prefix = f"[{label}] " if label else ""
        for part in text.splitlines() or [""]:
            for line in _folded(part, console.width - len(prefix)) if console.is_terminal else [part]:
                console.print(Text(prefix + line, style=style), soft_wrap=True)

    def warn(self, sentence: str, *, about: str | None = None) -> None:
        """Show a warning, once for each thing that it is about."""
        with self._lock:
            if (about or sentence) in self._warned:
                return
            self._warned.add(about or sentence)
        self._print(self.console if self.is_live else self._errors, f"warning: {sentence}", "", "yellow")

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Keep what is under way in sight, where this is a terminal."""
        if not self.is_live or self.quiet:
            yield
            return
        with Live(
            get_renderable=self._under_way,
            console=self.console,
            refresh_per_second=REFRESHES_A_SECOND,
            transient=True,
        ):
            yield

    @contextlib.contextmanager
    def running(self, label: str, what: str) -> Iterator[Running]:
        """One release is at something; it is shown as under way until the end of the `with`."""
        entry = Running(label, what)
        with self._lock:
            self._running.append(entry)
        try:
            yield entry
        finally:
            with self._lock:
                self._running.remove(entry)

    def ask(self, question: str) -> bool:
        """Ask whether to go on.

        Raises:
            EOFError: nobody is there any more.
        """
        while True:
            answer = self.console.input(Text(f"{question} [y/N]: ")).strip().lower()
            if answer in ("", "n", "no", "y", "yes"):
                return answer.startswith("y")
            self.line("answer y or n", always=True)

    def _under_way(self) -> RenderableType:
        now = time.monotonic()
        with self._lock:
            running = list(self._running)
        rows: list[RenderableType] = []
        for one in running:
            name = f"{one.label}: " if one.label else ""
            one.spinner.update(text=escape(f"{name}{one.what} ({now - one.since:.0f} s)"))
            rows.append(one.spinner)
            for what, since in list(one.under_way.values()):
                rows.append(Text(f"    {what} ({now - since:.0f} s)"))
        return Group(*rows)


def _folded(line: str, width: int) -> list[str]:
    """A line in the width of a terminal, folded at words; what goes on of it is indented further."""
    if cell_len(line) <= width or cell_len(line) > len(line):  # the terminal itself folds what is wider than its length
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + HANGING)
    width = max(width, len(indent) + 1)
    return textwrap.wrap(line, width, subsequent_indent=indent, replace_whitespace=False, break_on_hyphens=False)
