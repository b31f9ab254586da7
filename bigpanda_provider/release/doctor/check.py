"""One line of the doctor: what was looked at, what was found, how to fix it."""

from __future__ import annotations

import os
import pathlib
import shlex
import textwrap
from typing import Any

from ...dataclass import dataclass

NAME_WIDTH = 11
MARGIN = 4 + NAME_WIDTH + 1


@dataclass(frozen=True)
class Check:
    """One line.

    Attributes:
        name: what was looked at.
        found: what was found.
        fix: what to do; None where nothing is wrong.
        left_out: whether it was not checked, or is not needed.
    """

    name: str
    found: str
    fix: str | None = None
    left_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.fix is None

    def as_object(self) -> dict[str, Any]:
        """The line as an object for scripts."""
        return {"name": self.name, "found": self.found, "ok": self.ok, "fix": self.fix}

    def lines(self, width: int) -> str:
        """The line as it is shown, folded between words, the rest below what was found."""
        sign = "!!" if not self.ok else "--" if self.left_out else "ok"
        shown = [_folded(self.found, f"{sign}  {self.name:<{NAME_WIDTH}} ", width)]
        if self.fix is not None:
            shown.append(_folded(self.fix, " " * MARGIN + "-> ", width))
        return "\n".join(shown)


def _folded(text: str, first: str, width: int) -> str:
    return textwrap.fill(
        text,
        max(width, MARGIN + 20),
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
    )


def in_folder(folder: pathlib.Path, command: str) -> str:
    """A command that has to run in a folder, as it is typed in the current one."""
    here = folder.resolve() == pathlib.Path.cwd().resolve()
    return command if here else f"cd {shlex.quote(os.fspath(folder))} && {command}"
